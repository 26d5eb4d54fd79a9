"""Any text is encoded in time that grows with its length and no faster, and none crashes."""

import subprocess
import sys
import time
import tracemalloc

import pytest

from harmonium.errors import InvalidInputError
from harmonium.tokens import SPECIAL_TOKENS, EncodingSpec, TokenTable
from harmonium.tokens.bundle import load_bundled
from harmonium.tokens.tokenizer import Tokenizer
from tokens.texts import RUNS, drawn, filled

MILLION = 1_000_000
LARGE = 250_000
MOST = 2.6
FAMILIES = {
    **{name: lambda size, run=run: filled(run, size) for name, run in RUNS.items()},
    "random letters": lambda size: drawn(1, "abcdefghijklmnopqrstuvwxyz", size),
    "random capitals": lambda size: drawn(2, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", size),
    "random ideographs": lambda size: drawn(3, [chr(0x4E00 + n) for n in range(9_000)], size),
    "random signs": lambda size: drawn(4, "!?#$%&*+=~^|<>[]{}()/\n", size),
    "random blanks": lambda size: drawn(5, " \t\n\u3000\u00a0", size),
    "markers": lambda size: filled("<|end|>", size),
    "nearly markers": lambda size: filled("<|reserved_20000", size),
    "openings of markers": lambda size: filled("<|", size),
}


@pytest.mark.parametrize("name", RUNS)
def test_a_million_characters_are_encoded_and_come_back(name, tokenizer):
    text = filled(RUNS[name], MILLION)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def _seconds(work):
    """The least processor time of three runs."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


@pytest.mark.parametrize("name", FAMILIES)
def test_twice_the_text_takes_about_twice_the_time(name, tokenizer):
    small, large = FAMILIES[name](LARGE), FAMILIES[name](2 * LARGE)
    tokenizer.encode(small, disallowed_special=())
    ratio = _seconds(lambda: tokenizer.encode(large, disallowed_special=())) / _seconds(
        lambda: tokenizer.encode(small, disallowed_special=())
    )
    assert ratio < MOST


@pytest.mark.parametrize("name", ["markers", "nearly markers", "openings of markers"])
def test_twice_the_markers_take_about_twice_the_time_when_allowed(name, tokenizer):
    small, large = FAMILIES[name](LARGE), FAMILIES[name](2 * LARGE)
    tokenizer.encode(small, allowed_special="all")
    ratio = _seconds(lambda: tokenizer.encode(large, allowed_special="all")) / _seconds(
        lambda: tokenizer.encode(small, allowed_special="all")
    )
    assert ratio < MOST


def test_decoding_twice_the_ids_takes_about_twice_the_time(tokenizer):
    ids = [*range(201_089)] * 5
    tokenizer.decode(ids)
    ratio = _seconds(lambda: tokenizer.decode(ids * 2)) / _seconds(lambda: tokenizer.decode(ids))
    assert ratio < MOST


def test_a_panic_of_the_encoder_is_an_error_of_ours(byte_ranks, capfd):
    """A user's own pattern can be one that the encoder does not bear."""
    spec = EncodingSpec("x", byte_ranks, r"(?:\s+(?!\S))|\S+|\s")
    tokenizer = Tokenizer(
        "x", pattern=spec.pattern, special_tokens={}, load_vocabulary=spec.load_vocabulary
    )
    with pytest.raises(InvalidInputError) as caught:
        tokenizer.encode(" " * 1_000_001)
    assert caught.value.code == "unencodable_text"
    assert "panicked" in capfd.readouterr().err


START = """
import sys, time
from harmonium.tokens import load_tokenizer
start = time.process_time()
assert load_tokenizer("o200k_harmony").table[200006] == b"<|start|>"
taken = time.process_time() - start
assert "tiktoken" not in sys.modules
print(taken)
"""


def test_the_table_is_there_in_a_moment_and_without_the_encoder():
    done = subprocess.run(  # noqa: S603  (our own code)
        [sys.executable, "-c", START], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 0.2


def test_the_table_takes_little_memory():
    tracemalloc.start()
    try:
        table = TokenTable(load_bundled("o200k_base"), SPECIAL_TOKENS)
        assert table[199_997] == b" cocos"
        assert tracemalloc.get_traced_memory()[0] < 4_000_000
    finally:
        tracemalloc.stop()
