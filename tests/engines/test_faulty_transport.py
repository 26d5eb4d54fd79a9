"""Whatever a connection does to an answer, it ends: whole, or by one of our errors."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings

from harmonium.engines import Finish, open_engine
from harmonium.errors import EngineError
from tests.engines.faulty import BEFORE_HEADERS, CORRUPTIONS, ENDINGS, Plan, plans, spoiled
from tests.engines.running import asking
from tests.engines.server import PATIENCE, Server
from tests.engines.servers import BY_NAME, Said, chunked, ids_of

ANSWER = ids_of("<|channel|>final<|message|>It is four, I think.<|return|>")
NAMES = ["Vllm", "VllmTokens", "Sglang", "Llamacpp", "Lmdeploy", "Ollama"]
EXAMPLES = settings(max_examples=25)


async def outcome(engine):
    """The ids that came, and how it ended: a finish, or one of our errors."""
    ids = []
    try:
        async for chunk in engine.generate(asking()):
            ids += chunk.token_ids
    except EngineError as error:
        return ids, error
    return ids, chunk.finish


async def _play(name, *answers):
    """Outcomes of one engine whose server spoils its answers by these plans, one by one."""
    server, kind = Server(), BY_NAME[name]
    await server.start()
    kind.prepare(server)
    engine = open_engine(f"{kind.kind}:{server.url}")
    frames = list(kind.frames(Said(chunked(ANSWER, 2)), None))
    outcomes = []
    async with asyncio.timeout(PATIENCE):
        for plan in answers:
            server.on(kind.path, spoiled(frames, plan))
            outcomes.append(await outcome(engine))
    await engine.aclose()
    assert [str(end) for _, end in outcomes if server.url in str(end)] == []
    left = {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}
    assert left <= server.tasks
    await server.stop()
    return outcomes


WHOLE = (ANSWER, Finish("stop", ANSWER[-1]))


@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(plan=plans([None]))
def test_an_answer_is_whole_however_it_is_cut(name, plan):
    assert asyncio.run(_play(name, plan)) == [WHOLE]


@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(plan=plans(ENDINGS))
def test_an_answer_that_breaks_off_is_a_beginning_and_an_error_and_spoils_no_other(name, plan):
    (ids, end), after = asyncio.run(_play(name, plan, Plan()))
    assert ids == ANSWER[: len(ids)]
    assert isinstance(end, EngineError) or (ids, end) == WHOLE
    assert after == WHOLE


@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(plan=plans(CORRUPTIONS))
def test_an_answer_that_is_spoiled_ends_and_spoils_no_other(name, plan):
    (_, end), after = asyncio.run(_play(name, plan, Plan()))
    assert isinstance(end, EngineError | Finish)
    assert after == WHOLE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", BEFORE_HEADERS)
def test_what_is_no_answer_is_an_error_and_spoils_no_other(name, fault):
    (ids, end), after = asyncio.run(_play(name, Plan(fault=fault), Plan()))
    assert (ids, isinstance(end, EngineError)) == ([], True)
    assert after == WHOLE


@EXAMPLES
@given(plan=plans((*ENDINGS, *CORRUPTIONS)))
def test_a_plan_spoils_an_answer_in_the_same_way_each_time(plan):
    first, second = (asyncio.run(_play("Vllm", plan))[0] for _ in range(2))
    assert (first[0], type(first[1])) == (second[0], type(second[1]))
