"""Whether chunks come to the sink or to the task, the answer's bytes and counts are the same."""

from __future__ import annotations

import asyncio
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.engines import Chunk, Finish, GenerationRequest
from harmonium.gateway.generation.decoders import EventDecoder
from harmonium.gateway.generation.pipeline import ChoicePipeline
from harmonium.gateway.generation.runner import GenerationRunner
from harmonium.gateway.generation.stop_strings import EventStops
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.openai import (
    AnswerContext,
    AnswerOptions,
    ResponsesSetup,
    chat_byte_stream,
    chat_request,
    counting_ids,
    response_byte_stream,
    responses_request,
)
from harmonium.testing import token_streams
from tests.gateway.scripted import ids_of

ENCODING = load_encoding()
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
REQUEST = GenerationRequest("r", "m", (1,))
ANSWER = "<|channel|>final<|message|>Hello there, you.<|return|>"


class Chat:
    """Writes chat chunks."""

    def __init__(self, reasoning="reasoning", stops=(), **fields):
        asked = chat_request({**CHAT, "tools": [WEATHER], **fields})
        context = AnswerContext(0, counting_ids(), padding=lambda count: "x" * count)
        self.stream = chat_byte_stream(asked, context, AnswerOptions(reasoning=reasoning))
        self.declared = asked.names.declared
        self.stops = EventStops(stops, asked.names) if stops else None

    def feed(self, choice, content, _logprobs, finish):
        chunks = self.stream.feed(content, choice)
        return b"".join(chunks + (self.stream.finish(finish, choice) if finish else []))

    def counts(self):
        return self.stream.usage(3)


class Response:
    """Writes the events of a response."""

    declared, stops = (), None

    def __init__(self):
        asked = responses_request({"model": "m", "input": "hi", "stream": True}, ResponsesSetup())
        self.stream = response_byte_stream(asked, AnswerContext(0, counting_ids()))
        self.stream.start()

    def feed(self, _choice, content, _logprobs, finish):
        return self.stream.feed(content) + (self.stream.finish(finish) if finish else b"")

    def counts(self):
        return self.stream.usage()


KINDS = {
    "chat": Chat,
    "both names": lambda: Chat(reasoning="both"),
    "hidden reasoning": lambda: Chat(reasoning="none"),
    "usage": lambda: Chat(stream_options={"include_usage": True}),
    "padded": lambda: Chat(stream_options={"include_obfuscation": True}),
    "no calls": lambda: Chat(tool_choice="none"),
    "stop strings": lambda: Chat(stops=("the", "a")),
    "response": Response,
}


class Pulled:
    """Yields every chunk."""

    name = "scripted"

    def __init__(self, chunks):
        self.chunks = chunks
        self.is_closed = False

    async def generate(self, _request):
        try:
            for chunk in self.chunks:
                yield chunk
        finally:
            self.is_closed = True


class Pushed(Pulled):
    """Engine that writes all chunks to the sink but the first and the last."""

    async def generate_into(self, _request, sink):
        try:
            for at, chunk in enumerate(self.chunks):
                if not at or chunk.finish is not None or not sink(chunk):
                    yield chunk
        finally:
            self.is_closed = True


class Output:
    """Keeps what is written; the client has room, or none."""

    def __init__(self, *, room=True):
        self.room = room
        self.at_once = []
        self.all = []

    def can_write(self):
        return self.room

    def write(self, data):
        self.at_once.append(data)
        self.all.append(data)

    async def send(self, data):
        self.all.append(data)


def cut(ids, sizes):
    ends = [end for end in accumulate(sizes) if end < len(ids)]
    pieces = zip([0, *ends], [*ends, len(ids)], strict=True)
    return [*(Chunk(tuple(ids[a:b])) for a, b in pieces), Chunk((), finish=Finish("stop"))]


def played(make, engine, output):
    writer, record = make(), RequestRecord("r", "POST")
    decoder = EventDecoder(ENCODING.parser(tools=writer.declared), writer.stops)
    pipeline = ChoicePipeline(0, decoder, writer, record)
    last = asyncio.run(GenerationRunner(engine, [REQUEST], [pipeline], record).run(output))
    assert engine.is_closed
    counts = (writer.counts(), record.output_tokens, record.finish, record.upstream_cancels)
    return b"".join([*output.all, last]), counts


@pytest.mark.parametrize("kind", KINDS)
@given(ids=token_streams(), sizes=st.lists(st.integers(1, 9)))
def test_a_sink_and_a_task_make_the_same_answer(kind, ids, sizes):
    chunks = cut(ids, sizes)
    pulled = played(KINDS[kind], Pulled(chunks), Output())
    assert played(KINDS[kind], Pushed(chunks), Output()) == pulled
    assert played(KINDS[kind], Pushed(chunks), Output(room=False)) == pulled


def test_nothing_is_written_at_once_to_a_client_without_room():
    chunks = [Chunk((one,)) for one in ids_of(ANSWER)] + [Chunk((), finish=Finish("stop"))]
    full, free = Output(room=False), Output()
    played(Chat, Pushed(chunks), full)
    played(Chat, Pushed(chunks), free)
    assert full.at_once == []
    assert b'"content":" there"' in b"".join(free.at_once)


def test_a_stop_string_in_the_sink_ends_the_generation():
    chunks = [Chunk((one,)) for one in ids_of(ANSWER)] + [Chunk((), finish=Finish("stop"))]
    data, counts = played(lambda: Chat(stops=(" there",)), Pushed(chunks), Output())
    assert b"Hello" in data
    assert b"there" not in data
    assert counts[2:] == (["stop"], 1)


def test_the_wait_for_the_engine_ends_with_each_chunk_that_comes():
    record = RequestRecord("r", "POST", clock=iter(range(100)).__next__)
    writer = Chat()
    pipeline = ChoicePipeline(0, EventDecoder(ENCODING.parser()), writer, record)
    chunks = [Chunk((one,)) for one in ids_of(ANSWER)]
    engine = Pushed([*chunks, Chunk((), finish=Finish("stop"))])
    asyncio.run(GenerationRunner(engine, [REQUEST], [pipeline], record).run(Output()))
    assert record.engine_seconds == len(chunks) + 1
    assert record.first_token is not None
    assert record.output_tokens == len(chunks)
