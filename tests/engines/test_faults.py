"""Whatever goes wrong at a server becomes the right error, and nothing is left behind."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from harmonium.engines import Finish, open_engine
from harmonium.errors import (
    EngineBrokenError,
    EngineProtocolError,
    EngineRejectedError,
    EngineTimeoutError,
    EngineUnavailableError,
    OverloadedError,
)
from harmonium.limits import Limits
from tests.engines.running import asking, run
from tests.engines.server import PATIENCE
from tests.engines.servers import BY_NAME, DONE, Said, chunked, event, ids_of, serve

pytestmark = pytest.mark.anyio

ANSWER = ids_of("<|channel|>final<|message|>It is four, I think.<|return|>")
QUICK = Limits(engine_first_token_seconds=0.05, engine_idle_seconds=0.05)
WORDS = "the words of the prompt"


@pytest.fixture(params=["Vllm", "VllmTokens", "Sglang", "Llamacpp", "Ollama"])
def kind(request):
    return BY_NAME[request.param]


@pytest.fixture
async def opened(server, kind):
    """Opens engines of the kind, and closes them; no task of theirs may be left."""
    engines = []

    def opening(limits=None):
        engines.append(open_engine(f"{kind.kind}:{server.url}", limits=limits or Limits()))
        return engines[-1]

    kind.prepare(server)
    yield opening
    for engine in engines:
        await engine.aclose()
    left = {task for task in asyncio.all_tasks() if "TestRunner" not in repr(task)}
    assert left <= server.tasks


def frames_of(kind):
    return [frame for frame in kind.frames(Said(chunked(ANSWER, 2)), None) if frame != DONE]


def saying(*steps):
    """A handler that begins a stream and goes through the steps: bytes, or what to do."""

    async def handler(request, wire):
        await wire.begin()
        for step in steps:
            if isinstance(step, bytes):
                await wire.send(step)
            else:
                await step(request, wire)

    return handler


async def collect(stream, got):
    async for chunk in stream:
        got += chunk.token_ids


async def dies(_request, wire):
    wire.die()


async def ends(_request, wire):
    await wire.end()


async def test_nobody_there_is_unavailable(server, opened):
    engine = opened()
    await server.stop()
    with pytest.raises(EngineUnavailableError) as caught:
        await run(engine)
    assert caught.value.http_status == 503
    assert caught.value.engine == engine.name
    assert server.url not in str(caught.value)


async def test_dying_before_any_answer_is_unavailable(server, kind, opened):
    server.on(kind.path, dies)
    with pytest.raises(EngineUnavailableError):
        await run(opened())


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_fault_of_the_request_is_rejected_as_such(server, kind, opened, status):
    async def handler(_request, wire):
        await wire.answer({"error": {"message": WORDS}}, status)

    server.on(kind.path, handler)
    with pytest.raises(EngineRejectedError) as caught:
        await run(opened())
    assert (caught.value.http_status, caught.value.upstream_status) == (400, status)
    assert WORDS in caught.value.upstream_message
    assert WORDS not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403, 404, 409])
async def test_a_fault_of_the_operator_is_not_the_callers(server, kind, opened, status):
    server.on(kind.path, status)
    with pytest.raises(EngineRejectedError) as caught:
        await run(opened())
    assert (caught.value.http_status, caught.value.upstream_status) == (502, status)


async def test_a_prompt_without_room_says_so(server, kind, opened):
    async def handler(_request, wire):
        await wire.answer({"error": {"message": "maximum context length is 9 tokens"}}, 400)

    server.on(kind.path, handler)
    with pytest.raises(EngineRejectedError) as caught:
        await run(opened())
    assert caught.value.code == "context_length_exceeded"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("told", [("7", 7.0), ("Fri, 07 Nov 2025 10:00:00 GMT", None)])
async def test_no_room_tells_when_to_come_back(server, kind, opened, status, told):
    header, seconds = told

    async def handler(_request, wire):
        await wire.answer(b"", status, Retry_After=header)

    server.on(kind.path, handler)
    with pytest.raises(OverloadedError) as caught:
        await run(opened())
    assert (caught.value.http_status, caught.value.retry_after) == (status, seconds)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (500, EngineBrokenError),
        (502, EngineUnavailableError),
        (504, EngineUnavailableError),
        (302, EngineProtocolError),
        (204, EngineProtocolError),
    ],
)
async def test_other_answers_are_the_engines_fault(server, kind, opened, status, error):
    async def handler(_request, wire):
        await wire.answer(b"", status, Location="http://127.0.0.1:1/elsewhere")

    server.on(kind.path, handler)
    with pytest.raises(error):
        await run(opened())
    assert len(server.asked(kind.path)) == 1


async def test_what_is_no_http_is_garbage(server, kind, opened):
    async def handler(_request, wire):
        await wire.raw(b"\x00\xff not the protocol you are looking for\r\n\r\n")
        wire.die()

    server.on(kind.path, handler)
    with pytest.raises(EngineProtocolError):
        await run(opened())


@pytest.mark.parametrize(
    "garbage",
    [
        b"{not json",
        b"[1]",
        b"[" * 100_000,
        b'{"choices": 3, "output_ids": {}, "tokens": 1.5, "response": []}',
        b'{"choices": [{"token_ids": [-1]}], "output_ids": [-1], "tokens": [-1], "response": 1}',
        b'{"choices": [{"token_ids": [true]}], "output_ids": ["a"], "tokens": [9e9], "response":1}',
        b"\xff\xfe",
    ],
    ids=range(7),
)
async def test_garbage_in_a_stream_is_a_protocol_error(server, kind, opened, garbage):
    frame = garbage + b"\n" if kind.kind == "ollama" else b"data: " + garbage + b"\n\n"
    server.on(kind.path, saying(*frames_of(kind)[:2], frame, ends))
    with pytest.raises(EngineProtocolError) as caught:
        await run(opened())
    assert caught.value.http_status == 502
    assert caught.value.engine == f"{kind.kind}:{server.url}"


async def test_an_answer_that_is_no_stream_is_a_protocol_error(server, kind, opened):
    async def handler(_request, wire):
        await wire.answer(b"<html>\n\n<p>hello\n\n" if kind.kind != "ollama" else b"")

    server.on(kind.path, handler)
    with pytest.raises(EngineProtocolError):
        await run(opened())


async def test_a_line_without_end_is_cut_off(server, kind, opened):
    server.on(kind.path, saying(b"data: " + b"x" * 3000, server.hang))
    engine = opened(Limits(engine_line_bytes=2000))
    with pytest.raises(EngineProtocolError):
        await run(engine)
    await server.someone_left()


@pytest.mark.parametrize("end", [dies, ends], ids=["dies", "ends"])
async def test_an_answer_that_breaks_off_keeps_what_came(server, kind, opened, end):
    frames = frames_of(kind)
    server.on(kind.path, saying(*frames[:4], frames[4][:9], end))
    got = []
    with pytest.raises(EngineBrokenError):
        await collect(opened().generate(asking()), got)
    assert got
    assert got == ANSWER[: len(got)]


async def test_an_error_inside_the_stream_is_told(server, kind, opened):
    frames = frames_of(kind)
    said = event({"error": {"message": WORDS, "code": 500}})
    said = said.removeprefix(b"data: ") if kind.kind == "ollama" else said
    server.on(kind.path, saying(frames[0], said, ends))
    with pytest.raises(EngineBrokenError) as caught:
        await run(opened())
    assert WORDS not in str(caught.value)


async def test_a_refusal_inside_the_stream_is_a_refusal(server, kind, opened):
    said = event({"error": {"message": WORDS, "code": 400}})
    said = said.removeprefix(b"data: ") if kind.kind == "ollama" else said
    server.on(kind.path, saying(said, ends))
    with pytest.raises(EngineRejectedError) as caught:
        await run(opened())
    assert caught.value.http_status == 400


async def test_silence_before_headers_is_a_time_out(server, kind, opened):
    server.on(kind.path, server.hang)
    with pytest.raises(EngineTimeoutError) as caught:
        await run(opened(QUICK))
    assert (caught.value.phase, caught.value.http_status) == ("first_token", 504)
    assert server.url not in str(caught.value)
    await server.someone_left()


async def test_silence_before_the_first_token_is_a_time_out(server, kind, opened):
    server.on(kind.path, saying(server.hang))
    with pytest.raises(EngineTimeoutError) as caught:
        await run(opened(QUICK))
    assert caught.value.phase == "first_token"
    await server.someone_left()


async def test_silence_in_an_answer_is_a_time_out(server, kind, opened):
    server.on(kind.path, saying(*frames_of(kind)[:4], server.hang))
    limits = dataclasses.replace(QUICK, engine_first_token_seconds=60)
    with pytest.raises(EngineTimeoutError) as caught:
        await run(opened(limits))
    assert caught.value.phase == "idle"
    await server.someone_left()


async def test_an_answer_that_never_ends_is_a_time_out(server, kind, opened):
    async def handler(_request, wire):
        await wire.begin()
        frame = frames_of(kind)[0]
        while True:
            await wire.send(frame)
            await asyncio.sleep(0)

    server.on(kind.path, handler)
    limits = Limits(engine_total_seconds=0.05)
    with pytest.raises(EngineTimeoutError) as caught:
        await run(opened(limits), asking(max_tokens=10**9))
    assert caught.value.phase == "total"


async def test_signs_of_life_are_no_tokens(server, opened, kind):
    async def handler(_request, wire):
        await wire.begin()
        while True:
            await wire.send(b": still thinking\n\n" if kind.kind != "ollama" else b"\n")
            await asyncio.sleep(0)

    server.on(kind.path, handler)
    with pytest.raises(EngineTimeoutError) as caught:
        await run(opened(QUICK))
    assert caught.value.phase == "first_token"


async def test_a_whole_answer_stands_whatever_comes_behind_it(server, kind, opened):
    server.on(kind.path, saying(*frames_of(kind), b"data: {nonsense\n\n", dies))
    result = await run(opened())
    assert (result.ids, result.finish) == (ANSWER, Finish("stop", ANSWER[-1]))


async def test_a_whole_answer_does_not_wait_for_a_server_that_lingers(server, kind, opened):
    server.on(kind.path, saying(*frames_of(kind), server.hang))
    result = await run(opened(Limits(engine_close_seconds=0.05)))
    assert result.ids == ANSWER
    await server.someone_left()


async def test_a_slow_reader_holds_the_server_back(server, kind, opened):
    sent, most = [0], 64 * 1024 * 1024
    padding = b"%s\n" % (b" " * 65_536) if kind.kind == "ollama" else b": %s\n\n" % (b" " * 65_536)

    async def handler(_request, wire):
        await wire.begin()
        await wire.send(b"".join(frames_of(kind)[:4]))
        while sent[0] < most:
            await wire.send(padding)
            sent[0] += len(padding)

    server.on(kind.path, handler)
    stream = opened().generate(asking())
    await anext(stream)
    for _ in range(5_000):
        await asyncio.sleep(0)
    assert sent[0] < most / 2
    await stream.aclose()


async def test_cancelling_the_reader_closes_the_connection(server, kind, opened):
    server.on(kind.path, saying(*frames_of(kind)[:4], server.hang))
    has_begun = asyncio.Event()

    async def read():
        async for _ in opened().generate(asking()):
            has_begun.set()

    task = asyncio.create_task(read())
    async with asyncio.timeout(PATIENCE):
        await has_begun.wait()
    task.cancel()
    await server.someone_left()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("when", ["VllmTokens", "Sglang"])
async def test_cancelling_calls_abort_where_the_server_has_it(server, when):
    kind = BY_NAME[when]
    kind.prepare(server)
    server.on(kind.path, saying(*frames_of(kind)[:2], server.hang))
    engine = open_engine(f"{kind.kind}:{server.url}")
    stream = engine.generate(asking(name="mine"))
    await anext(stream)
    await stream.aclose()
    await server.someone_left()
    await engine.aclose()
    (asked,) = [request for request in server.requests if "abort" in request.path]
    assert "mine" in str(asked.body)


async def test_a_slow_reader_makes_no_engine_late(server, kind, opened, monkeypatch):
    serve(server, kind, Said(chunked(ANSWER, 1)))
    loop = asyncio.get_running_loop()
    clock, late = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: clock() + late[0])
    ids = []
    async for chunk in opened().generate(asking()):
        ids += chunk.token_ids
        late[0] += Limits().engine_idle_seconds + 1
    assert ids == ANSWER


async def test_an_unhealthy_server_is_found_out(server, opened):
    hasty, patient = Limits(engine_probe_seconds=0.05), Limits()
    for limits, handler, error in [
        (hasty, server.hang, EngineTimeoutError),
        (patient, 503, OverloadedError),
    ]:
        for path in ("/health", "/api/version"):
            server.on(path, handler)
        with pytest.raises(error):
            await opened(limits).check()


async def test_a_probe_that_failed_is_asked_again(server, opened):
    engine = opened()
    routes = dict(server.routes)
    server.routes = dict.fromkeys(routes, 500)
    with pytest.raises(EngineBrokenError):
        await engine.capabilities()
    server.routes = routes
    assert (await engine.capabilities()).models == ("tiny",)


async def test_a_closed_engine_serves_nothing(server, kind, opened):
    serve(server, kind, Said(chunked(ANSWER, 1)))
    engine = opened()
    await run(engine)
    await engine.aclose()
    with pytest.raises(EngineUnavailableError):
        await run(engine)


async def test_the_key_goes_with_every_question_and_into_no_name(server, kind):
    serve(server, kind, Said(chunked(ANSWER, 4)))
    engine = open_engine(f"{kind.kind}:{server.url}", api_key="sk-canary")
    await run(engine)
    await engine.check()
    await engine.aclose()
    assert {request.headers["authorization"] for request in server.requests} == {"bearer sk-canary"}
    assert "canary" not in engine.name
