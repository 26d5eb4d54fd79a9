"""Runs an engine, and adds up what it gives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from harmonium.engines import GenerationRequest, SamplingParams
from tests.engines.server import PATIENCE
from tests.engines.servers import ids_of

PROMPT = tuple(ids_of("<|start|>user<|message|>Hi.<|end|><|start|>assistant"))


@dataclass
class Result:
    ids: list[int]
    logprobs: list
    finish: object
    cached: int | None


def asking(prompt=PROMPT, constraint=None, name="r1", **sampling):
    return GenerationRequest(name, "tiny", prompt, SamplingParams(**sampling), constraint)


async def run(engine, request=None):
    request = request or asking()
    chunks = [chunk async for chunk in engine.generate(request)]
    assert [chunk.finish for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    wants = request.sampling.logprobs is not None
    assert all((chunk.logprobs is not None) == wants for chunk in chunks)
    logprobs = [entry for chunk in chunks for entry in chunk.logprobs or ()]
    ids = [token for chunk in chunks for token in chunk.token_ids]
    assert not wants or [entry.token_id for entry in logprobs] == ids
    return Result(ids, logprobs, chunks[-1].finish, chunks[-1].cached_tokens)


async def until(holds):
    """Run the event loop until a condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110  (nobody sets an event)
            await asyncio.sleep(0)


async def until_answer(question, expected):
    """Ask until the answer is the expected one."""
    async with asyncio.timeout(PATIENCE):
        while await question() != expected:  # noqa: ASYNC110  (nobody sets an event)
            await asyncio.sleep(0)
