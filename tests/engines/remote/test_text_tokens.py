"""Text that comes in pieces gives the ids of the whole text; a prompt as text stays what it is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.engines.remote.text_tokens import TextToIds, prompt_text
from harmonium.errors import EngineProtocolError, InvalidInputError
from harmonium.testing import texts
from tests.growth import grows_linearly

ENCODING = load_encoding()
PARTS = st.one_of(
    texts(max_size=12),
    st.sampled_from(
        ["<|start|>", "<|end|>", "<|", "<", "<|en", "d|>", "|>", "<|foo|>", "<|reserved_200013|>"]
    ),
    st.sampled_from([" don't", "I'LL", "'s", "123", "4", "  \n", "a/b", "\n\n", "\u3002", "x1y2"]),
    st.text(st.characters(codec="utf-8"), max_size=6),
)


@given(st.lists(PARTS, max_size=12))
@example(["a<|e", "nd|>b", " c"])
@example(["a<|end|", "> b"])
@example(["it", "'", "s", " x"])
@example(["1", "2", "3", "4", " 5"])
@example(["a ", " ", " b"])
def test_ids_are_those_of_the_whole_text(parts):
    coder = TextToIds(10_000)
    ids = [token for part in parts for token in coder.feed(part)] + coder.end()
    assert ids == ENCODING.encode("".join(parts), allowed_special="all")


@given(st.text("ab1 .<|end>'\n\u00e9\u65e5", max_size=60), st.integers(1, 7))
def test_ids_are_those_of_the_whole_text_cut_evenly(text, size):
    coder = TextToIds(10_000)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    ids = [token for piece in pieces for token in coder.feed(piece)] + coder.end()
    assert ids == ENCODING.encode(text, allowed_special="all")


def test_words_are_given_as_soon_as_they_are_sure():
    coder = TextToIds(100)
    assert coder.feed("<|channel|>final<|message|>One two") != []
    assert coder.feed(" three") == ENCODING.encode(" two")


def test_text_that_never_allows_a_cut_is_bounded():
    with pytest.raises(EngineProtocolError):
        TextToIds(100).feed("x" * 101)


@given(st.text("a1<|_>", max_size=400), st.integers(1, 90))
def test_text_that_hardly_ever_allows_a_cut_gives_the_same_ids(text, size):
    coder = TextToIds(10_000)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    ids = [token for piece in pieces for token in coder.feed(piece)] + coder.end()
    assert ids == ENCODING.encode(text, allowed_special="all")


def test_a_special_token_behind_a_long_word_is_found_however_it_is_cut():
    text = "x" * 1_000 + "<|reserved_200013|>" + "y" * 1_000
    for size in range(1, 200):
        coder = TextToIds(10_000)
        pieces = [text[at : at + size] for at in range(0, len(text), size)]
        ids = [token for piece in pieces for token in coder.feed(piece)] + coder.end()
        assert ids == ENCODING.encode(text, allowed_special="all")


@pytest.mark.parametrize("piece", ["a", "7", "\u65e5", "<", "|>"])
def test_text_without_a_cut_takes_linear_time(piece):
    def run(size):
        coder = TextToIds(10**9)
        for _ in range(size):
            coder.feed(piece)

    assert grows_linearly(run, 2_000)


def test_many_small_pieces_take_linear_time():
    def run(size):
        coder = TextToIds(10**9)
        for _ in range(size):
            coder.feed(" word")
        coder.end()

    assert grows_linearly(run, 3_000)


@given(st.lists(PARTS, max_size=6).map("".join))
def test_a_prompt_becomes_text_only_if_it_reads_back_with_the_same_special_tokens(content):
    ids = ENCODING.encode("<|start|>user<|message|>", allowed_special="all")
    ids += [*ENCODING.encode_ordinary(content), 200_007]
    spells = any(name in f"{content}<|end|>".removesuffix("<|end|>") for name in SPECIALS)
    if spells:
        with pytest.raises(InvalidInputError) as caught:
            prompt_text(ids)
        assert caught.value.code == "prompt_spells_special"
        assert not content.strip() or content not in str(caught.value)
    else:
        read = ENCODING.encode(prompt_text(ids), allowed_special="all")
        assert [token for token in read if ENCODING.is_special_token(token)] == [
            token for token in ids if ENCODING.is_special_token(token)
        ]


SPECIALS = list(ENCODING.tokenizer.special_tokens)
