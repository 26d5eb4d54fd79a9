"""The tokens are tiktoken's, on any text, with any special tokens allowed or not."""

import random

import pytest
import tiktoken
from tiktoken_ext import openai_public

from harmonium.errors import SpecialTokenError
from harmonium.tokens import SPECIAL_TOKENS, load_tokenizer
from harmonium.tokens.split_pattern import CL100K_PATTERN, O200K_PATTERN
from tests.tokens.texts import BLANKS, characters_by_category, drawn, generated

MARKERS = ["<|end|>", "<|start|>", "<|reserved_200014|>", "<|reserved_20|>", "<|", "|>", "<|end|"]


@pytest.mark.parametrize("seed", range(8))
def test_generated_texts_give_the_same_tokens(seed, tokenizer, reference):
    for text in generated(seed, 500):
        assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)


@pytest.mark.slow
def test_each_character_of_unicode_gives_the_same_tokens(tokenizer, reference):
    for characters in characters_by_category().values():
        text = "".join(characters)
        assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)
        separated = " a".join(characters[:20_000])
        assert tokenizer.encode_ordinary(separated) == reference.encode_ordinary(separated)


@pytest.mark.parametrize("run", [1, 2, 3, 255, 256, 257, 258, 511, 512, 513, 514, 769, 5000])
@pytest.mark.parametrize("blanks", [*BLANKS, BLANKS], ids=ascii)
def test_runs_of_white_space_anywhere_give_the_same_tokens(run, blanks, tokenizer, reference):
    space = drawn(run, blanks, run)
    for before in ("", "a", "!", "1", "\u0301", "!\n", "/"):
        for after in ("", "a", "A", "1", "!", "\n", "\u0301", "中", "'s", "\x00"):
            text = before + space + after
            assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)


@pytest.mark.slow
@pytest.mark.parametrize("run", [900_000, 999_990])
def test_the_longest_runs_that_tiktoken_bears_give_the_same_tokens(run, tokenizer, reference):
    for text in (" " * run, "a" + "\u3000" * run + "b", "\n" + "\t " * (run // 2) + "1"):
        assert tokenizer.encode_ordinary(text) == reference.encode_ordinary(text)


@pytest.mark.parametrize("seed", range(4))
def test_lone_surrogates_give_the_same_tokens(seed, tokenizer, reference):
    chance = random.Random(seed)
    for text in generated(seed, 100):
        broken = "".join(
            character + (chr(chance.randrange(0xD800, 0xE000)) if chance.random() < 0.2 else "")
            for character in text
        )
        assert tokenizer.encode_ordinary(broken) == reference.encode_ordinary(broken)
        assert tokenizer.encode(broken) == reference.encode(broken)


def _outcome(encode, *args, **kwargs):
    try:
        return encode(*args, **kwargs)
    except ValueError:
        return ValueError


@pytest.mark.parametrize("seed", range(4))
def test_special_tokens_are_allowed_and_refused_alike(seed, tokenizer, reference):
    chance = random.Random(seed)
    names = [*chance.sample(sorted(SPECIAL_TOKENS), 20), *MARKERS]
    for text in generated(seed, 300, parts=6):
        spoken = "".join(chance.choice([character, chance.choice(names)]) for character in text)
        options = {
            "allowed_special": chance.choice(["all", set(), {"<|end|>"}, set(names)]),
            "disallowed_special": chance.choice(["all", (), {"<|end|>"}, ["never", "<|start|>"]]),
        }
        expected = _outcome(reference.encode, spoken, **options)
        assert _outcome(tokenizer.encode, spoken, **options) == expected


def test_every_special_token_is_refused_by_default(tokenizer):
    for text in tokenizer.special_tokens:
        with pytest.raises(SpecialTokenError) as caught:
            tokenizer.encode(f"a {text} b")
        assert caught.value.code == "disallowed_special"


def test_every_special_token_is_its_id_when_all_are_allowed_and_plain_text_otherwise(tokenizer):
    special = frozenset(tokenizer.special_tokens.values())
    for text, token in tokenizer.special_tokens.items():
        assert tokenizer.encode(text, allowed_special="all") == [token]
        assert special.isdisjoint(tokenizer.encode(text, disallowed_special=()))
        assert special.isdisjoint(tokenizer.encode_ordinary(text))


def test_a_special_token_can_be_allowed_by_name_alone(tokenizer):
    assert tokenizer.encode("<|end|>", allowed_special={"<|end|>"}) == [200007]
    with pytest.raises(SpecialTokenError):
        tokenizer.encode("<|end|><|start|>", allowed_special={"<|end|>"})


def test_the_patterns_and_special_tokens_are_those_tiktoken_publishes(monkeypatch):
    monkeypatch.setattr(openai_public, "load_tiktoken_bpe", lambda *_, **__: {})
    o200k, cl100k = openai_public.o200k_base(), openai_public.cl100k_base()
    assert o200k["pat_str"] == O200K_PATTERN
    assert cl100k["pat_str"] == CL100K_PATTERN
    assert dict(load_tokenizer("o200k_base").special_tokens) == o200k["special_tokens"]
    assert dict(load_tokenizer("cl100k_base").special_tokens) == cl100k["special_tokens"]


def test_cl100k_splits_long_white_space_as_tiktoken_does(reference):
    """Its vocabulary is not bundled; its pattern is compared on the one that is."""
    ranks = reference._mergeable_ranks  # noqa: SLF001  (the test's own dict)
    theirs = tiktoken.Encoding(
        "x", pat_str=CL100K_PATTERN, mergeable_ranks=ranks, special_tokens={}
    )
    ours = _tokenizer_with(CL100K_PATTERN)
    for text in generated(99, 500):
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)
    for run in (255, 256, 257, 258, 512, 513, 3000):
        for after in ("", "a", "1", "!", "\n", "中"):
            text = "x" + drawn(run, BLANKS, run) + after
            assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+(?!\S)|.",
        r"(?s).|\s+(?!\S)|\n",
        r"(?i)[a-c]+|x+|\s+(?!\S)|the|.",
        r"(?-i)[a-m]+|[n-z]+|\s+(?!\S)|.|\s",
        r"(\w)\1|[a-z]+|\s+(?!\S)|(\S)\2|.",
    ],
)
def test_users_patterns_split_text_as_tiktoken_does_with_them(pattern, reference):
    ranks = reference._mergeable_ranks  # noqa: SLF001  (the test's own dict)
    theirs = tiktoken.Encoding("x", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    ours = _tokenizer_with(pattern)
    for text in [*generated(98, 200), "aa THE  BB\n\n  !! the", " " * 600 + "Zz"]:
        assert ours.encode_ordinary(text) == theirs.encode_ordinary(text)


def _tokenizer_with(pattern):
    from harmonium.tokens.bundle import load_bundled  # noqa: PLC0415
    from harmonium.tokens.tokenizer import Tokenizer  # noqa: PLC0415

    return Tokenizer(
        "x", pattern=pattern, special_tokens={}, load_vocabulary=lambda: load_bundled("o200k_base")
    )
