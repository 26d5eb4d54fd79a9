"""Any text is encoded in time that grows with its length and no faster, and none crashes."""

import subprocess
import sys
import tracemalloc
from functools import partial

import pytest

from harmonium.errors import InvalidInputError
from harmonium.tokens import SPECIAL_TOKENS, EncodingSpec, TokenTable
from harmonium.tokens.bundle import load_bundled
from harmonium.tokens.tokenizer import Tokenizer
from tests.growth import grows_linearly
from tests.tokens.texts import RUNS, drawn, filled

MILLION = 1_000_000
EIGHTH, HALF = MILLION // 8, MILLION // 2
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


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_a_million_characters_come_back_and_half_of_them_take_four_times_an_eighth(name, tokenizer):
    texts = {size: FAMILIES[name](size) for size in (EIGHTH, HALF, MILLION)}
    encode = partial(tokenizer.encode, disallowed_special=())
    assert tokenizer.decode(encode(texts[MILLION])) == texts[MILLION]
    assert grows_linearly(lambda size: encode(texts[size]), EIGHTH, factor=4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["markers", "nearly markers", "openings of markers"])
def test_a_million_characters_of_markers_take_no_longer_when_allowed(name, tokenizer):
    texts = {size: FAMILIES[name](size) for size in (EIGHTH, HALF, MILLION)}
    encode = partial(tokenizer.encode, allowed_special="all")
    assert tokenizer.decode(encode(texts[MILLION])) == texts[MILLION]
    assert grows_linearly(lambda size: encode(texts[size]), EIGHTH, factor=4)


@pytest.mark.slow
def test_a_million_ids_are_decoded_in_four_times_a_quarter_of_them(tokenizer):
    ids = [*range(201_089)] * 5
    assert grows_linearly(lambda size: tokenizer.decode(ids[:size]), len(ids) // 4, factor=4)


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
