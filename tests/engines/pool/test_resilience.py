"""A fault of one engine, or of one prompt, stays where it is."""

from __future__ import annotations

import asyncio

import pytest

from harmonium.engines import Capabilities, JsonObject, Pool, open_engine
from harmonium.engines.pool.quarantine import PromptQuarantine
from harmonium.errors import (
    EngineBrokenError,
    EngineRejectedError,
    EngineTimeoutError,
    EngineUnavailableError,
    OverloadedError,
)
from tests.engines.pool.test_pool import Scripted, at_once, counts, down
from tests.engines.running import PROMPT, asking, run, until
from tests.engines.server import PATIENCE, Server
from tests.engines.servers import BY_NAME, Said, chunked, ids_of, serve

pytestmark = pytest.mark.anyio

ANSWER = ids_of("<|channel|>final<|message|>It is four.<|return|>")


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def killed():
    """What a request gets whose engine hung up on it."""
    error = EngineUnavailableError("hung up")
    error.broken_connections = 1
    return error


class Silent(Scripted):
    """Accepts every question and answers none."""

    def __init__(self, name, *steps):
        super().__init__(name, *steps)
        self.questions = 0

    async def capabilities(self):
        self.questions += 1
        await asyncio.Event().wait()


async def test_nobody_waits_for_an_engine_that_does_not_answer_while_another_does():
    silent, good = Silent("silent"), Scripted("good", [1])
    pool = Pool([silent, good])
    async with asyncio.timeout(PATIENCE):
        results = await asyncio.gather(*(run(pool, asking([n], name=str(n))) for n in range(8)))
        await asyncio.gather(*(pool.capabilities() for _ in range(8)))
    assert [result.ids for result in results] == [[1]] * 8
    assert (counts(silent, good), silent.questions) == ([0, 8], 1)
    await pool.aclose()


@pytest.mark.parametrize("phase", ["connect", "probe", "first_token"])
async def test_an_engine_that_does_not_answer_is_left_out_at_once(phase):
    silent = Scripted("silent", EngineTimeoutError("slow", phase=phase))
    silent.is_well.clear()
    pool = Pool([silent, Scripted("good")])
    await asyncio.gather(run(pool, asking([1])), return_exceptions=True)
    assert pool.healthy == ("good",)
    await pool.aclose()


async def test_readiness_waits_for_no_silent_engine():
    class Hanging(Scripted):
        async def check(self):
            await asyncio.Event().wait()

    pool = Pool([Hanging("hanging"), Scripted("good")])
    async with asyncio.timeout(PATIENCE):
        await pool.check()


async def test_an_engine_that_stopped_answering_is_found_out_while_a_request_waits(later):
    hung, good = Scripted("hung", asyncio.Event()), Scripted("good")
    pool = Pool([hung, good])
    await pool.capabilities()
    waiting = asyncio.create_task(run(pool, asking([1])))
    await until(lambda: hung.running)
    hung.is_well.clear()
    later(11)
    await until(lambda: pool.healthy == ("good",))
    for number in range(4):
        await run(pool, asking([number]))
    assert counts(hung, good) == [1, 4]
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await pool.aclose()


async def test_a_long_prompt_at_an_engine_that_is_well_leaves_it_in(later):
    busy, checked = Scripted("busy", asyncio.Event()), asyncio.Event()

    async def check():
        checked.set()

    busy.check = check
    pool = Pool([busy])
    await pool.capabilities()
    waiting = asyncio.create_task(run(pool, asking([1])))
    await until(lambda: busy.running)
    later(11)
    async with asyncio.timeout(PATIENCE):
        await checked.wait()
    assert pool.healthy == ("busy",)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await pool.aclose()


async def test_an_engine_that_recovered_is_left_out_again_at_its_first_failure():
    pauses, go_on = [], asyncio.Semaphore(0)

    async def pause(seconds):
        pauses.append(seconds)
        await go_on.acquire()

    sick, good = Scripted("sick", EngineBrokenError("died")), Scripted("good")
    pool = Pool([sick, good], pause=pause)
    for number in range(3):
        await run(pool, asking([number] * 70))
        await run(pool, asking([number] * 80))
    assert pool.healthy == ("good",)
    for turn in range(3):
        go_on.release()
        async with asyncio.timeout(PATIENCE):
            await until(lambda: "sick" in pool.healthy)
            while "sick" in pool.healthy:
                await run(pool, asking([100 + turn] * 70))
                await run(pool, asking([200 + turn] * 70))
            await until(lambda: len(pauses) == turn + 2)  # noqa: B023  (awaited here)
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    await pool.aclose()


@pytest.mark.parametrize("error", [killed, lambda: EngineBrokenError("died")])
async def test_a_prompt_that_kills_engines_kills_two_and_no_more(error):
    engines = [Scripted(name, error()) for name in "abcde"]
    clock = Clock()
    pool = Pool(engines, clock=clock)
    with pytest.raises((EngineBrokenError, EngineUnavailableError)):
        await run(pool)
    assert sum(counts(*engines)) == 2
    with pytest.raises(OverloadedError) as caught:
        await run(pool)
    assert (caught.value.code, caught.value.retry_after) == ("prompt_quarantined", 60.0)
    assert sum(counts(*engines)) == 2
    await asyncio.gather(run(pool, asking([5, 6])), return_exceptions=True)
    assert sum(counts(*engines)) == 4
    clock.now += 61
    with pytest.raises((EngineBrokenError, EngineUnavailableError)):
        await run(pool)
    await pool.aclose()


async def test_a_request_that_reached_no_engine_is_tried_at_all_of_them():
    engines = [*(Scripted(name, down()) for name in "abc"), Scripted("d", [4])]
    pool = Pool(engines)
    assert (await run(pool)).ids == [4]
    assert counts(*engines) == [1, 1, 1, 1]
    await pool.aclose()


async def test_an_answer_clears_a_prompt_that_an_engine_broke_with():
    bad, good = Scripted("bad", killed()), Scripted("good")
    pool = Pool([bad, good], pause=at_once)
    for _ in range(4):
        assert (await run(pool)).ids == [7]
    await pool.aclose()


def test_the_quarantine_is_bounded():
    quarantine = PromptQuarantine(Clock())
    for number in range(2_000):
        quarantine.add([number])
        quarantine.add([number])
    held = [number for number in range(2_000) if quarantine.seconds_left([number])]
    assert held == list(range(976, 2_000))


def test_breaks_far_apart_do_not_add_up():
    clock = Clock()
    quarantine = PromptQuarantine(clock)
    quarantine.add([1])
    clock.now += 61
    quarantine.add([1])
    assert quarantine.seconds_left([1]) == 0


async def test_a_request_goes_to_an_engine_that_has_its_model_and_what_it_asks_for():
    old = Scripted("old", capabilities=Capabilities(("old",), constraints=frozenset()))
    new = Scripted("new", capabilities=Capabilities(("tiny",), None, frozenset({"json_object"})))
    pool = Pool([old, new])
    assert (await pool.capabilities()).models == ("old", "tiny")
    for number in range(4):
        await run(pool, asking([number]))
    await run(pool, asking([9], constraint=JsonObject()))
    assert counts(old, new) == [0, 5]


@pytest.fixture
async def three():
    servers = [Server() for _ in range(3)]
    for server in servers:
        await server.start()
    yield servers
    for server in servers:
        await server.stop()


async def test_a_prompt_that_kills_real_servers_kills_two_of_three(three):
    kind = BY_NAME["Vllm"]

    async def dies(_request, wire):
        wire.die()

    for server in three:
        kind.prepare(server)
        server.on(kind.path, dies)
    pool = open_engine(",".join(f"vllm:{server.url}" for server in three))
    with pytest.raises(EngineUnavailableError):
        await run(pool)
    with pytest.raises(OverloadedError):
        await run(pool)
    assert sum(len(server.asked(kind.path)) for server in three) == 2
    await pool.aclose()


async def test_a_server_that_is_not_there_costs_nobody_an_answer(three):
    for server in three:
        serve(server, BY_NAME["Vllm"], Said(chunked(ANSWER, 2)))
    spec = ",".join(f"vllm:{server.url}" for server in three)
    await three[0].stop()
    await three[1].stop()
    pool = open_engine(spec)
    assert (await run(pool, asking(PROMPT))).ids == ANSWER
    await pool.aclose()


async def test_a_server_that_hangs_costs_nobody_time(three):
    kind = BY_NAME["Vllm"]
    serve(three[0], kind, Said(chunked(ANSWER, 2)))
    three[1].on("/v1/models", three[1].hang)
    pool = open_engine(",".join(f"vllm:{server.url}" for server in three[:2]))
    begun = asyncio.get_running_loop().time()
    results = [await run(pool, asking([n])) for n in range(8)]
    took = asyncio.get_running_loop().time() - begun
    assert [result.ids for result in results] == [ANSWER] * 8
    assert took < 2  # it took forty seconds when each request asked anew
    await pool.aclose()


async def test_the_first_chunk_names_the_engine_that_answers():
    bad, good = Scripted("bad", down()), Scripted("good", [1], [2])
    pool = Pool([bad, good])
    chunks = [chunk async for chunk in pool.generate(asking())]
    assert [chunk.engine for chunk in chunks] == ["good", None, None]
    await pool.aclose()


async def test_an_error_names_the_engine_that_failed(three):
    for server in three[:2]:
        BY_NAME["Vllm"].prepare(server)
        server.on("/v1/completions", 400)
    pool = open_engine(",".join(f"vllm:{server.url}" for server in three[:2]))
    with pytest.raises(EngineRejectedError) as caught:
        await run(pool)
    assert caught.value.engine == f"vllm:{three[0].url}"
    await pool.aclose()
