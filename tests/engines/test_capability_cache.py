"""What an engine supports is asked by one question for all, and beside them once it is known."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from harmonium.engines import Capabilities, open_engine
from harmonium.engines.capability_cache import CapabilityCache
from harmonium.errors import EngineTimeoutError
from harmonium.limits import Limits
from tests.engines.running import until_answer

pytestmark = pytest.mark.anyio

OLD, NEW = Capabilities(("old",)), Capabilities(("new",))


class Question:
    """Answers when it is told to."""

    def __init__(self):
        self.count = 0
        self.answers = asyncio.Queue()

    async def __call__(self):
        self.count += 1
        answer = await self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_all_who_wait_share_one_question():
    question = Question()
    cache = CapabilityCache(question)
    waiting = [asyncio.create_task(cache.get()) for _ in range(8)]
    await question.answers.put(OLD)
    assert await asyncio.gather(*waiting) == [OLD] * 8
    assert question.count == 1


async def test_all_who_wait_share_its_failure():
    question = Question()
    cache = CapabilityCache(question)
    waiting = [asyncio.create_task(cache.get()) for _ in range(8)]
    error = EngineTimeoutError("slow", phase="probe")
    await question.answers.put(error)
    assert await asyncio.gather(*waiting, return_exceptions=True) == [error] * 8
    assert question.count == 1


async def test_one_who_gives_up_takes_the_answer_from_nobody():
    question = Question()
    cache = CapabilityCache(question)
    first, second = (asyncio.create_task(cache.get()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await question.answers.put(OLD)
    assert await second == OLD


async def test_what_is_known_is_asked_again_from_time_to_time_and_beside(later):
    question = Question()
    cache = CapabilityCache(question)
    await question.answers.put(OLD)
    assert await cache.get() == OLD
    later(29)
    assert (await cache.get(), question.count) == (OLD, 1)
    later(2)
    assert [await cache.get() for _ in range(8)] == [OLD] * 8
    await question.answers.put(NEW)
    await until_answer(cache.get, NEW)
    assert question.count == 2


async def test_a_failure_makes_a_question_due_at_most_once_a_second(later):
    question = Question()
    cache = CapabilityCache(question)
    await question.answers.put(OLD)
    await cache.get()
    cache.expire()
    assert (await cache.get(), question.count) == (OLD, 1)
    later(1.1)
    await question.answers.put(EngineTimeoutError("slow", phase="probe"))
    await cache.get()
    await asyncio.sleep(0)
    assert (await cache.get(), question.count) == (OLD, 2)


async def test_a_server_that_never_answers_makes_all_wait_once(server):
    server.on("/v1/models", server.hang)
    engine = open_engine(f"sglang:{server.url}", limits=Limits(engine_probe_seconds=0.2))
    errors = await asyncio.gather(
        *(engine.capabilities() for _ in range(8)), return_exceptions=True
    )
    assert [type(error) for error in errors] == [EngineTimeoutError] * 8
    assert len(server.requests) == 1
    await engine.aclose()


async def test_a_server_that_was_replaced_is_found_out(server, later):
    server.on("/v1/models", {"data": [{"id": "old"}]})
    engine = open_engine(f"sglang:{server.url}")
    old = await engine.capabilities()
    assert old.models == ("old",)
    server.on("/v1/models", {"data": [{"id": "new"}]})
    later(31)
    new = dataclasses.replace(old, models=("new",))
    await until_answer(engine.capabilities, new)
    await engine.aclose()
