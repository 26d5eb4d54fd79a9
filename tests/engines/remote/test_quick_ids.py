"""Who takes ids when they are read hears all of them, in order, and no chunk has them again."""

from __future__ import annotations

import asyncio

import pytest

from harmonium.engines import Pool
from harmonium.engines.protocol import QuickEngine
from harmonium.engines.termination import Ending
from tests.engines.running import asking
from tests.engines.servers import RETURN, event

pytestmark = pytest.mark.anyio


def said(*ids, finish=None, **more):
    choice = {"index": 0, "token_ids": list(ids), "finish_reason": finish}
    return event({"choices": [choice], **more})


STREAM = [said(5), said(6), said(7, 8), said(9), said(RETURN, finish="stop"), b"data: [DONE]\n\n"]


def plays(server, *pieces):
    """Play pieces, whether or not they come together."""

    async def handler(_request, wire):
        await wire.stream(list(pieces))

    server.on("/v1/completions", handler)


def plays_to(hearing, server, *pieces):
    """Play each piece when the one before was heard."""

    async def handler(_request, wire):
        await wire.begin()
        for piece in pieces:
            await hearing.turn.acquire()
            await wire.send(piece)
        await wire.end()

    server.on("/v1/completions", handler)
    return hearing


class Hearing:
    """Takes ids, or not, and hears what chunks bring in between."""

    def __init__(self, refused=()):
        self.refused = refused
        self.offered = []
        self.heard = []
        self.finish = None
        self.turn = asyncio.Semaphore(1)

    def take(self, ids):
        self.offered.append(ids)
        if ids in self.refused:
            return False
        self.heard += ids
        self.turn.release()
        return True

    async def listen(self, engine, request=None):
        async for chunk in engine.generate_quickly(request or asking(), self.take):
            self.heard += chunk.token_ids
            self.finish = chunk.finish
            self.turn.release()
        return self


async def test_ids_behind_the_first_chunk_are_offered_until_the_end(server, vllm):
    hearing = await plays_to(Hearing(), server, *STREAM).listen(vllm)
    assert hearing.heard == [5, 6, 7, 8, 9, RETURN]
    assert hearing.offered == [(6,), (7, 8), (9,)]
    assert (hearing.finish.reason, hearing.finish.stop_token) == ("stop", RETURN)


async def test_ids_that_are_not_taken_are_in_a_chunk(server, vllm):
    hearing = await plays_to(Hearing(refused=[(7, 8)]), server, *STREAM).listen(vllm)
    assert hearing.offered == [(6,), (7, 8), (9,)]
    assert hearing.heard == [5, 6, 7, 8, 9, RETURN]


async def test_ids_that_end_the_generation_are_not_offered(server, vllm):
    pieces = [said(5), said(6), said(7, RETURN, 8), b"data: [DONE]\n\n"]
    hearing = await plays_to(Hearing(), server, *pieces).listen(vllm)
    assert (hearing.heard, hearing.offered) == ([5, 6, 7, RETURN], [(6,)])


async def test_ids_that_use_up_the_room_are_not_offered(server, vllm):
    hearing = plays_to(Hearing(), server, said(5), said(6), said(7, 8), b"data: [DONE]\n\n")
    await hearing.listen(vllm, asking(max_tokens=3))
    assert (hearing.heard, hearing.offered) == ([5, 6, 7], [(6,)])
    assert hearing.finish.reason == "length"


async def test_ids_that_come_with_more_are_not_offered(server, vllm):
    usage = {"usage": {"prompt_tokens_details": {"cached_tokens": 4}}}
    plays(server, said(5), said(6, **usage), said(RETURN, finish="stop"), b"data: [DONE]\n\n")
    assert (await Hearing().listen(vllm)).offered == []


@pytest.mark.parametrize("size", [1, 7, 40, 10**6])
async def test_however_the_bytes_are_cut_all_is_heard(server, vllm, size):
    whole = b"".join(STREAM)
    plays(server, *(whole[at : at + size] for at in range(0, len(whole), size)))
    assert (await Hearing().listen(vllm)).heard == [5, 6, 7, 8, 9, RETURN]


async def test_ids_that_come_together_are_offered_together(server, vllm):
    pieces = [said(5), said(6) + said(7, 8), said(9) + said(RETURN, finish="stop")]
    hearing = plays_to(Hearing(), server, *pieces, b"data: [DONE]\n\n")
    await hearing.listen(vllm)
    assert (hearing.heard, hearing.offered) == ([5, 6, 7, 8, 9, RETURN], [(6, 7, 8)])


async def test_what_a_taker_raises_ends_the_generation(server, vllm):
    hearing = plays_to(Hearing(), server, *STREAM)

    def breaks(_):
        raise ArithmeticError

    hearing.take = breaks
    with pytest.raises(ArithmeticError):
        await hearing.listen(vllm)


async def test_a_pool_passes_the_taker_on_to_who_can_use_it(server, vllm):
    pool = Pool([vllm])
    hearing = await plays_to(Hearing(), server, *STREAM).listen(pool)
    assert isinstance(pool, QuickEngine)
    assert (hearing.heard, hearing.offered) == ([5, 6, 7, 8, 9, RETURN], [(6,), (7, 8), (9,)])


def test_ids_that_end_nothing_are_counted_like_others():
    quick, ordinary = Ending(asking(max_tokens=4)), Ending(asking(max_tokens=4))
    assert quick.ends_nothing((5, 6))
    quick.count((5, 6))
    ordinary.take_ids((5, 6))
    assert not quick.ends_nothing((7, 8))
    assert quick.take_ids((7, 8, 9)) == ordinary.take_ids((7, 8, 9))
    assert quick.finish == ordinary.finish
