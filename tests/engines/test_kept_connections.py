"""A kept connection that the server has closed behind our back costs no generation."""

from __future__ import annotations

import pytest

from engines.running import run
from engines.servers import RETURN, event
from harmonium.engines import open_engine
from harmonium.errors import EngineUnavailableError

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
