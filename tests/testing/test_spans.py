"""The span check finds every way in which events can fail to account for tokens."""

from __future__ import annotations

import re

import pytest

from harmonium import Author, ContentDelta, Message, MessageEnded, MessageStarted, Repaired, Span
from harmonium.testing import assert_covers, owners

STARTED = MessageStarted(Author("assistant"), "final", None, None, Span(0, 3))
DELTA = ContentDelta("Hi", 3, 5)
ENDED = MessageEnded(
    Message.assistant("Hi", channel="final"), "return", truncated=False, span=Span(5, 6)
)
WHOLE = [STARTED, DELTA, ENDED]


def _report(start, end, *, discarded):
    return Repaired("stray_text", Span(start, end), "x", "discarded", discarded)


def test_each_token_has_its_event():
    assert owners(WHOLE) == (STARTED, STARTED, STARTED, DELTA, DELTA, ENDED)
    assert_covers(WHOLE, 6)


def test_nothing_covers_nothing():
    assert owners([]) == ()
    assert_covers([], 0)


def test_a_report_may_point_into_a_header_before_it_or_between_two_tokens():
    assert_covers([_report(1, 2, discarded=False), *WHOLE, _report(6, 6, discarded=False)], 6)


def test_a_discarding_report_owns_its_tokens():
    report = _report(6, 8, discarded=True)
    assert owners([*WHOLE, report])[-2:] == (report, report)


@pytest.mark.parametrize(
    ("events", "count", "fault"),
    [
        (WHOLE, 7, "cover 6 tokens of 7"),
        (WHOLE, 5, "cover 6 tokens of 5"),
        ([STARTED, ENDED], 6, "leaves out"),
        ([STARTED, DELTA, DELTA, ENDED], 6, "again covers"),
        ([STARTED, ContentDelta("Hi", 5, 3)], 5, "ends before it begins"),
        ([*WHOLE, _report(5, 7, discarded=False)], 6, "points at 5-7 of 6"),
    ],
)
def test_a_fault_is_found(events, count, fault):
    with pytest.raises(AssertionError, match=re.escape(fault)):
        assert_covers(events, count)
