"""Our parser on generated damage. ``make test-long`` reads ten times as many cases."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from harmonium import MessageEnded, Repaired, load_encoding
from harmonium.testing import Recovered, assert_covers, cut_cases, damaged_cases, judge

ENCODING = load_encoding()
TIMES = int(os.environ.get("DAMAGE_TIMES", "1"))
SHARES = {1: 2500, 2: 1500, 3: 1000}
"""How many cases of one, two and three faults: 5,000 together, times what the long target asks."""

LEAST_RIGHT = {1: 0.99, 2: 0.95, 3: 0.85}
"""The rates of right readings that are promised for one, two and three faults."""

MOST_LOST_OR_SHOWN = {1: 0.001, 2: 0.01, 3: 0.02}
"""The rates in which text of a message is cut, or reasoning stands on a channel that shows it."""


def verdict(case):
    """What our parser's reading is worth; every token is accounted for on the way."""
    parser = ENCODING.parser(role=case.role, tools=case.tools)
    events = [*parser.feed(case.ids), *parser.close()]
    assert_covers(events, len(case.ids))
    ended = [event.message for event in events if isinstance(event, MessageEnded)]
    reported = [event.text for event in events if isinstance(event, Repaired)]
    return judge(case, Recovered.of_all(ended), reported)


@pytest.mark.parametrize("faults", SHARES)
def test_damaged_completions_never_raise_and_are_mostly_read_rightly(faults):
    count = SHARES[faults] * TIMES
    counts = Counter(map(verdict, damaged_cases(count, faults=faults)))
    assert counts.total() == count
    assert counts["right"] / count >= LEAST_RIGHT[faults], counts
    assert (counts["lost"] + counts["shown"]) / count <= MOST_LOST_OR_SHOWN[faults], counts


@pytest.mark.parametrize("seed", range(20 * TIMES))
def test_a_completion_cut_off_anywhere_loses_and_shows_nothing(seed):
    assert {verdict(case) for case in cut_cases(seed)} <= {"right", "wrong"}
