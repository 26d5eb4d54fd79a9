"""Real engines, started once for all tests here; `make test-engines` installs them.

Without `ENGINES_HOME`, the folder of their environments, nothing here is collected.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

collect_ignore_glob = [] if "ENGINES_HOME" in os.environ else ["test_*.py"]


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="session")
def engines():
    return Path(os.environ["ENGINES_HOME"])


@pytest.fixture(scope="session")
def vllm(engines, tmp_path_factory):
    from tests.engines_real.servers import start_vllm  # noqa: PLC0415  (not where nothing runs)

    with start_vllm(engines, tmp_path_factory.mktemp("vocabulary")) as url:
        yield url


@pytest.fixture(scope="session")
def llamacpp(engines):
    from tests.engines_real.servers import start_llamacpp  # noqa: PLC0415

    with start_llamacpp(engines) as url:
        yield url


@pytest.fixture(scope="session")
def places(engines, request):
    """Return the address of an engine by its kind, its server started when first asked for."""
    known = {
        "vllm": lambda: f"vllm:{request.getfixturevalue('vllm')}",
        "llamacpp": lambda: f"llamacpp:{request.getfixturevalue('llamacpp')}",
        "completions": lambda: f"completions:{request.getfixturevalue('vllm')}",
        "gguf": lambda: f"local:{engines}/tiny.gguf?context=4096&threads=2",
        "onnx": lambda: f"local:{engines}/onnx-model?context=4096&threads=2",
    }
    return lambda kind: known[kind]()


@pytest.fixture
async def opened(places):
    """Open an engine by its kind, vLLM's by its older route as well, and close it in the end."""
    from harmonium.engines import open_engine  # noqa: PLC0415  (not where nothing runs)

    found = []

    async def opening(kind):
        kind, _, route = kind.partition(", ")
        engine = open_engine(places(kind))
        found.append(engine)
        if route:
            await engine.capabilities()
            engine._dialect.has_token_route = False  # noqa: SLF001  (as where vLLM lacks it)
        return engine

    yield opening
    for engine in found:
        await engine.aclose()


@pytest.fixture(scope="module", params=["vllm", "llamacpp", "gguf"])
def client(places, request):
    """OpenAI's own client of a gateway in front of an engine that can hold to a schema."""
    import openai  # noqa: PLC0415  (not where nothing runs)

    from tests.engines_real.servers import start_gateway  # noqa: PLC0415
    from tests.engines_real.taught import NAME  # noqa: PLC0415

    flags = ("--model", NAME, "--date", "2026-11-21")
    with (
        start_gateway(places(request.param), *flags) as url,
        openai.OpenAI(base_url=f"{url}/v1", api_key="-", max_retries=0, timeout=120) as made,
    ):
        yield made
