"""Long text is encoded in parts, and the parts give what the whole gives."""

import random
import unicodedata

import pytest
import tiktoken

from harmonium.tokens import long_text
from harmonium.tokens.long_text import LongTextEncoder
from tests.tokens.texts import RUNS, characters_by_category, drawn, filled, generated

SIZE = 70_000
BEFORE = ["", "don't", "x ", "!", "中", "A", "\n", "a\u0301", "'"]
AFTER = ["", "'re", " x", "!", "中Aa", "Aa", "\n/", "\u0301", "/\n/!", "1"]


@pytest.mark.parametrize("pattern", RUNS.values(), ids=RUNS)
def test_a_long_run_amid_text_gives_the_tokens_of_tiktoken(pattern, tokenizer, reference):
    chance = random.Random(pattern)
    run = filled(pattern, SIZE)
    for _ in range(3):
        text = chance.choice(BEFORE) + run + chance.choice(AFTER)
        assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)


@pytest.mark.parametrize("category", sorted(characters_by_category()))
def test_long_text_of_one_category_gives_the_tokens_of_tiktoken(category, tokenizer, reference):
    text = drawn(category, characters_by_category()[category], SIZE)
    assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)


@pytest.mark.parametrize("seed", range(3))
def test_long_mixed_text_gives_the_tokens_of_tiktoken(seed, tokenizer, reference):
    text = "".join(generated(seed, 2_000))
    assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)


@pytest.mark.parametrize(
    "alphabet", ["aA中\u0301", "aA'sre", "!/\n\r", " \n\t\u3000", "ab", "A中", "é1a"]
)
def test_long_random_rows_of_few_characters_give_the_tokens_of_tiktoken(
    alphabet, tokenizer, reference
):
    text = drawn(alphabet, alphabet, SIZE)
    assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)


DENSE = [
    *"aAqQé中ª\u0301ʰǅ1!/-'\n\r \t\u3000\x85\u017f\x00😀",
    "'s",
    "'RE",
    "'\u017f",
    "ll",
    "中中",
    "ab",
]


@pytest.fixture
def cautious(monkeypatch, tokenizer, reference):
    """The encoder of long text, made to take hardly any text for short."""
    monkeypatch.setattr(long_text, "LONG_TEXT", 24)
    monkeypatch.setattr(long_text, "_LOOK", 12)
    monkeypatch.setattr(long_text, "_WINDOW", 512)
    monkeypatch.setattr(long_text, "_UNSURE", 2)
    merge = reference._encode_single_piece  # noqa: SLF001  (the merging that is being split up)
    return LongTextEncoder(reference.encode_ordinary, merge, tokenizer.table.join)


@pytest.mark.parametrize("seed", range(10))
def test_cutting_everywhere_gives_the_tokens_of_tiktoken(seed, cautious, reference):
    chance = random.Random(seed)
    for _ in range(300):
        few = chance.sample(DENSE, chance.randint(1, 4))
        parts = [chance.choice(few) * chance.choice([1, 1, 2, 30, 90]) for _ in range(20)]
        text = "".join(parts)
        assert cautious.encode(text) == reference.encode_ordinary(text)


@pytest.mark.parametrize("seed", range(3))
def test_cutting_generated_texts_everywhere_gives_the_tokens_of_tiktoken(seed, cautious, reference):
    for text in generated(seed, 400, parts=60):
        assert cautious.encode(text) == reference.encode_ordinary(text)


def test_a_piece_no_seam_fits_goes_to_the_encoder_whole(monkeypatch):
    """Tokens here depend on where a piece ends, so no cut can ever be right."""
    monkeypatch.setattr(long_text, "_WINDOW", 100)

    def merge(piece):
        return [1] * (len(piece) - 1) + [2]

    encoder = LongTextEncoder(lambda text: merge(text.encode()), merge, lambda ids: b"a" * len(ids))
    piece = "a" * 40_000
    assert encoder.encode(piece) == merge(piece.encode())


CLASSES = {
    r"[\p{Lu}\p{Lt}]": "Q",
    r"\p{Ll}": "q",
    r"[\p{Lm}\p{Lo}]": "ª",
    r"\p{M}": "\u0301",
    r"\p{N}": "0",
    r"\s": "\t",
    r"[^\s\p{L}\p{N}\p{M}]": "!",
}


@pytest.mark.slow
@pytest.mark.parametrize("pattern", CLASSES)
def test_the_classes_of_characters_are_those_of_tiktoken(pattern):
    """tiktoken drops what its pattern does not match, so what is left is the class."""
    ranks = {bytes([value]): value for value in range(256)}
    finder = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    points = [point for point in range(128, 0x110000) if not 0xD800 <= point <= 0xDFFF]
    known = [chr(point) for point in points if unicodedata.category(chr(point)) != "Cn"]
    members = set(finder.decode_bytes(finder.encode_ordinary("".join(known))).decode())
    stands_for = {**dict.fromkeys(CLASSES.values(), ""), CLASSES[pattern]: "yes"}
    ours = {character for character in known if stands_for.get(_class(character)) == "yes"}
    assert members == ours


def _class(character):
    found = character.translate(long_text._CLASSES)  # noqa: SLF001  (the table under test)
    return "q" if found == "s" else found


def test_unassigned_characters_are_left_to_tiktoken():
    assert "\u0378".translate(long_text._CLASSES) == long_text._UNKNOWN  # noqa: SLF001
