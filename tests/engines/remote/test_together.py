"""What a server sends at once is one chunk; what is wrong behind it comes behind it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from harmonium.engines import open_engine
from harmonium.engines.timeouts import Deadlines
from harmonium.errors import EngineBrokenError, EngineProtocolError, EngineTimeoutError
from harmonium.limits import DEFAULT_LIMITS
from tests.engines.running import asking, run
from tests.engines.servers import RETURN, event

pytestmark = pytest.mark.anyio


def said(*ids, finish=None):
    return event({"choices": [{"index": 0, "token_ids": list(ids), "finish_reason": finish}]})


DONE = b"data: [DONE]\n\n"


@pytest.fixture
def engine(vllm):
    return vllm


def at_once(server, *events):
    async def handler(_request, wire):
        await wire.stream([b"".join(events)])

    server.on("/v1/completions", handler)


async def until_it_fails(engine):
    """Return the ids of each chunk, and the error."""
    given = []
    try:
        async for chunk in engine.generate(asking()):
            given.append(chunk.token_ids)  # noqa: PERF401  (kept when it raises)
    except (EngineBrokenError, EngineProtocolError) as error:
        return given, type(error)
    return given, None


async def test_events_that_come_at_once_are_one_chunk(server, engine):
    at_once(server, said(5), said(6, 7), said(RETURN, finish="stop"), DONE)
    chunks = [chunk.token_ids async for chunk in engine.generate(asking())]
    assert chunks == [(5, 6, 7, RETURN), ()]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (event({"error": {"message": "full", "code": 500}}), EngineBrokenError),
        (b"data: {]\n\n", EngineProtocolError),
        (DONE, EngineBrokenError),
        (b"", EngineBrokenError),
    ],
    ids=["complaint", "garbage", "done", "end"],
)
async def test_tokens_before_a_fault_in_the_same_bytes_are_given(server, engine, fault, error):
    at_once(server, said(5), said(6), fault)
    assert await until_it_fails(engine) == ([(5, 6)], error)


async def test_a_fault_behind_the_end_in_the_same_bytes_matters_no_more(server, engine):
    at_once(server, said(5), said(RETURN, finish="stop"), b"data: {]\n\n")
    assert (await run(engine)).ids == [5, RETURN]


async def test_the_tokens_a_cache_held_are_told_behind_the_end_in_the_same_bytes(server, engine):
    usage = {"choices": [], "usage": {"prompt_tokens_details": {"cached_tokens": 4}}}
    at_once(server, said(5), said(RETURN, finish="stop"), event(usage), DONE)
    assert (await run(engine)).cached == 4


@pytest.mark.parametrize("model", ["tiny", "half a character: \ud800"])
@pytest.mark.parametrize("seed", [7, 2**70])
async def test_a_question_arrives_as_it_was_asked(server, model, seed):
    server.on("/v1/models", {"data": [{"id": "one"}, {"id": "another"}]})
    at_once(server, said(RETURN, finish="stop"), DONE)
    engine = open_engine(f"vllm:{server.url}")
    question = replace(asking(seed=seed), model=model)
    await run(engine, question)
    await engine.aclose()
    [asked] = server.asked("/v1/completions")
    assert (asked["model"], asked["seed"], asked["prompt"]) == (
        model,
        seed,
        list(question.prompt),
    )


class Reader:
    """Reads as an answer does: with a mark before and behind, and given up by the timer."""

    def __init__(self, **limits):
        self.deadlines = Deadlines(replace(DEFAULT_LIMITS, **limits), "it")
        self.deadlines.watch(self.cancel)
        self.coming = asyncio.get_running_loop().create_future()

    def cancel(self):
        self.coming.set_exception(self.deadlines.expired)

    async def read(self, turns=None):
        """Wait for something that comes after some turns of the loop, or never."""
        self.deadlines.on_read()
        try:
            for _ in range(turns or 0):
                await asyncio.sleep(0)
            return b"x" if turns is not None else await self.coming
        finally:
            self.deadlines.on_read_end()


async def test_a_timer_set_for_the_first_token_leaves_the_next_its_own_time():
    reader = Reader(engine_first_token_seconds=0, engine_idle_seconds=60)
    assert await reader.read(turns=0) == b"x"
    reader.deadlines.on_tokens()
    assert await reader.read(turns=10) == b"x"  # the first timer rings meanwhile
    assert reader.deadlines.expired is None
    reader.deadlines.close()


async def test_a_timer_that_rang_while_nobody_waited_is_set_for_the_next_read():
    reader = Reader(engine_first_token_seconds=0)
    assert await reader.read(turns=0) == b"x"
    for _ in range(10):
        await asyncio.sleep(0)
    with pytest.raises(EngineTimeoutError):
        await reader.read()
    reader.deadlines.close()


async def test_a_shorter_time_is_kept_though_the_timer_was_set_for_a_longer():
    reader = Reader(engine_first_token_seconds=300, engine_idle_seconds=0.01)
    assert await reader.read(turns=1) == b"x"
    reader.deadlines.on_tokens()
    with pytest.raises(EngineTimeoutError) as caught:
        await reader.read()
    reader.deadlines.close()
    assert caught.value.phase == "idle"
