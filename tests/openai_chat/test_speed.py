"""Time grows with the input alone, and serialising costs little beside what JSON itself costs."""

from __future__ import annotations

import json
import time

import pytest

from growth import grows_linearly
from harmonium.openai import Seam, chat_byte_stream, counting_ids
from harmonium.openai.chat.dialogue import Dialogues
from openai_chat.running import ENCODING, HI, ids_of, message_of, request_of


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
    Dialogues(0).read(items, tools)


def _many_parts(size):
    _read([{"role": "user", "content": [{"type": "text", "text": "a"}] * size}])


def _many_tools(size):
    _read([HI], [{"type": "function", "function": {"name": f"ü {n}"}} for n in range(size)])


def _many_calls(size):
    calls = [{"id": "same", "function": {"name": f"{n} é"}} for n in range(size)]
    _read([{"role": "assistant", "tool_calls": calls}])


def _many_messages(size):
    _read(_history(size))


MANY_CALLS = ids_of(
    "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|><|start|>assistant"
)
MANY_ANSWERS = ids_of("<|channel|>final<|message|>a<|end|><|start|>assistant")


@pytest.mark.parametrize(
    ("work", "size"),
    [
        (_many_messages, 1500),
        (_many_parts, 20_000),
        (_many_tools, 700),
        (_many_calls, 2000),
        (lambda size: message_of(MANY_CALLS * size), 400),
        (lambda size: message_of(MANY_ANSWERS * size), 600),
        (lambda size: message_of([*MANY_ANSWERS[:4], *[12194] * size]), 40_000),
    ],
    ids=["messages", "parts", "tools", "calls", "answered calls", "answers", "text"],
)
def test_time_grows_with_the_size(work, size):
    assert grows_linearly(work, size)


def _best(work):
    times = []
    for _ in range(7):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def test_a_token_costs_less_than_two_and_a_half_dumps_of_its_chunk():
    ids = ids_of("<|channel|>final<|message|>" + 'It is "4", isn\'t it? ' * 500 + "<|return|>")
    request = request_of(stream=True)

    def stream():
        made, parser = chat_byte_stream(request, Seam(0, counting_ids())), ENCODING.parser()
        return [chunk for token in ids for chunk in made.feed(parser.feed(token))]

    said = [json.loads(chunk[6:]) for chunk in stream()]

    def dump():
        return [json.dumps(chunk).encode() for chunk in said]

    assert any(_best(stream) / _best(dump) < 2.5 for _ in range(4))


def test_a_history_that_grew_by_a_turn_is_read_in_a_fraction_of_the_time():
    items = _history(300)
    cold = _best(lambda: Dialogues().read(items, None))
    warm = []
    for _ in range(7):
        dialogues = Dialogues()
        dialogues.read(items[:-3], None)
        begin = time.perf_counter()
        dialogues.read(items, None)
        warm.append(time.perf_counter() - begin)
    assert min(warm) < cold / 3
