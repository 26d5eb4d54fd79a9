"""Long inputs take larger steps through the same machine, and say the same."""

from __future__ import annotations

import random

import pytest

from harmonium import InvalidInputError, fold, load_encoding
from harmonium.testing import malformed_cases

ENCODING = load_encoding()
TEXT = "naïve 日本語 😀👩‍👩‍👧 text " * 100


def streamed(ids, **options):
    parser = ENCODING.parser(**options)
    events = [event for token in ids for event in parser.feed(token)]
    return fold([*events, *parser.close()])


def long_streams():
    body = ENCODING.encode_ordinary(TEXT)
    for case in malformed_cases():
        yield [*ENCODING.encode(case.text, allowed_special="all"), *body]
        yield [*body, *ENCODING.encode(case.text, allowed_special="all"), 250_000, *body[:-1]]


@pytest.mark.parametrize("ids", list(long_streams()), ids=lambda _: "")
def test_a_long_stream_gives_the_messages_of_the_stream_token_by_token(ids):
    assert len(ids) > 256
    assert ENCODING.parse(ids) == streamed(ids)


@pytest.mark.parametrize("seed", range(30))
def test_long_random_streams_agree_too(seed):
    generator = random.Random(seed)
    specials = [*range(199_998, 200_014), -3, 201_089, 2**33]
    ids = [
        generator.choice(specials) if generator.random() < 0.05 else generator.randrange(199_000)
        for _ in range(1_000)
    ]
    assert ENCODING.parse(ids, tools=("f",)) == streamed(ids, tools=("f",))


@pytest.mark.parametrize("wrong", [1.0, None, "a", b"x", [1]])
def test_what_is_no_integer_is_refused_in_a_long_input_as_well(wrong):
    ids = ENCODING.encode_ordinary(TEXT)
    with pytest.raises(InvalidInputError) as caught:
        ENCODING.parse([*ids, wrong])
    assert caught.value.position.token == len(ids)
