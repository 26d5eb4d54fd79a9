"""Ids stand for the same before many were met and after, one by one and together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import Encoding, load_encoding
from harmonium.parse import Lexicon
from harmonium.parse.token_lookup import MANY

TOKENIZER = load_encoding().tokenizer
TABLE = TOKENIZER.table
SPECIAL = frozenset(TOKENIZER.special_tokens.values())
IDS = st.one_of(
    st.integers(0, 201_100),
    st.sampled_from(sorted(SPECIAL)),
    st.sampled_from([-1, -201_089, -(1 << 40), 399_995, 399_996, 402_178, 1 << 31, 1 << 62]),
)


def lexicon(*, full):
    made = Lexicon(TABLE, TOKENIZER.special_tokens, load_encoding().format)
    if full:
        made.fill()
    return made


LEARNING, FULL = lexicon(full=False), lexicon(full=True)


def piece(token):
    return TABLE[token] if TABLE.known(token) and token not in SPECIAL else None


def text(token):
    found = piece(token)
    try:
        return None if found is None else found.decode()
    except UnicodeDecodeError:
        return None


@given(st.lists(IDS, max_size=20))
def test_every_id_stands_for_its_bytes_and_for_its_text_if_it_is_one(tokens):
    for lookups in (LEARNING, FULL):
        assert lookups.pieces.get_all(tokens) == tuple(map(piece, tokens))
        assert lookups.texts.get_all(tokens) == tuple(map(text, tokens))
        assert [lookups.texts.get(token) for token in tokens] == list(map(text, tokens))


@pytest.mark.parametrize("wrong", ["1", 1.0, None, b"1", [1]])
def test_what_is_no_integer_is_refused_among_many(wrong):
    for lookups in (lexicon(full=False), FULL):
        with pytest.raises(TypeError):
            lookups.pieces.get_all([1, wrong, 2])


def test_an_encoding_learns_all_ids_once_it_has_met_many():
    encoding = Encoding(TOKENIZER)
    assert not isinstance(encoding.lexicon.pieces.items, list)
    for first in range(0, MANY + 100, 100):
        encoding.parse([200005, 17196, 200008, *range(1000 + first, 1100 + first), 200002])
    assert isinstance(encoding.lexicon.pieces.items, list)


def test_in_the_full_lists_special_tokens_have_a_place_so_that_blocks_are_read_at_once():
    for lookup in (FULL.pieces, FULL.texts):
        assert [lookup.items[token] for token in sorted(SPECIAL)] == [None] * len(SPECIAL)
