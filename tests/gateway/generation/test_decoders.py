"""Text that came together is one delta, and says what its parts said."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.gateway.generation.decoders import EventDecoder, joined_deltas
from harmonium.gateway.generation.stop_strings import EventStops
from harmonium.openai import ToolNameMap
from harmonium.parse import ContentDelta

ENCODING = load_encoding()
IDS = st.lists(
    st.integers(200_000, 200_012) | st.sampled_from([17196, 35644, 9906, 13, 11, 220, 240, 99]),
    max_size=40,
)


def cut(ids, places):
    ends = [*sorted({place % (len(ids) + 1) for place in places}), len(ids)]
    return [ids[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def said(ids, places, stops=()):
    """Return everything that is said of ids that come in pieces, text in a row as one."""
    found = EventStops(stops, ToolNameMap()) if stops else None
    reading = EventDecoder(ENCODING.parser(), found)
    pieces = cut(ids, places)
    taken = [reading.feed(piece, last=False) for piece in pieces] + [reading.feed([], last=True)]
    return joined_deltas([event for events in taken for event in events])


def others(events):
    return [event for event in events if type(event) is not ContentDelta]


def text_and_tokens(events):
    """Return all text, and the tokens that it came from."""
    deltas = [event for event in events if type(event) is ContentDelta]
    tokens = [token for delta in deltas for token in range(delta.start, delta.end)]
    return "".join(delta.text for delta in deltas), tokens


@pytest.mark.parametrize("stops", [(), ("Hello", ".,")], ids=["plain", "stops"])
@given(ids=IDS, places=st.lists(st.integers(0, 50), max_size=5))
def test_however_ids_come_together_the_same_is_said(stops, ids, places):
    one_by_one = range(len(ids))
    assert said(ids, places, stops) == said(ids, one_by_one, stops)


@given(IDS)
def test_text_in_a_row_is_one_delta_from_its_first_token_to_its_last(ids):
    events = ENCODING.parser().feed(ids)
    joined = joined_deltas(events)
    assert not any(type(a) is type(b) is ContentDelta for a, b in pairwise(joined))
    assert others(joined) == others(events)
    assert text_and_tokens(joined) == text_and_tokens(events)
