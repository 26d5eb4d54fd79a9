"""Async tests run on asyncio through anyio's plugin: it is installed with the clients anyway."""

import pytest

from engines.server import Server


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def server():
    server = Server()
    await server.start()
    yield server
    await server.stop()
