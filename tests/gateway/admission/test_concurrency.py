"""Turns: so many at a time, the rest in order; none is lost, whoever leaves when."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.errors import OverloadedError
from harmonium.gateway.admission.concurrency import ConcurrencyLimiter


async def hold(admission, name, begun, end):
    async with admission.slot():
        begun.append(name)
        await end.wait()


async def settle():
    """Run everything that can run."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_turns_come_in_the_order_of_asking():
    async def scenario():
        admission, begun = ConcurrencyLimiter(2, 10, 60), []
        ends = [asyncio.Event() for _ in range(5)]
        tasks = [
            asyncio.create_task(hold(admission, name, begun, end)) for name, end in enumerate(ends)
        ]
        await settle()
        assert (begun, admission.running, admission.waiting) == ([0, 1], 2, 3)
        ends[1].set()
        await settle()
        assert begun == [0, 1, 2]
        for end in ends:
            end.set()
        await asyncio.gather(*tasks)
        assert (begun, admission.running, admission.waiting) == ([0, 1, 2, 3, 4], 0, 0)

    asyncio.run(scenario())


def test_who_comes_late_does_not_overtake_who_waits():
    async def scenario():
        admission, begun, end = ConcurrencyLimiter(1, 10, 60), [], asyncio.Event()
        first = asyncio.create_task(hold(admission, "first", begun, end))
        second = asyncio.create_task(hold(admission, "second", begun, asyncio.Event()))
        await settle()
        end.set()
        third = asyncio.create_task(hold(admission, "third", begun, end))
        await settle()
        assert begun == ["first", "second"]
        second.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert begun == ["first", "second", "third"]

    asyncio.run(scenario())


def test_a_full_queue_refuses_at_once_and_a_long_wait_in_the_end():
    async def scenario():
        admission, end = ConcurrencyLimiter(1, 1, 0.01), asyncio.Event()
        first = asyncio.create_task(hold(admission, 1, [], end))
        await settle()
        second = asyncio.create_task(hold(admission, 2, [], end))
        await settle()
        with pytest.raises(OverloadedError) as refused:
            await hold(admission, 3, [], end)
        with pytest.raises(OverloadedError) as waited:
            await second
        assert (refused.value.http_status, waited.value.http_status) == (429, 503)
        assert (admission.running, admission.waiting) == (1, 0)
        end.set()
        await first
        assert admission.running == 0

    asyncio.run(scenario())


MOVES = st.lists(
    st.tuples(st.sampled_from(["ask", "end", "leave", "settle"]), st.integers(0, 9)), max_size=40
)


@given(st.integers(1, 3), MOVES)
def test_no_turn_is_lost_or_given_twice_whatever_happens(most, moves):
    async def scenario():
        seen = []
        admission = ConcurrencyLimiter(most, 20, 60, lambda running, _: seen.append(running))
        tasks, ends, begun = [], [], []
        for move, which in moves:
            if move == "ask":
                ends.append(asyncio.Event())
                tasks.append(asyncio.create_task(hold(admission, len(tasks), begun, ends[-1])))
            elif move == "settle":
                await settle()
            elif tasks:
                at = which % len(tasks)
                ends[at].set() if move == "end" else tasks[at].cancel()
        for end in ends:
            end.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (admission.running, admission.waiting) == (0, 0)
        assert max(seen, default=0) <= most
        assert len(begun) == len(set(begun))

    asyncio.run(scenario())


def test_owners_get_slots_in_turn():
    async def scenario():
        admission, begun, end = ConcurrencyLimiter(1, 10, 60), [], asyncio.Event()

        async def ask(owner, name):
            async with admission.slot(owner):
                begun.append(name)
                await settle()

        names = [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("b", "b2")]
        tasks = [asyncio.create_task(ask(owner, name)) for owner, name in names]
        await asyncio.gather(*tasks)
        end.set()
        return begun, admission.running, admission.waiting

    assert asyncio.run(scenario()) == (["a1", "a2", "b1", "a3", "b2"], 0, 0)


def test_one_owner_cannot_fill_the_queue_for_another():
    async def scenario():
        admission, end = ConcurrencyLimiter(1, 4, 60), asyncio.Event()

        async def ask(owner):
            async with admission.slot(owner):
                await end.wait()
                return "served"

        many = [asyncio.create_task(ask("a")) for _ in range(8)]
        await settle()
        other = asyncio.create_task(ask("b"))
        await settle()
        end.set()
        served = await asyncio.gather(*many, return_exceptions=True)
        return await other, served.count("served"), admission.running, admission.waiting

    assert asyncio.run(scenario()) == ("served", 4, 0, 0)
