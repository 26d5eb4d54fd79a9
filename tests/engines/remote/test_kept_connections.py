"""A kept connection that the server has closed behind our back costs no generation."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from harmonium.engines import open_engine
from harmonium.errors import EngineUnavailableError
from tests.engines.running import asking, run
from tests.engines.server import PATIENCE
from tests.engines.servers import RETURN, event

pytestmark = pytest.mark.anyio

FRAMES = [
    event({"content": "x", "tokens": [RETURN], "stop": False}),
    event({"content": "", "tokens": [], "stop": True, "stop_type": "eos"}),
]


@pytest.fixture
async def engine(server):
    server.on("/v1/models", {"data": [{"id": "tiny"}]})
    server.on("/props", {})
    engine = open_engine(f"llamacpp:{server.url}")
    yield engine
    await engine.aclose()


async def test_a_generation_on_a_closed_connection_is_asked_for_again(server, engine):
    used = set()

    async def once_a_connection(_request, wire):
        if wire._writer in used:  # noqa: SLF001  (which connection it is)
            wire.die()
        else:
            used.add(wire._writer)  # noqa: SLF001
            await wire.stream(FRAMES)

    server.on("/completion", once_a_connection)
    for _ in range(3):
        assert (await run(engine)).ids == [RETURN]
    assert len(used) == 3


async def test_a_new_connection_that_fails_is_not_tried_again(server, engine):
    async def never(_request, wire):
        wire.die()

    server.on("/completion", never)
    await engine.capabilities()
    with pytest.raises(EngineUnavailableError):
        await run(engine)
    assert len(server.asked("/completion")) == 2  # on the probe's connection, and on a new one
    with pytest.raises(EngineUnavailableError):
        await run(engine)
    assert len(server.asked("/completion")) == 3


WHOLE = [
    event({"choices": [{"index": 0, "token_ids": [RETURN], "finish_reason": "stop"}]}),
    b"data: [DONE]\n\n",
]


async def leave_at_the_end(engine):
    """Hear a generation as the gateway does: nobody reads what is behind its end."""
    stream = engine.generate(asking())
    async for chunk in stream:
        if chunk.finish is not None:
            break
    await stream.aclose()


async def until_let_go_of(engine):
    async with asyncio.timeout(PATIENCE):
        while engine._upstream.draining:  # noqa: ASYNC110, SLF001  (answers that have yet to end)
            await asyncio.sleep(0)


async def test_generations_left_at_their_ends_share_one_connection(server, vllm):
    is_left = asyncio.Event()

    async def ends_late(_request, wire):
        await wire.begin()
        await wire.send(b"".join(WHOLE))
        await is_left.wait()
        await wire.end()

    server.on("/v1/completions", ends_late)
    for _ in range(5):
        is_left.clear()
        await leave_at_the_end(vllm)
        is_left.set()
        await until_let_go_of(vllm)
    assert server.connections == 1


async def never_ends(server, _request, wire):
    await wire.begin()
    await wire.send(b"".join(WHOLE))
    await server.hang(_request, wire)


async def test_the_connection_of_an_answer_that_goes_on_behind_its_end_is_closed(server, vllm):
    server.on("/v1/completions", partial(never_ends, server))
    await leave_at_the_end(vllm)
    await server.someone_left()
    await until_let_go_of(vllm)


async def test_an_engine_that_is_closed_waits_for_no_answer_to_end(server, vllm):
    server.on("/v1/completions", partial(never_ends, server))
    await leave_at_the_end(vllm)
    await vllm.aclose()
    assert not vllm._upstream.draining  # noqa: SLF001
    await server.someone_left()
