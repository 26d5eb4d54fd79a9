"""Gateways that run for a whole module: each test sets what the engine says."""

import openai
import pytest

from tests.gateway import leaks
from tests.gateway.running import running
from tests.gateway.scripted import ANSWER, FULL, ScriptedEngine, chunks_of


@pytest.fixture(autouse=True)
def _all_is_served():
    """Every test of the gateway leaves no task and no request behind."""
    yield
    leaks.assert_all_is_served()


@pytest.fixture(autouse=True, scope="module")
def _all_is_closed():
    """Every file of them leaves no connection and no file open."""
    before = leaks.open_files()
    yield
    leaks.assert_all_is_closed(before)


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
