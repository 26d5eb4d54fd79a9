"""Time grows with the size of what comes in and goes out, and no faster; a token costs little."""

from __future__ import annotations

import json
import time

import pytest

from growth import grows_linearly
from harmonium.openai import Seam, counting_ids, response_answer, response_byte_stream
from openai_responses.running import (
    ANSWER,
    CALL,
    ENCODING,
    REASONING,
    SEARCH,
    ids_of,
    parsed,
    request_of,
    setup_of,
)

RATIO = 2.5
"""What streaming may cost, as a multiple of dumping the same events as JSON."""
REQUEST = request_of()


def _streamed(ids):
    stream = response_byte_stream(REQUEST, Seam(0, counting_ids()))
    for events in parsed(ids, REQUEST, range(0, len(ids), 50)):
        stream.feed(events)
    return stream.finish()


@pytest.mark.parametrize(
    "message", [REASONING, CALL, SEARCH, ANSWER], ids=["reasoning", "call", "search", "answer"]
)
def test_streaming_is_linear_in_the_messages(message):
    ids = ids_of(message, "")
    assert grows_linearly(lambda size: _streamed(ids * size), 300)


def test_streaming_is_linear_in_the_text():
    ids = ids_of("<|channel|>final<|message|>")
    assert grows_linearly(lambda size: _streamed(ids + [220] * size), 20_000)


def _item(number):
    return [
        {"type": "function_call", "call_id": f"c{number}", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": f"c{number}", "output": "x"},
        {"type": "item_reference", "id": f"m{number}"},
    ]


def test_reading_a_request_is_linear_in_its_items():
    def read(size):
        items = [item for number in range(size) for item in _item(number)]
        stored = {f"m{number}": {"role": "user", "content": "x"} for number in range(size)}
        request_of(setup_of(find_item=stored.get), input=items)

    assert grows_linearly(read, 400)


def test_reading_a_request_is_linear_in_its_tools():
    def read(size):
        tools = [{"type": "function", "name": f"tool <{number}>"} for number in range(size)]
        request_of(tools=tools, tool_choice={"type": "allowed_tools", "mode": "auto", "tools": []})

    assert grows_linearly(read, 400)


def _least(run):
    found = []
    for _ in range(7):
        started = time.process_time()
        run()
        found.append(time.process_time() - started)
    return min(found)


def test_a_token_costs_little_more_than_dumping_its_event():
    body = ENCODING.encode_ordinary("The quick brown fox jumps over the lazy dog again. " * 400)
    ids = ids_of("<|channel|>final<|message|>") + body[:4000]
    pieces = parsed(ids, REQUEST, range(len(ids)))
    place = {"item_id": "msg_" + "0" * 24, "output_index": 0, "content_index": 0, "logprobs": []}
    events = [
        {"type": "response.output_text.delta", **place, "sequence_number": n, "delta": " word"}
        for n in range(4000)
    ]

    def stream():
        made = response_byte_stream(REQUEST, Seam(0, counting_ids()))
        return [made.feed(piece) for piece in pieces]

    def dump():
        return [json.dumps(event).encode() for event in events]

    assert any(_least(stream) / _least(dump) < RATIO for _ in range(3))


def test_a_whole_answer_writes_no_events():
    answer = response_answer(REQUEST, Seam(0, counting_ids()))
    given = [answer.feed(events) for events in parsed(ids_of(REASONING, ANSWER), REQUEST)]
    assert [*given, answer.finish()] == [None] * 3
