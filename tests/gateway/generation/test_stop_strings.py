"""Stop strings: what is said up to the first of them, however the text is cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.gateway.generation.stop_strings import EventStops, TextStops
from harmonium.openai import ToolNameMap
from harmonium.parse import ContentDelta
from tests.growth import grows_linearly

ENCODING = load_encoding()
LETTERS = st.text("ab\n", max_size=40)
STOPS = st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=4)


def before(text, stops):
    """The text up to the stop string that is complete first, found a character at a time."""
    for end in range(len(text) + 1):
        found = [stop for stop in stops if text[:end].endswith(stop)]
        if found:
            return text[: end - max(map(len, found))]
    return text


def pieces_of(text, cuts):
    ends = sorted({min(cut, len(text)) for cut in cuts} | {len(text)})
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@given(LETTERS, STOPS, st.lists(st.integers(0, 40)))
def test_text_ends_at_the_first_stop_however_it_is_cut(text, stops, cuts):
    finder = TextStops(stops)
    said = ""
    for piece in pieces_of(text, cuts):
        if not finder.found:
            said += finder.take(piece)
    said += "" if finder.found else finder.rest()
    assert said == before(text, stops)
    assert finder.found == any(stop in text for stop in stops)


@given(LETTERS.filter(bool), STOPS, st.lists(st.integers(0, 60)))
@example("ab\n", ["b", "ab\n"], [])
def test_the_visible_text_of_events_ends_at_the_first_stop(text, stops, cuts):
    prefix = (
        "<|channel|>analysis<|message|>ab ab<|end|><|start|>assistant<|channel|>final<|message|>"
    )
    ids = ENCODING.encode(prefix, allowed_special="all") + ENCODING.encode_ordinary(text) + [200002]
    parser, finder = ENCODING.parser(), EventStops(stops, ToolNameMap())
    events = []
    ends = sorted({min(cut, len(ids)) for cut in cuts} | {len(ids)})
    for start, end in zip([0, *ends], ends, strict=False):
        events += finder.take(parser.feed(ids[start:end]))
    events += finder.take(parser.close())
    said = "".join(event.text for event in events if isinstance(event, ContentDelta))
    assert said == "ab ab" + before(text, stops)
    spans = [event.span for event in events if isinstance(event, ContentDelta)]
    assert all(one.end <= other.start for one, other in pairwise(spans))


def test_what_is_said_to_a_tool_or_thought_has_no_stops():
    text = (
        "<|channel|>analysis<|message|>STOP<|end|><|start|>assistant<|channel|>commentary"
        " to=functions.f<|message|>STOP<|call|>"
    )
    parser, finder = ENCODING.parser(), EventStops(("STOP",), ToolNameMap())
    whole = parser.feed(ENCODING.encode(text, allowed_special="all")) + parser.close()
    assert finder.take(whole) == whole
    assert not finder.found


def test_finding_stops_takes_time_in_proportion_to_the_text():
    def work(size):
        finder = TextStops(("aab", "b" * 200))
        return [finder.take("a") for _ in range(size)]

    assert grows_linearly(work, 1_000)
