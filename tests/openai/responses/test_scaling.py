"""Time grows with the size of what comes in and goes out, and no faster."""

from __future__ import annotations

import pytest

from harmonium.openai import AnswerContext, counting_ids, response_answer, response_byte_stream
from tests.growth import grows_linearly
from tests.openai.responses.running import (
    ANSWER,
    CALL,
    REASONING,
    SEARCH,
    ids_of,
    parsed,
    request_of,
    setup_of,
)

REQUEST = request_of()


def _streamed(ids):
    stream = response_byte_stream(REQUEST, AnswerContext(0, counting_ids()))
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


def test_choosing_among_tools_is_linear_in_tools_and_choices():
    def read(size):
        tools = [{"type": "function", "name": f"tool_{number}"} for number in range(size)]
        request_of(
            tools=tools, tool_choice={"type": "allowed_tools", "mode": "auto", "tools": tools}
        )

    assert grows_linearly(read, 1_000)


def test_a_whole_answer_writes_no_events():
    answer = response_answer(REQUEST, AnswerContext(0, counting_ids()))
    given = [answer.feed(events) for events in parsed(ids_of(REASONING, ANSWER), REQUEST)]
    assert [*given, answer.finish()] == [None] * 3
