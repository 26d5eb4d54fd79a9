"""Hostile bytes do not hold up the event loop: no step of it is longer than a hundred requests."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.gateway.http.test_framing import CHUNKS, CODINGS, unframed
from tests.gateway.http.test_protocol import connected
from tests.gateway.http.wire import chunked, get, post

SEGMENT = 256 * 1024
"""The most that uvloop reads at once."""

ROUNDS = 5
CHUNKED = "Transfer-Encoding: chunked"
BEGUN = post("/tokenize", CHUNKED, length=False)
HOSTILE = {
    "chunks of one byte": BEGUN + b"1\r\nx\r\n" * 100_000,
    "chunks with extensions": BEGUN + b"1;a=b\r\nx\r\n" * 100_000,
    "trailers": BEGUN + chunked(b"{}") + b"0\r\n" + b"x-trailer: y\r\n" * 100_000,
    "many requests at once": get() * 10_000,
    "many fields": get("/", *(f"X-{n}: y" for n in range(120))),
    "more fields": get("/", *(f"X-{n}: y" for n in range(3_000))),
    "a long address": b"GET /" + b"a" * 1_000_000,
    "a long header": get("/", "X-A: " + "a" * 1_000_000),
    "empty lines": b"\r\n" * 500_000,
    "blanks": get("/", "X-A: " + " " * 30_000 + "b"),
    "many codings": get("/", "Transfer-Encoding: " + "chunked," * 3_000),
    "many options": get("/", "Connection: " + " ," * 15_000),
    **{name: sent for name, (sent, _) in CODINGS.items()},
    **{name: unframed(CHUNKED, body=sent) for name, sent in CHUNKS.items()},
}


def longest_step(payload):
    """The processor time of the longest step of the loop while a payload is taken in."""

    async def take_in():
        connection, transport, state = connected()
        longest = 0.0
        for at in range(0, len(payload), SEGMENT):
            before = time.thread_time()
            if not transport.is_closed:
                connection.data_received(payload[at : at + SEGMENT])
            for _ in range(100):
                await asyncio.sleep(0)
                longest = max(longest, time.thread_time() - before)
                before = time.thread_time()
        transport.close()
        for task in state.tasks:
            task.cancel()
        await asyncio.sleep(0.001)
        return longest

    return min(asyncio.run(take_in()) for _ in range(ROUNDS))


@pytest.mark.alone
@pytest.mark.parametrize("kind", HOSTILE)
def test_no_step_takes_longer_than_a_hundred_usual_requests(kind):
    usual = longest_step(post("/", body=b"{}"))
    assert longest_step(HOSTILE[kind]) <= 100 * usual
