"""What is said at once is what is said the ordinary way, byte for byte; and it is counted."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.gateway.generation.decoders import EventDecoder
from harmonium.gateway.generation.runner import EngineClock
from harmonium.gateway.generation.stop_strings import EventStops
from harmonium.gateway.http.direct_write import TextSayer
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
RESPONSE = {"model": "m", "input": "hi", "stream": True}
SIZES = st.lists(st.integers(1, 9))


class Paper:
    """An outlet that keeps what is said."""

    def __init__(self):
        self.said = []
        self.open = True

    def hold(self):
        raise AssertionError

    def is_open(self):
        return self.open

    def say(self, piece):
        self.said.append(piece)


class Chat:
    """A chat stream, fed either way."""

    def __init__(self, reasoning="reasoning", **fields):
        self.asked = chat_request({**CHAT, "tools": [WEATHER], **fields})
        answer_context = AnswerContext(0, counting_ids(), padding=lambda count: "x" * count)
        self.stream = chat_byte_stream(
            self.asked, answer_context, AnswerOptions(reasoning=reasoning)
        )
        self.say = self.stream.feed_text
        self.declared = self.asked.names.declared

    def feed(self, events):
        return b"".join(self.stream.feed(events))

    def end(self):
        return b"".join([*self.stream.finish("stop"), *self.stream.end(3)])

    def counts(self):
        return self.stream.usage(3)


class Response:
    """A stream of a response, fed either way."""

    def __init__(self):
        self.asked = responses_request(RESPONSE, ResponsesSetup())
        self.stream = response_byte_stream(self.asked, AnswerContext(0, counting_ids()))
        self.stream.start()
        self.declared = ()

    def say(self, delta):
        return self.stream.feed((delta,))

    def feed(self, events):
        return self.stream.feed(events)

    def end(self):
        return self.stream.finish("stop", input_tokens=3, cached_tokens=0, now=1)

    def counts(self):
        return self.stream.usage()


KINDS = {
    "chat": Chat,
    "both names": lambda: Chat(reasoning="both"),
    "hidden reasoning": lambda: Chat(reasoning="none"),
    "usage": lambda: Chat(stream_options={"include_usage": True}),
    "padded": lambda: Chat(stream_options={"include_obfuscation": True}),
    "no calls": lambda: Chat(tool_choice="none"),
    "response": Response,
}


def cut(ids, sizes):
    ends = [end for end in accumulate(sizes) if end < len(ids)]
    return [tuple(ids[begin:end]) for begin, end in zip([0, *ends], [*ends, len(ids)], strict=True)]


def spoken(make, pieces, *, at_once):
    """Give what a client reads, and what is counted."""
    answer, paper, record = make(), Paper(), RequestRecord("r", "POST")
    reading = EventDecoder(ENCODING.parser(tools=answer.declared))
    sayer = TextSayer(reading.take_text, answer.say, paper, EngineClock(), record)
    for piece in pieces:
        if not (at_once and sayer.take(piece)):
            record.output_tokens += len(piece)
            paper.say(answer.feed(reading.take(piece, last=False)))
    paper.say(answer.feed(reading.take((), last=True)) + answer.end())
    return b"".join(paper.said), answer.counts(), record.output_tokens


@pytest.mark.parametrize("kind", KINDS)
@given(ids=token_streams(), sizes=SIZES)
def test_what_is_said_at_once_is_what_is_said_otherwise(kind, ids, sizes):
    pieces = cut(ids, sizes)
    ordinary = spoken(KINDS[kind], pieces, at_once=False)
    assert spoken(KINDS[kind], pieces, at_once=True) == ordinary


def a_sayer(stops=()):
    answer, paper, record = Chat(), Paper(), RequestRecord("r", "POST")
    found = EventStops(stops, answer.asked.names) if stops else None
    reading = EventDecoder(ENCODING.parser(), found)
    clock = EngineClock(iter(range(100)).__next__)
    answer.feed(reading.take(ids_of("<|channel|>final<|message|>A"), last=False))
    return TextSayer(reading.take_text, answer.say, paper, clock, record), paper, clock, record


HELLO = tuple(ids_of(" Hello"))


def test_text_goes_out_at_once_and_its_times_are_noted():
    sayer, paper, clock, record = a_sayer()
    clock.waiting_since = 0
    assert sayer.take(HELLO)
    assert b'"content":" Hello"' in b"".join(paper.said)
    assert (record.last_token, record.engine_seconds, record.output_tokens) == (1, 1, 1)
    assert clock.waiting_since == clock.last_write == 2


def test_nothing_is_taken_while_the_client_cannot_read():
    sayer, paper, clock, record = a_sayer()
    paper.open = False
    assert not sayer.take(HELLO)
    assert (paper.said, record.output_tokens, clock.waiting_since) == ([], 0, None)


def test_text_that_stop_strings_are_looked_for_in_is_not_taken():
    sayer, paper, _, _ = a_sayer(stops=("Hello",))
    assert not sayer.take(HELLO)
    assert paper.said == []
