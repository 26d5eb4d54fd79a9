"""What the engine in this process does around whatever computes: ids, ends, turns, cancelling."""

from __future__ import annotations

import asyncio

import anyio.lowlevel
import pytest

from harmonium.engines import Engine, Finish, GenerationRequest, SamplingParams
from harmonium.engines.local import token_queue
from harmonium.errors import (
    EngineBrokenError,
    EngineRejectedError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidInputError,
)
from harmonium.limits import Limits
from tests.engines.local.scripted import CONTEXT, VOCABULARY

pytestmark = pytest.mark.anyio

RETURN, CALL, END_OF_TEXT = 200_002, 200_012, 199_999
PROMPT = (200_006, 173_781)


def asking(prompt=PROMPT, name="r1", **sampling):
    return GenerationRequest(name, "-", prompt, SamplingParams(**sampling))


async def run(engine, request=None):
    chunks = [chunk async for chunk in engine.generate(request or asking())]
    assert [chunk.finish for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)
    ids = [token for chunk in chunks for token in chunk.token_ids]
    return ids, chunks[-1].finish


async def read_into(given, engine):
    async for chunk in engine.generate(asking()):
        given.extend(chunk.token_ids)


async def until(event):
    await asyncio.get_running_loop().run_in_executor(None, event.wait)


async def test_it_is_an_engine_with_a_name_that_tells_no_folders(local):
    assert isinstance(local, Engine)
    assert local.name == "local:model.gguf"


@pytest.mark.parametrize("stop", [RETURN, CALL, END_OF_TEXT])
async def test_a_generation_ends_with_the_stop_id_and_computes_no_further(local, player, stop):
    player.ids = (1, 2, 3, stop, 4, 5)
    assert await run(local) == ([1, 2, 3, stop], Finish("stop", stop))
    assert player.made == 4


async def test_other_stop_ids_can_be_asked_for(local, player):
    player.ids = (1, 2, 3)
    assert await run(local, asking(stop_token_ids=(2,))) == ([1, 2], Finish("stop", 2))


async def test_no_more_is_computed_than_was_asked_for(local, player):
    player.ids = tuple(range(50))
    assert await run(local, asking(max_tokens=7)) == (list(range(7)), Finish("length"))
    assert player.made == 7


async def test_a_full_context_ends_a_generation(local, player):
    player.ids = tuple(range(2 * CONTEXT))
    ids, finish = await run(local)
    assert (len(ids), finish) == (CONTEXT - len(PROMPT), Finish("length"))


async def test_every_token_has_its_log_probability_when_asked(local, player):
    player.ids = (1, 2, RETURN)
    chunks = [chunk async for chunk in local.generate(asking(logprobs=1))]
    told = [entry for chunk in chunks for entry in chunk.logprobs]
    assert [(entry.token_id, entry.logprob) for entry in told] == [
        (1, -0.5),
        (2, -0.5),
        (RETURN, -0.5),
    ]


async def test_what_was_still_known_of_the_prompt_is_told(local, player):
    player.ids, player.cached = (RETURN,), 1
    chunks = [chunk async for chunk in local.generate(asking())]
    assert chunks[-1].cached_tokens == 1


async def test_the_model_is_loaded_once_and_used_by_one_thread_alone(local, player):
    player.ids = tuple(range(20))
    results = await asyncio.gather(*(run(local, asking(name=f"r{n}")) for n in range(8)))
    assert results == [(list(range(20)), Finish("length"))] * 8
    assert (player.loads, len(player.threads)) == (1, 1)


async def test_closing_a_generation_stops_the_computing_in_the_middle_of_a_step(local, player):
    player.ids, player.pauses_at = (1, 2, 3), 2
    generation = local.generate(asking())
    await anext(generation)
    await until(player.paused)
    await generation.aclose()
    player.pauses_at = None
    assert (await run(local))[0] == [1, 2, 3]
    assert player.made == 2 + 3


async def test_cancelling_the_reader_stops_the_computing(local, player):
    player.ids, player.pauses_at = (1, 2, 3), 0
    reader = asyncio.ensure_future(run(local))
    await until(player.paused)
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    player.pauses_at = None
    assert (await run(local))[0] == [1, 2, 3]


async def test_a_generation_given_up_in_the_queue_is_never_computed(local, player):
    player.ids, player.pauses_at = (1, 2), 1
    first = asyncio.ensure_future(run(local))
    await until(player.paused)
    second = asyncio.ensure_future(anext(local.generate(asking(name="r2"))))
    third = asyncio.ensure_future(run(local, asking(name="r3")))
    while "r3" not in local._running:  # noqa: SLF001  (both wait for the thread)
        await anyio.lowlevel.checkpoint()
    second.cancel()
    await asyncio.wait([second])
    player.go_on.set()
    assert (await first)[0] == [1, 2]
    assert (await third)[0] == [1, 2]
    assert player.made == 2 + 2


async def test_an_aborted_generation_gives_what_it_has_and_says_so(local, player):
    player.ids, player.pauses_at = (1, 2, 3), 2
    reader = asyncio.ensure_future(run(local))
    await until(player.paused)
    await local.abort("r1")
    assert await reader == ([1, 2], Finish("abort"))
    await local.abort("r1")


async def test_what_fails_while_computing_comes_after_the_tokens_before_it(local, player):
    player.ids, player.fails_at = (1, 2, 3), 2
    given = []
    with pytest.raises(EngineBrokenError) as caught:
        await read_into(given, local)
    assert given == [1, 2]
    assert "own words" not in str(caught.value)
    player.fails_at = None
    assert (await run(local))[0] == [1, 2, 3]


async def test_what_the_runtime_refuses_is_the_requests_fault(local, player):
    refused = EngineRejectedError("no such form", upstream_status=400)
    player.ids, player.fails_at, player.failure = (1,), 0, refused
    with pytest.raises(EngineRejectedError) as caught:
        await run(local)
    assert caught.value.http_status == 400


async def test_a_slow_reader_makes_the_model_wait(local, player, monkeypatch):
    monkeypatch.setattr(token_queue, "_CAPACITY", 4)
    player.ids = tuple(range(90))
    given, ahead = [], []
    async for chunk in local.generate(asking()):
        given += chunk.token_ids
        ahead.append(player.made - len(given))
    assert given == list(range(90))
    assert max(ahead) <= 4 + 1


async def test_a_stall_is_an_error_that_tells_which_wait_was_too_long(local, player, monkeypatch):
    monkeypatch.setattr(local, "_limits", Limits(engine_first_token_seconds=0.001))
    player.ids, player.pauses_at = (1,), 0
    with pytest.raises(EngineTimeoutError) as caught:
        await run(local)
    assert caught.value.phase == "first_token"


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ((1,) * CONTEXT, "context_length_exceeded"),
        ((), "invalid_prompt"),
        ((VOCABULARY,), "invalid_prompt"),
        ((-1,), "invalid_prompt"),
    ],
)
async def test_a_prompt_the_model_cannot_take_is_refused(local, player, prompt, code):
    with pytest.raises(EngineRejectedError) as caught:
        await run(local, asking(prompt))
    assert (caught.value.code, caught.value.http_status) == (code, 400)
    assert player.made == 0


async def test_more_log_probabilities_than_it_has_are_refused(local):
    with pytest.raises(InvalidInputError):
        await run(local, asking(logprobs=6))


async def test_a_model_that_cannot_be_loaded_makes_it_unavailable(local, monkeypatch):
    def fail(_name):
        message = "no"
        raise EngineUnavailableError(message)

    monkeypatch.setattr(local._model, "_load", fail)  # noqa: SLF001  (the seam of the loader)
    for asked in (local.check(), local.capabilities(), run(local)):
        with pytest.raises(EngineUnavailableError):
            await asked


async def test_closing_ends_what_runs_frees_the_model_and_serves_no_more(local, player):
    player.ids, player.pauses_at = (1, 2), 1
    reader = asyncio.ensure_future(run(local))
    await until(player.paused)
    await local.aclose()
    assert await reader == ([1], Finish("abort"))
    assert player.closed.is_set()
    with pytest.raises(EngineUnavailableError):
        await run(local)
    await local.aclose()
