"""What a gateway keeps of requests takes the memory that it is bounded by, and no more."""

from __future__ import annotations

import gc
import json
import tracemalloc

import pytest

from harmonium import load_encoding
from harmonium.gateway.storage.response_store import ResponseStore
from harmonium.openai import (
    ChatHistories,
    ResponseHistories,
    ResponsesSetup,
    chat_request,
    responses_request,
)

ENCODING = load_encoding()
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}
FUNCTION = {"name": "get_weather", "description": "Current weather.", "parameters": SCHEMA}
CALL = {"name": "get_weather", "arguments": '{"city": "Paris"}'}


def user(text):
    return {"role": "user", "content": text}


def turns(count, size):
    """Some turns of a talk, in words that both APIs take."""
    said = [user("q" * size), {"role": "assistant", "content": "a" * size}] * count
    return [*said, user("And now?")]


CHAT_STEP = [
    {
        "role": "assistant",
        "content": None,
        "reasoning": "Let me see. " * 10,
        "tool_calls": [{"id": "c", "type": "function", "function": CALL}],
    },
    {"role": "tool", "tool_call_id": "c", "content": "20 degrees. " * 20},
]
RESPONSES_STEP = [
    {"type": "reasoning", "id": "r", "summary": [], "content": [
        {"type": "reasoning_text", "text": "Let me see. " * 10}]},
    {"type": "function_call", "call_id": "c", **CALL},
    {"type": "function_call_output", "call_id": "c", "output": "20 degrees. " * 20},
]  # fmt: skip
SHAPES = {
    "a question": ([], [], 0),
    "tools": ([], [], 20),
    "short turns": (turns(30, 40), turns(30, 40), 0),
    "long turns": (turns(10, 2_000), turns(10, 2_000), 5),
    "an agent": (CHAT_STEP * 15, RESPONSES_STEP * 15, 5),
}


def chat_body(shape, number):
    said, _, tools = SHAPES[shape]
    functions = [FUNCTION | {"name": f"tool_{place}"} for place in range(tools)]
    declared = [{"type": "function", "function": function} for function in functions]
    body = {"model": "m", "messages": [user(f"Conversation {number}."), *said], "tools": declared}
    return json.loads(json.dumps(body))


def responses_body(shape, number):
    _, said, tools = SHAPES[shape]
    functions = [FUNCTION | {"name": f"tool_{place}"} for place in range(tools)]
    declared = [{"type": "function", "strict": False, **function} for function in functions]
    body = {"model": "m", "input": [user(f"Conversation {number}."), *said], "tools": declared}
    return json.loads(json.dumps(body))


def memory_taken(work, forget=lambda: None):
    """Return the bytes that are held behind some work, and were not before.

    The work is done twice: what other threads of the process take meanwhile, they take once.
    """
    return min(memory_taken_once(work, forget) for _ in range(2))


def memory_taken_once(work, forget):
    forget()
    gc.collect()
    tracemalloc.start()
    try:
        work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def ask(read, body):
    read(body).render(ENCODING)
    ENCODING.tokenizer.cache.clear()


CHATS, RESPONSES = ChatHistories(), ResponseHistories()


def read_chat(body):
    return chat_request(body, histories=CHATS)


def read_responses(body):
    return responses_request(body, ResponsesSetup(histories=RESPONSES))


APIS = [
    pytest.param(read_chat, chat_body, CHATS, id="chat"),
    pytest.param(read_responses, responses_body, RESPONSES, id="responses"),
]


@pytest.mark.parametrize(("read", "body", "histories"), APIS)
@pytest.mark.parametrize("shape", list(SHAPES))
def test_histories_take_the_memory_that_is_counted(shape, read, body, histories):
    ask(read, body(shape, 0))  # what is made once for all
    taken = memory_taken(
        lambda: [ask(read, body(shape, number)) for number in range(1, 60)], histories.clear
    )
    assert 0.5 * histories.size < taken < 1.2 * histories.size


@pytest.mark.parametrize(("read", "body", "histories"), APIS)
def test_histories_stay_within_their_bound_however_many_conversations_there_are(
    read, body, histories
):
    before = histories.limit
    histories.resize(200_000)
    try:
        ask(read, body("a question", 0))
        taken = memory_taken(
            lambda: [ask(read, body("a question", number)) for number in range(600)],
            histories.clear,
        )
    finally:
        histories.resize(before)
    assert 60_000 < taken < 240_000  # caches hold between half of their bound and all
    assert histories.size <= 200_000


def test_stored_responses_take_the_memory_that_is_counted():
    store = ResponseStore(10**8)

    def put(number):
        said = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": [
            {"type": "output_text", "text": "x" * 500, "annotations": []}]}  # fmt: skip
        response = {"id": f"resp_{number}", "output": [said], "tools": [], "metadata": {}}
        store.put(response, turns(5, 200), [said], None)

    put(0)
    before = store.size
    taken = memory_taken(lambda: [put(number) for number in range(1, 200)])
    assert 0.7 * (store.size - before) < taken < 1.1 * (store.size - before)
