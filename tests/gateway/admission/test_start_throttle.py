"""New requests begin a few a turn of the event loop; nobody is passed over or forgotten."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.gateway.admission.start_throttle import StartThrottle

CROWDS = st.lists(st.integers(0, 9), max_size=8)
"""How many come in each turn."""


async def turns_of(pace, crowds):
    """Send crowds, one each turn; return (who, the turn they came through) in order."""
    turn, passed, everyone = 0, [], []

    async def come(name):
        await pace.wait()
        passed.append((name, turn))

    for size in crowds:
        everyone += [asyncio.create_task(come(len(everyone) + n)) for n in range(size)]
        await asyncio.sleep(0)
        turn += 1
    while not all(task.done() for task in everyone):
        await asyncio.sleep(0)
        turn += 1
    return passed


@given(CROWDS, st.integers(1, 4))
def test_everybody_comes_through_in_order_and_only_a_few_each_turn(crowds, at_once):
    passed = asyncio.run(turns_of(StartThrottle(at_once), crowds))
    assert [name for name, _ in passed] == list(range(sum(crowds)))
    assert max(Counter(turn for _, turn in passed).values(), default=0) <= at_once


def test_whoever_comes_alone_does_not_wait():
    assert asyncio.run(turns_of(StartThrottle(1), [1, 0, 0, 1, 0, 0, 1])) == [
        (0, 0),
        (1, 3),
        (2, 6),
    ]


@pytest.mark.anyio
async def test_one_who_gives_up_takes_nobodys_turn():
    pace = StartThrottle(1)
    first, second, third = (asyncio.create_task(pace.wait()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.gather(first, third)
    assert second.cancelled()
