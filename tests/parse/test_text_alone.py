"""Ids that are plain text can be taken as one delta: the same text, and nothing else is taken."""

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


def run(pieces, *, in_a_hurry):
    """Give what each piece says, what a hurry could take as one delta."""
    parser, said = ENCODING.parser(), []
    for piece in pieces:
        delta = parser.feed_text(piece) if in_a_hurry else None
        events = [delta] if delta is not None else parser.feed(piece)
        is_text = bool(events) and all(type(event) is ContentDelta for event in events)
        said.append([as_one(events)] if is_text else events)
    return said, parser.close(), parser.tokens_fed


@given(ids=token_streams(), sizes=st.lists(st.integers(1, 9)))
def test_a_hurry_changes_nothing_of_what_is_said(ids, sizes):
    pieces = cut(ids, sizes)
    assert run(pieces, in_a_hurry=True) == run(pieces, in_a_hurry=False)


def test_text_of_an_open_message_is_one_delta():
    parser = ENCODING.parser()
    parser.feed(OPEN)
    ids = ENCODING.encode_ordinary("Hello there, you.")
    assert parser.feed_text(ids) == ContentDelta("Hello there, you.", 3, 3 + len(ids))
    assert parser.open_message.text == "Hello there, you."


def test_what_is_more_or_less_than_text_is_left():
    parser = ENCODING.parser()
    assert parser.feed_text(ENCODING.encode_ordinary("final")) is None  # in a header
    parser.feed(OPEN)
    half, end = ENCODING.encode_ordinary("👩‍👩‍👧")[0], ENCODING.format.end
    hello = ENCODING.encode_ordinary("Hello")
    for ids in ([], [*hello, half], [*hello, end], [-1], [*hello, 2**40], [2**31]):
        assert parser.feed_text(ids) is None
    assert parser.tokens_fed == len(OPEN)


def test_a_character_that_is_not_whole_is_finished_first():
    parser = ENCODING.parser()
    ids = ENCODING.encode_ordinary("👩‍👩‍👧")
    parser.feed([*OPEN, ids[0]])
    assert parser.feed_text(ENCODING.encode_ordinary("Hello")) is None
