"""What every real engine does for us: exact ids, the right end, log probabilities, cancelling."""

from __future__ import annotations

import asyncio
import json
from urllib.request import urlopen

import pytest

from harmonium.engines import Finish, GenerationRequest, open_engine
from harmonium.errors import EngineRejectedError
from tests.engines_real.taught import (
    CALL,
    COUNT,
    ENCODING,
    ENDLESS,
    GREETING,
    NAME,
    QUESTIONS,
    RETURN,
    TOOL_CALL,
    asking,
)

pytestmark = pytest.mark.anyio

EXACT = ("vllm", "vllm, older route", "llamacpp", "gguf", "onnx")
RUNNING = "vllm:num_requests_running{"
FAIR = 5
"""Seconds within which an engine must have noticed that nobody listens any more."""


@pytest.fixture(params=EXACT)
async def engine(opened, request):
    return await opened(request.param)


async def run(engine, request):
    ids, logprobs = [], []
    async for chunk in engine.generate(request):
        ids += chunk.token_ids
        logprobs += chunk.logprobs or ()
    return ids, chunk.finish, logprobs


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
async def test_the_answer_is_the_one_the_model_was_taught(engine, question):
    ids, finish, _ = await run(engine, asking(question, max_tokens=200))
    assert ENCODING.decode(ids) == question.answer
    assert finish == Finish("stop", CALL if question is TOOL_CALL else RETURN)


async def test_an_answer_obeys_harmony_to_the_letter(engine):
    ids, _, _ = await run(engine, asking(TOOL_CALL))
    thought, call = ENCODING.parse(ids, policy="strict")
    assert (thought.channel, thought.text) == ("analysis", "I look up Paris.")
    assert (call.recipient, call.text) == ("functions.get_weather", '{"city": "Paris"}')


async def test_an_answer_that_is_cut_says_so(engine):
    ids, finish, _ = await run(engine, asking(COUNT, max_tokens=30))
    assert (ids, finish) == (COUNT.ids[:30], Finish("length"))


async def test_the_likeliest_token_has_the_largest_log_probability(engine):
    ids, _, told = await run(engine, asking(GREETING, logprobs=3))
    assert [entry.token_id for entry in told] == ids
    for entry in told[:-1]:
        assert entry.top[0] == (entry.token_id, pytest.approx(entry.logprob, abs=1e-4))
        assert sorted((value for _, value in entry.top), reverse=True) == [
            value for _, value in entry.top
        ]
        assert all(value <= 1e-6 for _, value in entry.top)


async def test_the_same_seed_gives_the_same_tokens(engine):
    warm = {"temperature": 1.5, "seed": 7, "max_tokens": 60}
    first, second = [await run(engine, asking(COUNT, **warm)) for _ in range(2)]
    assert first == second


async def test_a_bias_against_a_token_keeps_it_away(engine):
    (hello,) = ENCODING.encode("Hello")
    assert hello in GREETING.ids
    ids, _, _ = await run(engine, asking(GREETING, logit_bias={hello: -100.0}, max_tokens=60))
    assert hello not in ids


async def test_several_generations_at_once_do_not_mix(engine):
    asked = [asking(QUESTIONS[n % 6], f"r{n}", max_tokens=200) for n in range(12)]
    answers = await asyncio.gather(*(run(engine, request) for request in asked))
    assert [ids for ids, _, _ in answers] == [QUESTIONS[n % 6].ids for n in range(12)]


async def test_an_endless_answer_ends_when_nobody_wants_it(engine):
    generation = engine.generate(asking(ENDLESS, "endless"))
    heard = []
    async for chunk in generation:
        heard += chunk.token_ids
        if len(heard) > 40:
            break
    async with asyncio.timeout(1):
        await generation.aclose()
    assert ENDLESS.answer[:12] in ENCODING.decode(heard)
    async with asyncio.timeout(FAIR):
        ids, _, _ = await run(engine, asking(GREETING, "after"))
    assert ids == GREETING.ids


def busy(place):
    """Return whether a server says that it is generating."""
    kind, _, url = place.partition(":")
    if kind == "llamacpp":
        with urlopen(f"{url}/slots", timeout=5) as answer:  # noqa: S310  (our own server)
            return any(slot["is_processing"] for slot in json.load(answer))
    with urlopen(f"{url}/metrics", timeout=5) as answer:  # noqa: S310
        lines = answer.read().decode().splitlines()
    return any(float(line.split()[-1]) for line in lines if line.startswith(RUNNING))


@pytest.mark.parametrize("kind", ["vllm", "llamacpp"])
async def test_a_server_stops_within_a_second_of_being_left(places, kind):
    engine, loop = open_engine(places(kind)), asyncio.get_running_loop()
    unbounded = asking(ENDLESS, "left", logit_bias={RETURN: -100.0})
    generation, heard = engine.generate(unbounded), 0
    while heard < 30:
        heard += len((await anext(generation)).token_ids)
    assert await loop.run_in_executor(None, busy, places(kind))
    await generation.aclose()
    async with asyncio.timeout(1):
        while await loop.run_in_executor(None, busy, places(kind)):
            pass
    await engine.aclose()


async def test_a_long_prompt_is_given_up_while_it_is_read(engine):
    filler = ENCODING.encode("x " * 1_900)
    request = GenerationRequest("long", NAME, [*GREETING.prompt[:-2], *filler])
    reader = asyncio.ensure_future(run(engine, request))
    await asyncio.wait([reader], timeout=0.05)
    reader.cancel()
    async with asyncio.timeout(FAIR):
        await asyncio.wait([reader])
        ids, _, _ = await run(engine, asking(GREETING, "after"))
    assert ids == GREETING.ids


async def test_a_prompt_too_long_for_the_context_is_the_requests_fault(engine):
    request = GenerationRequest("r", NAME, ENCODING.encode("x " * 6_000))
    with pytest.raises(EngineRejectedError) as caught:
        await run(engine, request)
    assert (caught.value.code, caught.value.http_status) == ("context_length_exceeded", 400)


async def test_capabilities_tell_the_model_and_its_context(engine):
    told = await engine.capabilities()
    assert told.max_context == 4096
    assert len(told.models) == 1
    await engine.check()


async def test_text_completions_of_vllm_bring_back_the_same_ids(places):
    engine = open_engine(places("completions"))
    for question in QUESTIONS:
        ids, finish, _ = await run(engine, asking(question, max_tokens=200))
        assert (ids, finish.reason) == (question.ids, "stop")
    await engine.aclose()
