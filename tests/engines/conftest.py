"""Async tests run on asyncio through anyio's plugin: it is installed with the clients anyway."""

import asyncio

import pytest

from harmonium.engines import open_engine
from tests.engines.server import Server


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def server():
    server = Server()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def vllm(server):
    """Speak to the scripted server as to a vLLM that serves one model."""
    server.on("/v1/models", {"data": [{"id": "tiny"}]})
    engine = open_engine(f"vllm:{server.url}")
    yield engine
    await engine.aclose()


@pytest.fixture
async def later(monkeypatch):
    """Moves the event loop's clock."""
    loop = asyncio.get_running_loop()
    clock, ahead = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: clock() + ahead[0])

    def move(seconds):
        ahead[0] += seconds

    return move
