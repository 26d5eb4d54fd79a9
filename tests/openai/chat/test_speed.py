"""Time grows with the input alone; how fast it is beside others, the benchmarks say."""

from __future__ import annotations

import pytest

from harmonium.openai import ChatHistories, chat_request
from harmonium.openai.chat.request.history_cache import ParsedHistories
from tests.growth import grows_linearly
from tests.openai.chat.running import ENCODING, HI, chunks, ids_of, message_of, request_of


def _turn(number):
    call = {"id": f"{number}", "function": {"name": "f", "arguments": "{}"}}
    return [
        HI,
        {"role": "assistant", "reasoning": "Hm.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": f"{number}", "content": "x"},
    ]


def _history(size):
    return [message for number in range(size) for message in _turn(number)]


def _read(items, tools=None):
    """Read a history that nothing is known of."""
    ParsedHistories(0).read(items, tools)


def _many_parts(size):
    _read([{"role": "user", "content": [{"type": "text", "text": "a"}] * size}])


def _many_tools(size):
    _read([HI], [{"type": "function", "function": {"name": f"ü {n}"}} for n in range(size)])


def _many_calls(size):
    calls = [{"id": "same", "function": {"name": f"{n} é"}} for n in range(size)]
    _read([{"role": "assistant", "tool_calls": calls}])


def _many_messages(size):
    _read(_history(size))


def _one_dialogue(size):
    """Send a dialogue turn by turn, as clients do, from its first half on."""
    items = [{"role": "user", "content": f"a dialogue of {size}"}]
    for number in range(size):
        items += [{"role": "assistant", "content": f"{number}"}, HI]
    histories = ChatHistories()
    for turns in range(20):
        body = {"model": "m", "messages": items[: len(items) - 2 * (20 - turns)]}
        chat_request(body, histories=histories).render(ENCODING)


MANY_CALLS = ids_of(
    "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|><|start|>assistant"
)
MANY_ANSWERS = ids_of("<|channel|>final<|message|>a<|end|><|start|>assistant")


@pytest.mark.parametrize(
    ("work", "size"),
    [
        (_many_messages, 1500),
        (_one_dialogue, 400),
        (_many_parts, 20_000),
        (_many_tools, 700),
        (_many_calls, 2000),
        (lambda size: message_of(MANY_CALLS * size), 400),
        (lambda size: message_of(MANY_ANSWERS * size), 600),
        (lambda size: message_of([*MANY_ANSWERS[:4], *[12194] * size]), 40_000),
        (lambda size: chunks([*MANY_ANSWERS[:4], *[12194] * size], None, range(size)), 4_000),
    ],
    ids=[
        "messages",
        "a dialogue",
        "parts",
        "tools",
        "calls",
        "answered calls",
        "answers",
        "text",
        "streamed text",
    ],
)
def test_time_grows_with_the_size(work, size):
    assert grows_linearly(work, size)


def test_choosing_among_tools_is_linear_in_tools_and_choices():
    def read(size):
        tools = [{"type": "function", "function": {"name": f"tool_{n}"}} for n in range(size)]
        allowed = {"mode": "auto", "tools": tools}
        choice = {"type": "allowed_tools", "allowed_tools": allowed}
        request_of(tools=tools, tool_choice=choice)

    assert grows_linearly(read, 1_000)
