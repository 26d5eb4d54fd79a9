"""Pieces of an answer reach who takes them as if read one by one, without waking who waits."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines.remote.direct_read import first_left

pytestmark = pytest.mark.anyio

ASKED_BY = ContextVar("asked_by", default="the connection")
ROUNDS = 3
"""Turns of the loop in which whatever was told is done."""


async def turns():
    for _ in range(ROUNDS):
        await asyncio.sleep(0)


def body():
    loop = asyncio.get_running_loop()
    connection = BaseProtocol(loop)
    connection.transport = asyncio.Transport()
    return StreamReader(connection, 2**16, loop=loop)


class Untold:
    """A stream of bytes that tells nobody but who reads."""

    def __init__(self, content):
        self.readany = content.readany


class Taker:
    """Take pieces until one ends with a mark."""

    def __init__(self):
        self.taken = []
        self.tasks = []

    def __call__(self, piece):
        if not piece or piece.endswith(b"!"):
            return False
        self.taken.append(piece)
        self.tasks.append(asyncio.current_task())
        return True


STEPS = st.lists(st.one_of(st.none(), st.sampled_from([b"a", b"bc", b"d!", b"!e"])), max_size=12)


async def _played(steps):
    """Feed a body; None gives the loop some turns. Then it ends."""
    content, takes = body(), Taker()
    reading = asyncio.create_task(first_left(content, takes))
    for step in steps:
        if step is None:
            await turns()
        else:
            content.feed_data(step)
    await turns()
    content.feed_eof()
    left = await reading
    return b"".join(takes.taken) + left + await content.readany(), left


@given(STEPS)
def test_every_byte_is_taken_or_left(steps):
    said, left = asyncio.run(_played(steps))
    assert said == b"".join(filter(None, steps))
    assert left == b"" or left.endswith(b"!")


async def test_pieces_that_come_while_waiting_wake_no_task():
    content, takes = body(), Taker()
    reading = asyncio.create_task(first_left(content, takes))
    await turns()
    content.feed_data(b"a")
    content.feed_data(b"b")
    await turns()
    content.feed_data(b"c")
    await turns()
    content.feed_eof()
    assert (await reading, takes.taken, takes.tasks) == (b"", [b"ab", b"c"], [None, None])


async def test_an_aiohttp_that_tells_nobody_is_read_piece_by_piece():
    content, takes = body(), Taker()
    reading = asyncio.create_task(first_left(Untold(content), takes))
    await turns()
    content.feed_data(b"a")
    await turns()
    content.feed_data(b"b!")
    assert (await reading, takes.taken) == (b"b!", [b"a"])
    assert takes.tasks == [reading]


async def test_what_taking_raises_reaches_who_waits():
    def takes(piece):
        raise LookupError(piece)

    content = body()
    reading = asyncio.create_task(first_left(content, takes))
    await turns()
    content.feed_data(b"a")
    with pytest.raises(LookupError):
        await reading


@pytest.mark.parametrize("before", [[], [b"a"]], ids=["at rest", "behind a piece"])
async def test_a_body_that_breaks_tells_who_waits(before):
    content = body()
    reading = asyncio.create_task(first_left(content, Taker()))
    await turns()
    for piece in before:
        content.feed_data(piece)
    content.set_exception(ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        await reading


async def test_who_stops_waiting_leaves_the_body_to_others():
    content, takes = body(), Taker()
    reading = asyncio.create_task(first_left(content, takes))
    await turns()
    content.feed_data(b"a")
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await turns()
    content.feed_data(b"b")
    assert (takes.taken, content.read_nowait()) == ([], b"ab")


async def test_pieces_are_taken_in_the_context_of_who_reads():
    content, seen = body(), []

    def takes(piece):
        seen.append(ASKED_BY.get())
        return bool(piece)

    ASKED_BY.set("a request")
    reading = asyncio.create_task(first_left(content, takes))
    ASKED_BY.set("another request")
    await turns()
    content.feed_data(b"a")
    await turns()
    content.feed_eof()
    assert (await reading, seen) == (b"", ["a request"])
