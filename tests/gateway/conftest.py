"""Gateways that run for a whole module: each test sets what the engine says."""

import openai
import pytest

from tests.gateway.running import running
from tests.gateway.scripted import ANSWER, FULL, ScriptedEngine, chunks_of


@pytest.fixture(scope="module")
def shared():
    with running(ScriptedEngine()) as gateway:
        yield gateway


@pytest.fixture
def gateway(shared):
    """A gateway whose engine answers, until the test says otherwise; nothing is left behind."""
    reset(shared)
    yield shared
    shared.assert_nothing_is_left()


@pytest.fixture
def client(gateway):
    """OpenAI's own client of that gateway."""
    with openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="unused", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def shared_impatient():
    patience = {"first_token_seconds": 0.2, "idle_seconds": 0.2, "write_seconds": 0.2}
    with running(ScriptedEngine(), **patience, keepalive_seconds=30) as gateway:
        yield gateway


@pytest.fixture
def impatient(shared_impatient):
    """A gateway that waits for nobody longer than a moment."""
    reset(shared_impatient)
    yield shared_impatient
    shared_impatient.assert_nothing_is_left()


def reset(gateway):
    engine = gateway.engine
    engine.script, engine.can, engine.ill = chunks_of(ANSWER), FULL, None
    engine.requests.clear()
    engine.given = 0
