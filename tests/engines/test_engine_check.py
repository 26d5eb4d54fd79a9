"""Before anyone is served, an engine is asked whether it can: health, models, one token."""

from __future__ import annotations

import pytest

from harmonium.engines import check_engines, open_engine
from harmonium.errors import EngineRejectedError, EngineUnavailableError
from tests.engines.servers import BY_NAME, Said, serve

pytestmark = pytest.mark.anyio


async def test_an_engine_that_can_serve_says_what_it_has(server):
    serve(server, BY_NAME["Vllm"], Said(((5,),), reason="length"))
    engine = open_engine(f"vllm:{server.url}/v1")
    (report,) = await check_engines(engine)
    assert (report.name, report.error) == (f"vllm:{server.url}", None)
    assert report.capabilities.models == ("tiny",)
    assert [body["max_tokens"] for body in server.asked("/v1/completions")] == [1]
    await engine.aclose()


async def test_a_server_of_another_kind_is_found_out(server):
    BY_NAME["Sglang"].prepare(server)
    engine = open_engine(f"vllm:{server.url}")
    (report,) = await check_engines(engine)
    assert isinstance(report.error, EngineRejectedError)
    assert report.capabilities.models == ("tiny",)
    await engine.aclose()


async def test_each_engine_of_a_pool_is_checked(server):
    serve(server, BY_NAME["Vllm"], Said(((5,),), reason="length"))
    pool = open_engine(f"vllm:{server.url},vllm:http://127.0.0.1:1")
    good, bad = await check_engines(pool)
    assert (good.error, type(bad.error)) == (None, EngineUnavailableError)
    assert bad.name == "vllm:http://127.0.0.1:1"
    await pool.aclose()
