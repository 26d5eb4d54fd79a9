"""What was recorded is played back as it was; a recording changes nothing."""

from __future__ import annotations

import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium.engines import (
    Chunk,
    Finish,
    Recorder,
    Recording,
    ReplayEngine,
    TokenLogprob,
    open_engine,
    read_recordings,
)
from harmonium.engines.replay.recordings import write_recording
from harmonium.errors import EngineError, EngineRejectedError, EngineTimeoutError, InvalidInputError
from tests.engines.running import PROMPT, asking, run
from tests.engines.servers import ids_of

pytestmark = pytest.mark.anyio

OTHER = tuple(ids_of("<|start|>user<|message|>Else?<|end|><|start|>assistant"))
_ids = st.integers(0, 2**32 - 1)
_numbers = st.floats(-9999, 0)
_entries = st.builds(TokenLogprob, _ids, _numbers, st.lists(st.tuples(_ids, _numbers)).map(tuple))
_chunks = st.builds(
    Chunk,
    st.lists(_ids, max_size=3).map(tuple),
    st.none() | st.lists(_entries, max_size=2).map(tuple),
    st.none() | st.builds(Finish, st.sampled_from(["stop", "length", "abort"]), st.none() | _ids),
    st.none() | st.integers(0, 9),
)
_recordings = st.builds(
    Recording,
    st.lists(_ids, max_size=4).map(tuple),
    st.lists(_chunks, max_size=3).map(tuple),
    st.none() | st.just("engine_broken"),
    st.sampled_from(["", "tiny"]),
)


@settings(max_examples=40)
@given(st.lists(_recordings, min_size=1, max_size=3))
def test_recordings_are_read_as_they_were_written(tmp_path_factory, recordings):
    path = tmp_path_factory.mktemp("recordings") / "all.jsonl"
    for recording in recordings:
        write_recording(recording, path)
    assert read_recordings(path) == tuple(recordings)


async def test_a_recorded_generation_is_played_back(tmp_path):
    path = tmp_path / "demo.jsonl"
    recorder = Recorder(open_engine("demo"), path)
    first = await run(recorder, asking(logprobs=1))
    second = await run(recorder, asking(OTHER, logprobs=1))
    assert first.ids != second.ids
    engine = open_engine(f"replay:{path}")
    assert await run(engine, asking(OTHER, logprobs=1)) == second
    assert await run(engine, asking(PROMPT, logprobs=1)) == first
    assert await run(engine, asking(ids_of("unknown"), logprobs=1)) == first


async def test_recordings_of_one_prompt_are_played_in_order_and_again(tmp_path):
    path = tmp_path / "two.jsonl"
    for token in (5, 6):
        write_recording(Recording(PROMPT, (Chunk((token,), finish=Finish("length")),)), path)
    engine = ReplayEngine(path)
    assert [(await run(engine)).ids for _ in range(3)] == [[5], [6], [5]]


async def test_a_recorded_error_is_raised_again(tmp_path):
    path = tmp_path / "error.jsonl"
    write_recording(Recording(PROMPT, (Chunk((5,)),), "engine_timeout"), path)
    with pytest.raises(EngineTimeoutError):
        await run(ReplayEngine(path))


class Failing:
    """An engine that gives a token and fails."""

    name = "failing"

    async def generate(self, _request):
        yield Chunk((5,))
        message = "no"
        raise EngineTimeoutError(message, phase="idle")

    async def aclose(self):
        pass


async def test_errors_and_broken_off_generations_are_recorded(tmp_path):
    path = tmp_path / "broken.jsonl"
    recorder = Recorder(Failing(), path)
    with pytest.raises(EngineError):
        await run(recorder)
    stream = recorder.generate(asking())
    await anext(stream)
    await stream.aclose()
    assert read_recordings(path) == (
        Recording(PROMPT, (Chunk((5,)),), "engine_timeout", "tiny"),
        Recording(PROMPT, (Chunk((5,)), Chunk((), finish=Finish("abort"))), None, "tiny"),
    )


async def test_a_recording_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "private.jsonl"
    await run(Recorder(open_engine("demo"), path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"prompt": [-1]}', '{"chunks": [{"finish": "x"}]}', ""]
)
def test_what_is_no_recording_is_refused(tmp_path, line):
    path = tmp_path / "bad.jsonl"
    path.write_text(line)
    with pytest.raises(InvalidInputError) as caught:
        ReplayEngine(path)
    assert caught.value.code == "invalid_recording"


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInputError):
        ReplayEngine(tmp_path / "none.jsonl")


async def test_aborting_ends_a_playback(tmp_path):
    path = tmp_path / "long.jsonl"
    write_recording(Recording(PROMPT, tuple(Chunk((token,)) for token in range(9))), path)
    engine = ReplayEngine(path)
    stream = engine.generate(asking(name="mine"))
    await anext(stream)
    await engine.abort("mine")
    assert [chunk.finish async for chunk in stream] == [Finish("abort")]


CALLS = "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant"
CALLS += "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"


@pytest.fixture
def calling(tmp_path):
    """Replays an answer that thinks and then calls, a token a chunk."""
    path = tmp_path / "calls.jsonl"
    chunks = [Chunk((token,)) for token in ids_of(CALLS)]
    write_recording(Recording(PROMPT, (*chunks, Chunk((), finish=Finish("stop")))), path)
    return ReplayEngine(path)


@pytest.mark.parametrize(
    "begun",
    [
        "<|channel|>analysis<|message|>",
        "<|channel|>analysis<|message|>Look",
        "<|channel|>commentary to=functions",
        "<|channel|>commentary to=functions.f <|constrain|>json<|message|>",
    ],
)
async def test_a_message_that_the_prompt_began_is_continued(calling, begun):
    result = await run(calling, asking((*OTHER, *ids_of(begun))))
    rest = CALLS[CALLS.index(begun) + len(begun) :]
    assert result.ids == ids_of(rest)


async def test_a_call_behind_a_thought_is_continued(calling):
    thought = CALLS.partition("<|channel|>comm")[0]
    begun = f"{thought}<|channel|>commentary to=functions"
    result = await run(calling, asking((*OTHER, *ids_of(begun))))
    assert result.ids == ids_of(CALLS.removeprefix(begun))


async def test_a_forced_call_that_nobody_recorded_is_refused(calling):
    begun = ids_of("<|channel|>commentary to=functions.other <|constrain|>json<|message|>")
    with pytest.raises(EngineRejectedError) as caught:
        await run(calling, asking((*OTHER, *begun)))
    assert (caught.value.code, caught.value.http_status) == ("not_recorded", 400)
