"""What holds for every engine, whatever it is: a server, a pool, a recording, a stand-in."""

from __future__ import annotations

import asyncio

import pytest

from harmonium.engines import Engine, Finish, Pool, Recorder, Recording, open_engine
from harmonium.engines.protocol import Chunk
from harmonium.engines.replay.recordings import write_recording
from tests.engines.running import asking, run
from tests.engines.servers import SERVERS, Said, chunked, ids_of, serve

pytestmark = pytest.mark.anyio

ANSWER = ids_of("<|channel|>final<|message|>It is four, I think.<|return|>")
NAMES = [type(each).__name__ for each in SERVERS]


def opened(name, server, folder):
    """An engine of that name that answers; all but the demo say the same."""
    kinds = dict(zip(NAMES, SERVERS, strict=True))
    if name in kinds:
        serve(server, kinds[name], Said(chunked(ANSWER, 2)))
        return open_engine(f"{kinds[name].kind}:{server.url}")
    path = folder / "recorded.jsonl"
    chunks = [Chunk(ids) for ids in chunked(ANSWER, 2)]
    finish = Chunk((), finish=Finish("stop", ANSWER[-1]))
    write_recording(Recording((), (*chunks, finish)), path)
    return {
        "demo": lambda: open_engine("demo"),
        "replay": lambda: open_engine(f"replay:{path}"),
        "recorder": lambda: Recorder(open_engine("demo"), folder / "new.jsonl"),
        "pool": lambda: Pool([open_engine(f"replay:{path}") for _ in range(2)]),
        "pool_of_servers": lambda: Pool(
            [opened("Vllm", server, folder), opened("Sglang", server, folder)]
        ),
    }[name]()


@pytest.fixture(
    params=[*NAMES, "demo", "replay", "recorder", "pool", "pool_of_servers"], ids=lambda name: name
)
async def engine(request, server, tmp_path):
    engine = opened(request.param, server, tmp_path)
    yield engine
    await engine.aclose()


async def test_it_is_an_engine_with_a_name(engine):
    assert isinstance(engine, Engine)
    assert engine.name


async def test_it_can_serve(engine):
    await engine.check()


async def test_it_ends_with_the_stop_id_and_says_so(engine):
    result = await run(engine)
    assert result.finish == Finish("stop", result.ids[-1])


async def test_it_stops_at_the_size_that_is_asked_for(engine):
    whole = await run(engine)
    result = await run(engine, asking(max_tokens=3))
    assert (result.ids, result.finish) == (whole.ids[:3], Finish("length"))


async def test_many_generations_at_once_do_not_mix(engine):
    one = await run(engine)
    many = await asyncio.gather(*(run(engine, asking(name=f"r{n}")) for n in range(20)))
    assert [result.ids for result in many] == [one.ids] * 20


async def test_a_generation_can_be_left_and_the_next_one_is_whole(engine):
    stream = engine.generate(asking())
    await anext(stream)
    await stream.aclose()
    result = await run(engine)
    assert result.finish == Finish("stop", result.ids[-1])


async def test_aborting_what_does_not_run_does_nothing(engine):
    await engine.abort("nothing of that name")
    assert (await run(engine)).ids


async def test_closing_twice_is_closing(engine):
    await run(engine)
    await engine.aclose()
    await engine.aclose()
