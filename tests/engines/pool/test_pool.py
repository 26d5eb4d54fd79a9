"""A pool spreads requests, keeps prompts where their beginning is known, and survives failures."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines import Capabilities, Chunk, Engine, Finish, Pool
from harmonium.engines.pool.prefix_affinity import PrefixAffinity
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidInputError,
    OverloadedError,
)
from tests.engines.running import PROMPT, asking, run, until_answer
from tests.engines.server import PATIENCE

pytestmark = pytest.mark.anyio


class Scripted:
    """An engine that goes through steps for each request: ids to give, errors to raise, waits."""

    def __init__(self, name, *steps, capabilities=None):
        self.name = name
        self.steps = steps or ([7],)
        self.told = capabilities or Capabilities(models=("tiny",))
        self.requests = []
        self.running = 0
        self.aborted = []
        self.is_well = asyncio.Event()
        self.is_well.set()
        self.is_closed = False

    async def capabilities(self):
        if isinstance(self.told, EngineError):
            raise self.told
        return self.told

    async def generate(self, request):
        self.requests.append(request)
        self.running += 1
        try:
            for step in self.steps:
                if isinstance(step, EngineError):
                    raise step
                if isinstance(step, asyncio.Event):
                    await step.wait()
                else:
                    yield Chunk(tuple(step))
            yield Chunk((), finish=Finish("length"))
        finally:
            self.running -= 1

    async def abort(self, request_id):
        self.aborted.append(request_id)

    async def check(self):
        if not self.is_well.is_set():
            message = "down"
            raise EngineUnavailableError(message)

    async def aclose(self):
        self.is_closed = True


def down():
    return EngineUnavailableError("cannot be reached")


async def asked(pool, *prompts):
    for number, prompt in enumerate(prompts):
        await run(pool, asking(prompt, name=f"r{number}"))


async def at_once(_seconds):
    """Pauses for a turn of the event loop."""
    await asyncio.sleep(0)


def counts(*engines):
    return [len(engine.requests) for engine in engines]


def test_the_scripted_engine_is_an_engine():
    assert isinstance(Scripted("a"), Engine)


def test_a_pool_needs_an_engine():
    with pytest.raises(InvalidInputError):
        Pool([])


async def test_requests_go_to_the_engine_with_the_fewest_under_way():
    gate = asyncio.Event()
    engines = [Scripted(name, [1], gate) for name in "abc"]
    pool = Pool(engines)
    streams = [pool.generate(asking([n] * 9, name=str(n))) for n in range(6)]
    for stream in streams:
        await anext(stream)
    assert [engine.running for engine in engines] == [2, 2, 2]
    await streams[0].aclose()
    another = pool.generate(asking([77], name="another"))
    await anext(another)
    assert [engine.running for engine in engines] == [2, 2, 2]
    for stream in [*streams, another]:
        await stream.aclose()
    assert [engine.running for engine in engines] == [0, 0, 0]


async def test_a_prompt_goes_where_its_beginning_is_known():
    engines = [Scripted(name) for name in "abc"]
    pool = Pool(engines)
    first, second = list(range(200)), list(range(500, 700))
    await asked(pool, first, second, [*first, 1, 2], [*second, 3], [*first, 9], first)
    assert counts(*engines) == [4, 2, 0]


async def test_a_busy_engine_gives_its_prompts_away():
    gate = asyncio.Event()
    engines = [Scripted(name, [1], gate) for name in "ab"]
    pool = Pool(engines)
    streams = [pool.generate(asking(list(range(200)), name=str(n))) for n in range(12)]
    for stream in streams:
        await anext(stream)
    assert max(counts(*engines)) - min(counts(*engines)) <= 5
    for stream in streams:
        await stream.aclose()


@pytest.mark.parametrize(
    "error",
    [
        down(),
        EngineBrokenError("died"),
        OverloadedError("full"),
        EngineTimeoutError("slow", phase="connect"),
    ],
    ids=lambda error: error.code,
)
async def test_a_request_that_failed_before_a_token_goes_to_another_engine(error):
    bad, good = Scripted("bad", error), Scripted("good", [1, 2])
    pool = Pool([bad, good])
    assert (await run(pool)).ids == [1, 2]
    assert counts(bad, good) == [1, 1]
    await pool.aclose()


async def test_a_request_that_failed_behind_a_token_is_not_repeated():
    bad, good = Scripted("bad", [1], EngineBrokenError("died")), Scripted("good")
    pool = Pool([bad, good])
    with pytest.raises(EngineBrokenError):
        await run(pool)
    assert counts(bad, good) == [1, 0]


@pytest.mark.parametrize("phase", ["first_token", "idle", "total"])
async def test_a_caller_who_waited_long_is_told_and_not_made_to_wait_again(phase):
    bad, good = Scripted("bad", EngineTimeoutError("slow", phase=phase)), Scripted("good")
    pool = Pool([bad, good])
    with pytest.raises(EngineTimeoutError):
        await run(pool)
    assert counts(bad, good) == [1, 0]


async def test_when_all_fail_the_last_error_is_told():
    pool = Pool([Scripted("a", down()), Scripted("b", OverloadedError("full"))])
    with pytest.raises(OverloadedError):
        await run(pool)
    await pool.aclose()


async def test_an_engine_that_is_down_gets_nothing_until_a_probe_finds_it_well():
    pauses, go_on = [], asyncio.Semaphore(0)
    probed = asyncio.Semaphore(0)

    async def pause(seconds):
        pauses.append(seconds)
        probed.release()
        await go_on.acquire()

    sick, good = Scripted("sick", down()), Scripted("good")
    sick.is_well.clear()
    pool = Pool([sick, good], pause=pause)
    await asked(pool, [1], [2], [3])
    assert (counts(sick, good), pool.healthy) == ([1, 3], ("good",))
    async with asyncio.timeout(PATIENCE):
        for _ in range(7):
            await probed.acquire()
            go_on.release()
        await probed.acquire()
        sick.is_well.set()
        sick.steps = ([8],)
        go_on.release()
        await asyncio.gather(*(task for task in asyncio.all_tasks() if "_recover" in repr(task)))
    assert pool.healthy == ("sick", "good")
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    await asked(pool, [4], [5])
    assert counts(sick, good) == [2, 4]
    await pool.aclose()


async def test_three_failures_in_a_row_put_an_engine_down():
    engines = [Scripted("sick", EngineBrokenError("died")), Scripted("good")]
    pool = Pool(engines)
    for number in range(10):
        await run(pool, asking([number]))
    assert (counts(*engines), pool.healthy) == ([3, 10], ("good",))
    await pool.aclose()


async def test_an_engine_that_is_full_is_not_ill():
    engines = [Scripted("full", OverloadedError("full")), Scripted("good")]
    pool = Pool(engines)
    for number in range(10):
        await run(pool, asking([number]))
    assert pool.healthy == ("full", "good")


async def test_when_none_is_well_all_are_tried():
    engine = Scripted("only", down())
    pool = Pool([engine])
    for _ in range(2):
        with pytest.raises(EngineUnavailableError):
            await run(pool)
    assert counts(engine) == [2]
    await pool.aclose()


async def test_capabilities_are_what_all_can_do():
    first = Capabilities(("a", "b"), 100, frozenset({"grammar", "json_schema"}), 5)
    second = Capabilities(("b", "c"), None, frozenset({"grammar"}), 0, ignored=frozenset({"seed"}))
    pool = Pool([Scripted("x", capabilities=first), Scripted("y", capabilities=second)])
    expected = Capabilities(("b",), 100, frozenset({"grammar"}), 0, ignored=frozenset({"seed"}))
    assert await pool.capabilities() == expected


async def test_capabilities_are_asked_again_while_an_engine_is_silent():
    silent = Scripted("silent", capabilities=down())
    well = Scripted("well", capabilities=Capabilities(logprobs=20))
    pool = Pool([silent, well], pause=at_once)
    assert (await pool.capabilities()).logprobs == 20
    silent.told = Capabilities(logprobs=3)
    await until_answer(pool.capabilities, Capabilities(logprobs=3))
    await pool.aclose()


async def test_a_pool_is_well_while_one_engine_is():
    engines = [Scripted("a"), Scripted("b")]
    pool = Pool(engines)
    engines[0].is_well.clear()
    await pool.check()
    engines[1].is_well.clear()
    with pytest.raises(EngineUnavailableError):
        await pool.check()


async def test_aborting_reaches_the_engine_that_runs_the_request():
    engines = [Scripted("a", [1], [2]), Scripted("b", [1], [2])]
    pool = Pool(engines)
    streams = [pool.generate(asking([n], name=f"r{n}")) for n in range(2)]
    for stream in streams:
        await anext(stream)
    await pool.abort("r1")
    await pool.abort("unknown")
    assert [engine.aborted for engine in engines] == [[], ["r1"]]
    for stream in streams:
        await stream.aclose()


async def test_closing_a_pool_closes_its_engines_and_leaves_no_task():
    engines = [Scripted("a", down()), Scripted("b")]
    pool = Pool(engines)
    await run(pool)
    await pool.aclose()
    assert [engine.is_closed for engine in engines] == [True, True]
    assert [task for task in asyncio.all_tasks() if "_recover" in repr(task)] == []


@given(st.lists(st.integers(0, 2), max_size=400), st.integers(0, 400), st.integers(1, 9))
def test_a_beginning_is_known_by_whole_blocks(prompt, shared, most):
    prefixes = PrefixAffinity(most)
    prefixes.remember(prompt, 1)
    other = [*prompt[:shared], *[9] * 100]
    known = len(prompt[:shared]) >= 64 and len(prompt) // 64 <= most
    assert (prefixes.find(other) == 1) == known or len(prompt) // 64 > most


def test_what_is_remembered_is_bounded():
    prefixes = PrefixAffinity(3)
    for number in range(10):
        prefixes.remember([number] * 64, number)
    assert [prefixes.find([number] * 64) for number in (6, 7, 9)] == [None, 7, 9]


async def test_the_prompt_reaches_the_engine_unchanged():
    engine = Scripted("a")
    request = asking(PROMPT, temperature=0.3)
    await run(Pool([engine]), request)
    assert engine.requests == [request]
