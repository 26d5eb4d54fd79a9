"""Engines over a scripted runtime, and async tests on asyncio."""

import pytest

from harmonium.engines.local import LocalEngine, engine
from tests.engines.local.scripted import Player


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def player():
    return Player()


@pytest.fixture
async def local(player, monkeypatch):
    monkeypatch.setattr(engine, "loader", lambda *_: player.load)
    made = LocalEngine("folder/model.gguf")
    yield made
    await made.aclose()
