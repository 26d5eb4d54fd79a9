"""The state table: complete, and what the parser does."""

from __future__ import annotations

import itertools

import pytest

from harmonium import ParseError, Parser, load_encoding
from harmonium.parse import TRANSITIONS, State, TokenClass

ENCODING = load_encoding()
PAIRS = list(itertools.product(State, TokenClass))
WAYS_IN = {
    State.START: "<|channel|>final<|message|>done<|end|>",
    State.HEADER: "<|channel|>final",
    State.CONTENT: "<|channel|>final<|message|>so",
}
TOKENS = {
    TokenClass.START: 200_006,
    TokenClass.CHANNEL: 200_005,
    TokenClass.CONSTRAIN: 200_003,
    TokenClass.MESSAGE: 200_008,
    TokenClass.STOP: 200_007,
    TokenClass.TEXT: 13,
    TokenClass.UNKNOWN: 200_013,
}


def parser_in(state, policy):
    parser = ENCODING.parser(policy=policy)
    parser.feed(ENCODING.encode(WAYS_IN[state], allowed_special="all"))
    assert parser.state is state
    return parser


def test_every_pair_has_a_row_and_every_row_an_action():
    assert set(TRANSITIONS) == set(PAIRS)
    assert all(hasattr(Parser, f"_{row.action}") for row in TRANSITIONS.values())


@pytest.mark.parametrize(("state", "token_class"), PAIRS)
def test_a_token_leads_where_the_table_says(state, token_class):
    parser = parser_in(state, "repair")
    parser.feed(TOKENS[token_class])
    assert parser.state in TRANSITIONS[state, token_class].to


@pytest.mark.parametrize(("state", "token_class"), PAIRS)
def test_strict_raises_exactly_where_the_table_says_that_a_token_deviates(state, token_class):
    parser = parser_in(state, "strict")
    if TRANSITIONS[state, token_class].deviates:
        with pytest.raises(ParseError):
            parser.feed(TOKENS[token_class])
    else:
        parser.feed(TOKENS[token_class])
