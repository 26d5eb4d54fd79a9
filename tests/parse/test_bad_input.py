"""What is no token, what is no option, and what a parser says when it is over."""

from __future__ import annotations

import pytest

from harmonium import InvalidInputError, InvalidNameError, ParseError, load_encoding

ENCODING = load_encoding()


@pytest.mark.parametrize(
    "ids",
    [1.0, None, "text", b"bytes", [1.0], [None], ["a"], [[1]], True, [True], {"a": 1}, [b"x"]],
)
def test_what_is_no_integer_is_refused_and_nothing_is_taken(ids):
    parser = ENCODING.parser()
    with pytest.raises(InvalidInputError) as caught:
        parser.feed(ids)
    assert caught.value.code == "not_a_token"
    assert parser.tokens_fed == 0


@pytest.mark.parametrize("token", [-1, 201_089, 2**40, 200_000, 199_999])
def test_an_id_outside_the_vocabulary_or_without_meaning_is_skipped_and_reported(token):
    parser = ENCODING.parser()
    events = parser.feed([200_008, 24_912, token, 2_375, 200_007]) + parser.close()
    assert [type(event).__name__ for event in events].count("Repaired") == 1
    assert events[-1].message.text == "hello world"


def test_anything_with_an_index_is_an_integer():
    class Numeric:
        def __index__(self):
            return 24_912

    parser = ENCODING.parser()
    parser.feed(200_008)
    assert parser.feed(Numeric())[0].text == "hello"
    assert parser.feed(iter([Numeric()]))[0].text == "hello"


@pytest.mark.parametrize("options", [{"policy": "lax"}, {"tools": "f"}, {"tools": [1]}])
def test_an_unknown_option_is_named(options):
    with pytest.raises(InvalidInputError) as caught:
        ENCODING.parser(**options)
    assert caught.value.position.path == next(iter(options))


def test_an_unknown_role_is_refused():
    with pytest.raises(InvalidNameError) as caught:
        ENCODING.parser(role="wizard")
    assert caught.value.code == "unknown_role"


def test_an_empty_stream_has_no_messages():
    assert ENCODING.parse([]) == []
    assert ENCODING.parse([], policy="strict") == []
    assert ENCODING.parse([], role=None, policy="strict") == []


def test_a_closed_parser_takes_no_more_and_closes_again_without_a_word():
    parser = ENCODING.parser()
    parser.close()
    assert parser.close() == []
    with pytest.raises(InvalidInputError) as caught:
        parser.feed(1)
    assert caught.value.code == "parser_closed"


def test_a_failed_parser_stays_failed_and_keeps_what_it_had():
    parser = ENCODING.parser(policy="strict")
    ids = ENCODING.encode("<|message|>Hi<|end|>Ho", allowed_special="all")
    with pytest.raises(ParseError) as caught:
        parser.feed(ids)
    assert caught.value.code == "stray_text"
    assert caught.value.position.token == 3
    assert [type(event).__name__ for event in caught.value.events] == [
        "MessageStarted",
        "ContentDelta",
        "MessageEnded",
    ]
    with pytest.raises(ParseError):
        parser.feed(1)


def test_an_endless_header_is_refused_at_its_bound():
    ids = [200_005, *[13] * 100_000]
    parser = ENCODING.parser(policy="strict")
    with pytest.raises(ParseError) as caught:
        parser.feed(ids)
    assert caught.value.code == "header_too_long"
    assert caught.value.position.token < 1_000


def test_a_snapshot_shows_the_open_message():
    parser = ENCODING.parser()
    assert parser.open_message is None
    parser.feed(ENCODING.encode("<|channel|>final<|message|>hello", allowed_special="all"))
    before = parser.open_message
    parser.feed(ENCODING.encode(" world"))
    assert (before.channel, before.text) == ("final", "hello")
    assert parser.open_message.text == "hello world"
    parser.feed(200_007)
    assert parser.open_message is None
