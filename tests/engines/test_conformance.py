"""Every engine behind HTTP gives the same tokens for the same generation, however it is told."""

from __future__ import annotations

import asyncio
import dataclasses
from itertools import pairwise

import pytest

from harmonium.engines import (
    Finish,
    Grammar,
    JsonObject,
    JsonSchema,
    StructuralTag,
    open_engine,
)
from harmonium.errors import InvalidInputError
from tests.engines.running import PROMPT, asking, run
from tests.engines.servers import BY_NAME, CALL, DONE, RETURN, SERVERS, Said, chunked, ids_of, serve

pytestmark = pytest.mark.anyio

ANSWER = ids_of(
    "<|channel|>analysis<|message|>Hm \U0001f642 \u65e5\u672c\u8a9e.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Caf\xe9, it's 4 <b>.<|return|>"
)
CALLING = ids_of(
    "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant<|channel|>commentary "
    'to=functions.f <|constrain|>json<|message|>{"a": "x y"}<|call|>'
)


def name_of(kind):
    return type(kind).__name__


each_server = pytest.mark.parametrize("kind", SERVERS, ids=name_of)


@pytest.fixture
async def engine(server, kind):
    engine = open_engine(f"{kind.kind}:{server.url}")
    yield engine
    await engine.aclose()


def one_byte_at_a_time(frames):
    return [bytes([byte]) for frame in frames for byte in frame]


def all_at_once(frames):
    return [b"".join(frames)]


def inside_characters_and_frames(frames):
    whole = b"".join(frames)
    ends = [*range(0, len(whole), 7), len(whole)]
    return [whole[start:end] for start, end in pairwise(ends)]


def twice(frames):
    return [*(frame for frame in frames if frame != DONE), *frames]


def with_comments(frames):
    return [b": still here\n\n" + frame.replace(b"\n", b"\r\n") for frame in frames]


@each_server
@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("ids", [ANSWER, CALLING], ids=["answer", "call"])
async def test_ids_are_the_same_in_chunks_of_any_size(server, kind, engine, ids, size):
    serve(server, kind, Said(chunked(ids, size)))
    result = await run(engine)
    assert result.ids == ids
    assert result.finish == Finish("stop", ids[-1])


@each_server
@pytest.mark.parametrize(
    "cut", [one_byte_at_a_time, all_at_once, inside_characters_and_frames, with_comments]
)
async def test_ids_are_the_same_however_the_bytes_are_cut(server, kind, engine, cut):
    if cut is with_comments and kind.kind == "ollama":
        cut = all_at_once  # lines know no comments
    serve(server, kind, Said(chunked(ANSWER, 2)), cut)
    assert (await run(engine)).ids == ANSWER


@each_server
async def test_very_many_tokens_in_one_chunk_are_the_same_tokens(server, kind, engine):
    ids = [*ids_of("<|channel|>final<|message|>"), *ids_of(" word" * 20_000), RETURN]
    serve(server, kind, Said((tuple(ids),)))
    assert (await run(engine)).ids == ids


@each_server
async def test_a_server_of_one_model_is_asked_for_it_by_its_own_name(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    await run(engine, dataclasses.replace(asking(), model="what callers call it"))
    (body,) = server.asked(kind.path)
    assert body.get("model", "tiny") == "tiny"


@each_server
async def test_a_generation_that_reached_its_length_says_so(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER[:4], 1), "length"))
    result = await run(engine)
    assert (result.ids, result.finish) == (ANSWER[:4], Finish("length"))


@each_server
async def test_more_tokens_than_were_asked_for_are_dropped(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    result = await run(engine, asking(max_tokens=3))
    assert (result.ids, result.finish) == (ANSWER[:3], Finish("length"))


@each_server
async def test_the_prompt_goes_there_whole_and_nothing_ignores_the_end(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    await run(engine, asking(max_tokens=50, temperature=0.5, seed=7))
    (body,) = server.asked(kind.path)
    sent = [body.get(key) for key in ("prompt", "input_ids", "token_ids")]
    text = "<|start|>user<|message|>Hi.<|end|><|start|>assistant"
    assert [text if kind.lossy else list(PROMPT)] == [value for value in sent if value]
    assert "ignore_eos" not in str(body)
    assert body["stream"] is True


@pytest.mark.parametrize("kind", [each for each in SERVERS if each.names_stop], ids=name_of)
async def test_the_stop_ids_are_sent_and_special_tokens_kept(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    await run(engine)
    (body,) = server.asked(kind.path)
    held = body.get("sampling_params", body)
    assert held["stop_token_ids"] == [RETURN, CALL]
    assert held["skip_special_tokens"] is False


@pytest.mark.parametrize("kind", [each for each in SERVERS if each.has_logprobs], ids=name_of)
@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize("most", [0, 1, 2])
async def test_each_token_has_its_log_probability(server, kind, engine, size, most):
    most = min(most, kind.most_top)
    serve(server, kind, Said(chunked(CALLING, size)))
    result = await run(engine, asking(logprobs=most))
    assert result.ids == CALLING
    told = result.logprobs if kind.kind != "llamacpp" else result.logprobs[:-1]
    assert {entry.logprob for entry in told} == {-0.5}
    assert [entry.top for entry in told] == [
        ((entry.token_id, -0.5), (11, -1.5))[:most] for entry in told
    ]


@pytest.mark.parametrize("kind", [each for each in SERVERS if not each.has_logprobs], ids=name_of)
async def test_log_probabilities_that_cannot_be_had_are_refused(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    with pytest.raises(InvalidInputError) as caught:
        await run(engine, asking(logprobs=0))
    assert caught.value.code == "unsupported_logprobs"
    assert server.asked(kind.path) == []


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
CONSTRAINTS = [
    (JsonObject(), "object"),
    (JsonSchema(SCHEMA), "city"),
    (StructuralTag('{"a":1}'), '{"a":1}'),
    (Grammar("root ::= x"), "root ::= x"),
]
"""What is asked for, and what of it must stand in the body."""


@each_server
@pytest.mark.parametrize(("constraint", "told"), CONSTRAINTS)
async def test_a_constraint_is_sent_where_the_server_knows_it(
    server, kind, engine, constraint, told
):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    await run(engine, asking())
    if constraint.name not in (await engine.capabilities()).constraints:
        with pytest.raises(InvalidInputError) as caught:
            await run(engine, asking(constraint=constraint))
        assert caught.value.code == "unsupported_constraint"
        return
    await run(engine, asking(constraint=constraint))
    free, held = server.asked(kind.path)
    assert told in str(held)
    assert told not in str(free)


@each_server
async def test_cached_tokens_are_told_where_the_server_tells_them(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4), cached=2))
    silent = kind.lossy or kind.kind == "lmdeploy"
    assert (await run(engine)).cached == (None if silent else 2)


@each_server
async def test_capabilities_are_asked_for_once(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    first = await engine.capabilities()
    await run(engine)
    assert await engine.capabilities() == first
    assert first.models == ("tiny",)
    assert first.lossy == kind.lossy
    asked = [request.path for request in server.requests if request.method == "GET"]
    assert sorted(asked) == sorted(set(asked))


@each_server
async def test_a_server_that_is_well_is_found_well(server, kind, engine):
    kind.prepare(server)
    await engine.check()


@each_server
async def test_one_connection_serves_one_generation_after_another(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    for _ in range(3):
        assert (await run(engine)).ids == ANSWER
    assert server.connections == 1


@pytest.mark.parametrize("kind", [BY_NAME["Vllm"], BY_NAME["Sglang"]], ids=name_of)
async def test_a_body_that_ends_late_frees_its_connection_all_the_same(server, kind, engine):
    kind.prepare(server)
    is_told = asyncio.Event()

    async def handler(_request, wire):
        await wire.begin()
        await wire.send(b"".join(kind.frames(Said(chunked(ANSWER, 4)), None)))
        await is_told.wait()
        await wire.end()

    server.on(kind.path, handler)
    for _ in range(2):
        is_told.clear()
        async for chunk in engine.generate(asking()):
            if chunk.finish is not None:
                is_told.set()
    assert server.connections == 1


@each_server
async def test_closing_a_generation_closes_its_connection(server, kind, engine):
    kind.prepare(server)
    frames = list(kind.frames(Said(chunked(ANSWER, 2)), None))

    async def handler(_request, wire):
        await wire.begin()
        await wire.send(b"".join(frames[:8]))
        await server.hang(_request, wire)

    server.on(kind.path, handler)
    stream = engine.generate(asking())
    await anext(stream)
    await stream.aclose()
    await server.someone_left()


@each_server
async def test_two_ends_are_one(server, kind, engine):
    serve(server, kind, Said(chunked(ANSWER, 4)), twice)
    result = await run(engine)
    assert (result.ids, result.finish) == (ANSWER, Finish("stop", RETURN))
