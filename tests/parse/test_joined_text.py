"""Text that is fed together can be one delta; nothing else of the stream changes."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.parse import ContentDelta
from harmonium.testing import token_streams

ENCODING = load_encoding()
OPEN = ENCODING.encode("<|channel|>final<|message|>", allowed_special="all")


def cut(ids, sizes):
    ends = [end for end in accumulate(sizes) if end < len(ids)]
    return [ids[begin:end] for begin, end in zip([0, *ends], [*ends, len(ids)], strict=True)]


def as_one(events):
    text = "".join(event.text for event in events)
    return ContentDelta(text, events[0].start, events[-1].end)


def run(pieces, *, joined):
    """The events of each piece, with those that are text alone joined by hand."""
    parser, found = ENCODING.parser(), []
    for piece in pieces:
        events = parser.feed(piece, joined=joined)
        is_text = bool(events) and all(type(event) is ContentDelta for event in events)
        found.append([as_one(events)] if is_text else events)
    return found, parser.close(), parser.tokens_fed


@given(ids=token_streams(), sizes=st.lists(st.integers(1, 9)))
def test_joined_text_is_the_same_text(ids, sizes):
    pieces = cut(ids, sizes)
    assert run(pieces, joined=True) == run(pieces, joined=False)


def test_text_of_an_open_message_is_one_delta():
    parser = ENCODING.parser()
    parser.feed(OPEN)
    ids = ENCODING.encode_ordinary("Hello there, you.")
    assert parser.feed(ids, joined=True) == [ContentDelta("Hello there, you.", 3, 3 + len(ids))]
    assert parser.open_message.text == "Hello there, you."


def test_what_is_more_or_less_than_text_is_fed_as_ever():
    half, end = ENCODING.encode_ordinary("👩‍👩‍👧")[0], ENCODING.format.end
    hello = ENCODING.encode_ordinary("Hello")
    for ids in ([], [*hello, half], [*hello, end], [-1], [*hello, 2**40], [2**31]):
        joined, plain = ENCODING.parser(), ENCODING.parser()
        joined.feed(OPEN)
        plain.feed(OPEN)
        assert joined.feed(ids, joined=True) == plain.feed(ids)
