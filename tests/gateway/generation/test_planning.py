"""What an engine is asked for follows the model's encoding, not the bundled one."""

import pytest

from harmonium import load_encoding
from harmonium.engines.protocol import Chunk, Finish
from harmonium.tokens import EncodingSpec, FormatTokens, register_encoding, registry
from tests.gateway.running import BODIES, running
from tests.gateway.scripted import ScriptedEngine

NAMES = ["start", "end", "message", "channel", "constrain", "call", "return"]
SPECIAL = {f"<|{name}|>": 300 + number for number, name in enumerate(NAMES)}
FORMAT = FormatTokens(300, 301, 302, 303, 304, 305, 306)
BYTES = {bytes([value]): value for value in range(256)}
SPEC = EncodingSpec("gateway-tests", BYTES, r"(?s).", SPECIAL, FORMAT)


@pytest.fixture
def encoding(monkeypatch):
    monkeypatch.setattr(registry, "_specs", dict(registry._specs))  # noqa: SLF001
    register_encoding(SPEC)
    return load_encoding(SPEC.name)


@pytest.mark.parametrize("route", BODIES)
def test_generation_stops_at_the_tokens_of_the_models_own_format(encoding, route):
    answer = "<|channel|>final<|message|>Hello.<|return|>"
    ids = encoding.encode(answer, allowed_special="all")
    engine = ScriptedEngine([Chunk(tuple(ids), finish=Finish("stop", FORMAT.return_))])
    with running(engine, encoding=SPEC.name) as gateway:
        answered = gateway.client.post(route, json=BODIES[route])
    assert answered.status_code == 200, answered.text
    assert "Hello." in answered.text
    (request,) = engine.requests
    assert request.sampling.stop_token_ids == (FORMAT.return_, FORMAT.call)
