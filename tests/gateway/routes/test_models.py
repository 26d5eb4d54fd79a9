"""Several models behind one gateway: each with its engine, aliases, sampling and prompt."""

from __future__ import annotations

import pytest

from harmonium.gateway import Service, Settings
from tests.gateway.reading import error_of
from tests.gateway.running import BODIES, CHAT, Running
from tests.gateway.scripted import ENCODING, FULL, ScriptedEngine

TABLES = {
    "large": {"engine": ("demo",), "aliases": ("big",), "temperature": 0.25},
    "small": {"engine": ("demo",), "effort": "low", "identity": "You are small."},
}


@pytest.fixture(scope="module")
def both():
    engines = {name: ScriptedEngine(name=name, can=FULL) for name in TABLES}
    settings = Settings(models=TABLES, temperature=0.75)
    service = Service(settings, ENCODING, engines["large"], engines=engines)
    gateway = Running(service, engines["large"]).start()
    yield gateway
    gateway.stop()
    assert [engine.is_closed for engine in engines.values()] == [True, True]


def asked_of(gateway, name):
    (request,) = gateway.service.engines[name].requests
    gateway.service.engines[name].requests.clear()
    return request


@pytest.mark.parametrize("path", BODIES)
def test_a_request_goes_to_the_engine_of_its_model_with_its_sampling(both, path):
    for name in ("large", "small"):
        assert both.client.post(path, json=BODIES[path] | {"model": name}).status_code == 200
    found = [asked_of(both, name).sampling.temperature for name in ("large", "small")]
    assert found == [0.25, 0.75]


def test_a_model_has_its_own_prompt(both):
    both.client.post("/v1/chat/completions", json=CHAT | {"model": "small"})
    prompt = ENCODING.decode(asked_of(both, "small").prompt)
    assert "You are small." in prompt
    assert "Reasoning: low" in prompt


def test_an_alias_is_the_model(both):
    answer = both.client.post("/v1/chat/completions", json=CHAT | {"model": "big"})
    assert answer.status_code == 200
    assert asked_of(both, "large").model == "gpt-oss-test"


def test_all_models_are_listed_and_found(both):
    listed = both.client.get("/v1/models").json()["data"]
    assert [model["id"] for model in listed] == ["large", "big", "small"]
    assert both.client.get("/v1/models/big").json()["id"] == "big"


def test_a_model_that_is_not_served_is_refused_with_those_that_are(both):
    answer = both.client.post("/v1/chat/completions", json=CHAT | {"model": "other"})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "model_not_found")
    assert "large, big, small" in error_of(answer)["message"]
