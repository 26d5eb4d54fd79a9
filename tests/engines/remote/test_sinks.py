"""A sink receives chunks in the call that reads them, in order, and none of them is yielded."""

from __future__ import annotations

import asyncio

import pytest

from harmonium.engines import Pool
from harmonium.engines.protocol import Capabilities, Chunk, Finish, SupportsSink, generate_into
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


def plays_to(sink, server, *pieces):
    """Play each piece when the one before was heard."""

    async def handler(_request, wire):
        await wire.begin()
        for piece in pieces:
            await sink.turn.acquire()
            await wire.send(piece)
        await wire.end()

    server.on("/v1/completions", handler)
    return sink


class Sink:
    """Receives chunks, or refuses them, and reads what is yielded in between."""

    def __init__(self, refused=()):
        self.refused = refused
        self.offered = []
        self.ids = []
        self.tasks = []
        self.finish = None
        self.turn = asyncio.Semaphore(1)

    def receive(self, chunk):
        self.offered.append(chunk.token_ids)
        if chunk.token_ids in self.refused:
            return False
        self.ids += chunk.token_ids
        self.tasks.append(asyncio.current_task())
        self.turn.release()
        return True

    async def read(self, engine, request=None):
        async for chunk in generate_into(engine, request or asking(), self.receive):
            self.ids += chunk.token_ids
            self.finish = chunk.finish
            self.turn.release()
        return self


async def test_chunks_behind_the_first_are_offered_until_the_end(server, vllm):
    sink = await plays_to(Sink(), server, *STREAM).read(vllm)
    assert sink.ids == [5, 6, 7, 8, 9, RETURN]
    assert sink.offered == [(6,), (7, 8), (9,)]
    assert (sink.finish.reason, sink.finish.stop_token) == ("stop", RETURN)


async def test_a_chunk_that_is_refused_is_yielded(server, vllm):
    sink = await plays_to(Sink(refused=[(7, 8)]), server, *STREAM).read(vllm)
    assert sink.offered == [(6,), (7, 8), (9,)]
    assert sink.ids == [5, 6, 7, 8, 9, RETURN]


async def test_ids_that_end_the_generation_are_not_offered(server, vllm):
    pieces = [said(5), said(6), said(7, RETURN, 8), b"data: [DONE]\n\n"]
    sink = await plays_to(Sink(), server, *pieces).read(vllm)
    assert (sink.ids, sink.offered) == ([5, 6, 7, RETURN], [(6,)])


async def test_ids_that_use_up_the_room_are_not_offered(server, vllm):
    sink = plays_to(Sink(), server, said(5), said(6), said(7, 8), b"data: [DONE]\n\n")
    await sink.read(vllm, asking(max_tokens=3))
    assert (sink.ids, sink.offered) == ([5, 6, 7], [(6,)])
    assert sink.finish.reason == "length"


async def test_chunks_that_come_while_the_task_waits_wake_no_task(server, vllm):
    sink = await plays_to(Sink(), server, *STREAM).read(vllm)
    assert sink.tasks == [None, None, None]


async def test_counts_that_come_with_ids_are_offered_as_well(server, vllm):
    usage = {"usage": {"prompt_tokens_details": {"cached_tokens": 4}}}
    pieces = [said(5), said(6, **usage), said(RETURN, finish="stop"), b"data: [DONE]\n\n"]
    sink = await plays_to(Sink(), server, *pieces).read(vllm)
    assert (sink.offered, sink.ids) == ([(6,)], [5, 6, RETURN])


@pytest.mark.parametrize("size", [1, 7, 40, 10**6])
async def test_however_the_bytes_are_cut_all_is_heard(server, vllm, size):
    whole = b"".join(STREAM)
    plays(server, *(whole[at : at + size] for at in range(0, len(whole), size)))
    assert (await Sink().read(vllm)).ids == [5, 6, 7, 8, 9, RETURN]


async def test_ids_that_come_together_are_offered_together(server, vllm):
    pieces = [said(5), said(6) + said(7, 8), said(9) + said(RETURN, finish="stop")]
    sink = plays_to(Sink(), server, *pieces, b"data: [DONE]\n\n")
    await sink.read(vllm)
    assert (sink.ids, sink.offered) == ([5, 6, 7, 8, 9, RETURN], [(6, 7, 8)])


async def test_what_a_sink_raises_ends_the_generation(server, vllm):
    sink = plays_to(Sink(), server, *STREAM)

    def breaks(_):
        raise ArithmeticError

    sink.receive = breaks
    with pytest.raises(ArithmeticError):
        await sink.read(vllm)


async def test_a_pool_passes_the_sink_on(server, vllm):
    pool = Pool([vllm])
    sink = await plays_to(Sink(), server, *STREAM).read(pool)
    assert isinstance(pool, SupportsSink)
    assert (sink.ids, sink.offered) == ([5, 6, 7, 8, 9, RETURN], [(6,), (7, 8), (9,)])


async def test_an_engine_without_support_for_sinks_yields_every_chunk():
    class Plain:
        name = "plain"

        async def capabilities(self):
            return Capabilities()

        async def generate(self, _request):
            yield Chunk((5,))
            yield Chunk((RETURN,), finish=Finish("stop", RETURN))

    sink = await Sink().read(Plain())
    assert (sink.ids, sink.offered, sink.finish.reason) == ([5, RETURN], [], "stop")
