"""One word names an engine."""

from __future__ import annotations

import pytest

from harmonium.engines import ENGINE_KINDS, Engine, Pool, open_engine
from harmonium.errors import InvalidInputError

pytestmark = pytest.mark.anyio

REMOTE = sorted(set(ENGINE_KINDS) - {"demo", "local", "replay"})


@pytest.mark.parametrize("kind", REMOTE)
async def test_a_server_is_named_by_its_kind_and_address(kind):
    engine = open_engine(f"{kind}:http://127.0.0.1:9/base/")
    assert isinstance(engine, Engine)
    assert engine.name == f"{kind}:http://127.0.0.1:9/base"
    await engine.aclose()


async def test_the_default_needs_no_place():
    assert (await open_engine("demo").capabilities()).is_simulated


async def test_several_become_a_pool():
    engine = open_engine("vllm:http://127.0.0.1:1, vllm:http://127.0.0.1:2")
    assert isinstance(engine, Pool)
    assert engine.healthy == ("vllm:http://127.0.0.1:1", "vllm:http://127.0.0.1:2")
    await engine.aclose()


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "nonsense",
        "vllm",
        "vllm:host:80",
        "vllm:ftp://host",
        "vllm:http://",
        "vllm:http://user:pass@host",
        "vllm:http://host/?key=1",
        "vllm:http://host:notaport",
        "replay",
        "local",
        "demo,",
    ],
)
def test_what_names_no_engine_is_refused(spec):
    with pytest.raises(InvalidInputError) as caught:
        open_engine(spec)
    assert caught.value.code == "invalid_engine"
    assert "pass" not in str(caught.value)


def test_a_fault_that_the_demo_does_not_know_is_refused():
    with pytest.raises(InvalidInputError) as caught:
        open_engine("demo:no-such-fault")
    assert caught.value.code == "unknown_fault"


def test_text_engines_say_that_structure_may_be_lost(caplog):
    open_engine("ollama:http://127.0.0.1:1")
    assert "may be lost" in caplog.text


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/completions", "/v1/chat/completions", "/v1/responses"]
)
@pytest.mark.parametrize("kind", ["vllm", "sglang", "completions", "ollama"])
def test_the_path_that_openai_clients_want_is_dropped(kind, path):
    assert open_engine(f"{kind}:http://host:8000{path}").name == f"{kind}:http://host:8000"


def test_any_other_path_is_kept():
    assert open_engine("vllm:http://host/my/v1x").name == "vllm:http://host/my/v1x"


@pytest.mark.parametrize("kind", REMOTE)
async def test_capabilities_can_be_compared_and_merged(server, kind):
    server.on("/v1/models", {"data": [{"id": "tiny"}]})
    server.on("/api/tags", {"models": [{"name": "tiny"}]})
    engine = open_engine(f"{kind}:{server.url}")
    capabilities = await engine.capabilities()
    assert capabilities.models == ("tiny",)
    assert {capabilities} == {await engine.capabilities()}
    await engine.aclose()
