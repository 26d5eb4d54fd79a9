"""The check of engines before anyone is served. Knows engines by their protocol alone."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from harmonium.engines.pool.engine import Pool
from harmonium.engines.protocol import Capabilities, Engine, GenerationRequest, SamplingParams
from harmonium.errors import HarmoniumError
from harmonium.tokens import load_tokenizer

_PROMPT = "<|start|>user<|message|>Hi<|end|><|start|>assistant"


@dataclass(frozen=True, slots=True)
class EngineReport:
    """What a check found out about one engine.

    Args:
        name: the engine's name, with its address.
        capabilities: what it supports; None when it did not say.
        error: why it cannot serve; None when it can.

    """

    name: str
    capabilities: Capabilities | None = None
    error: HarmoniumError | None = None


async def check_engines(
    engine: Engine, *, encoding: str = "o200k_harmony"
) -> tuple[EngineReport, ...]:
    """Check that an engine, or each engine of a pool, can serve: its health, and one token.

    An address that answers need not be that of the right kind of server; only a generation tells.

    Args:
        engine: an engine, or a pool of them.
        encoding: the encoding of the model.

    Example:
        >>> import asyncio
        >>> from harmonium.engines import open_engine
        >>> (report,) = asyncio.run(check_engines(open_engine("demo")))
        >>> report.name, report.capabilities.models, report.error
        ('demo', ('demo',), None)

    """
    engines = engine.engines if isinstance(engine, Pool) else (engine,)
    prompt = load_tokenizer(encoding).encode(_PROMPT, allowed_special="all")
    return tuple(await asyncio.gather(*(_report(each, prompt) for each in engines)))


async def _report(engine: Engine, prompt: list[int]) -> EngineReport:
    capabilities = None
    try:
        await engine.check()
        capabilities = await engine.capabilities()
        model = next(iter(capabilities.models), "")
        sampling = SamplingParams(max_tokens=1)
        request = GenerationRequest("harmonium-check", model, prompt, sampling)
        async with aclosing(engine.generate(request)) as chunks:
            async for _ in chunks:
                pass
    except HarmoniumError as error:
        return EngineReport(engine.name, capabilities, error)
    return EngineReport(engine.name, capabilities)
