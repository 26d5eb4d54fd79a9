"""A history that grew is read from where it grew, and says the same as one read whole."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import EasyInputMessage

from harmonium.openai import RequestError, ResponsesSetup, responses_request
from harmonium.openai.responses import ParsedHistories
from tests.growth import seconds
from tests.openai.responses.running import CIPHER, TOOLS

OFF = ParsedHistories(0)
LISTED = {"type": "mcp_list_tools", "id": "l", "server_label": "notes", "tools": [{"name": "find"}]}
ASKED = {"type": "mcp_approval_request", "id": "a", "server_label": "notes", "name": "find"}
ITEMS = st.sampled_from(
    [
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "assistant", "content": "Hello.", "phase": "final_answer"},
        {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": CIPHER.seal("Hm.")},
        {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call", "call_id": "c", "name": "look <up", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "d", "name": "look up", "input": "x"},
        {"type": "function_call_output", "call_id": "c", "output": "20"},
        {"type": "custom_tool_call_output", "call_id": "d", "output": "ok"},
        {"type": "mcp_call", "id": "m", "server_label": "notes", "name": "find", "arguments": "{}"},
        {"type": "mcp_call", "id": "m", "server_label": "a b", "name": "c d", "arguments": "{}"},
        {**ASKED, "arguments": "{}"},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": True},
        {"type": "mcp_approval_response", "approval_request_id": "a", "approve": False},
        LISTED,
        {**LISTED, "tools": [{"name": "find"}, {"name": "drop"}]},
        {"type": "code_interpreter_call", "id": "p", "container_id": "x", "code": "1"},
        {"type": "item_reference", "id": "i"},
        {"type": "computer_call"},
        {"role": "user", "content": True},
        {"role": "user", "content": 1},
    ]
)
TOOL_LISTS = st.sampled_from([[], TOOLS, [{"type": "mcp", "server_label": "notes"}]])


def read(items, tools, dialogues, before=None):
    """All that a request says, or where and how it is wrong."""
    stored = {"i": {"role": "user", "content": "kept"}}
    setup = ResponsesSetup(
        cipher=CIPHER, histories=dialogues, find_item=stored.get, previous=before
    )
    try:
        found = responses_request({"input": items, "tools": tools}, setup)
    except RequestError as error:
        return error.param, error.code
    tools = found.tools
    return (
        found.conversation, found.items, found.approved, tools.echo, tools.names,
        tools.servers, tools.places, tools.parser_tools,
    )  # fmt: skip


@given(st.lists(ITEMS, max_size=10), st.lists(st.integers(0, 10), max_size=6), TOOL_LISTS)
@settings(max_examples=250)
def test_keeping_what_was_read_makes_no_difference(items, ends, tools):
    large, tiny = ParsedHistories(), ParsedHistories(12_000)
    for end in sorted(ends):
        whole = read(items[:end], tools, OFF)
        assert read(items[:end], tools, large) == whole
        assert read(items[:end], tools, tiny) == whole
    assert OFF.size == 0
    assert tiny.size <= 12_000


@given(st.lists(ITEMS, max_size=10), st.integers(0, 10), st.integers(0, 10))
@settings(max_examples=100)
def test_what_was_input_may_be_what_came_before(items, first, cut):
    kept = ParsedHistories()
    read(items[:first], TOOLS, kept)
    found = read(items[cut:], TOOLS, kept, items[:cut])
    assert found == read(items[cut:], TOOLS, OFF, items[:cut])


def test_a_caller_that_changes_its_items_is_read_anew():
    kept = ParsedHistories()
    items = [{"role": "user", "content": "hi"}, {"role": "user", "content": "a"}]
    read(items, [], kept)
    items[1]["content"] = "b"
    assert read(items, [], kept)[0].messages[-1].text == "b"


def test_a_caller_may_change_what_it_gave_and_what_it_got():
    kept = ParsedHistories()
    setup = ResponsesSetup(histories=kept)
    deep = {"type": "object", "properties": {"a": {"type": "string"}}}
    tools = [{"type": "function", "name": "f", "parameters": deep}]
    body = {"input": [{"role": "user", "content": "hi"}], "tools": tools}
    clean = responses_request(copy.deepcopy(body), ResponsesSetup(histories=OFF))
    first = responses_request(given_ := copy.deepcopy(body), setup)
    given_["input"][0]["content"] = "changed"
    given_["tools"][0]["parameters"]["properties"]["a"]["type"] = "changed"
    first.values["tools"][0]["parameters"]["properties"]["a"]["type"] = "changed"
    again = responses_request(copy.deepcopy(body), setup)
    assert (again.items, again.values) == (clean.items, clean.values)
    assert again.conversation == clean.conversation


def test_one_request_leaves_no_trace_in_another():
    kept = ParsedHistories()
    items = [{"role": "user", "content": "hi"}] * 3
    call = {"type": "function_call", "call_id": "c", "name": "new <tool", "arguments": "{}"}
    first = read(items, TOOLS, kept)
    read([*items, call], TOOLS, kept)
    assert read(items, TOOLS, kept) == first == read(items, TOOLS, OFF)


def test_other_tools_or_another_key_are_another_conversation():
    kept = ParsedHistories()
    sealed = {"type": "reasoning", "id": "r", "summary": [], "encrypted_content": CIPHER.seal("x")}
    items = [{"role": "user", "content": "hi"}, sealed]
    read(items, TOOLS, kept)
    assert read(items, [], kept) == read(items, [], OFF)
    with pytest.raises(RequestError):
        responses_request(
            {"input": items, "tools": TOOLS}, ResponsesSetup(histories=kept, tolerance="strict")
        )


def test_what_is_no_plain_json_is_read_and_not_kept():
    kept = ParsedHistories()
    read([EasyInputMessage(role="user", content="hi")], [], kept)
    assert kept.size == 0


def test_what_is_kept_can_be_forgotten():
    kept = ParsedHistories()
    read([{"role": "user", "content": "hi"}], [], kept)
    assert kept.size > 0
    kept.clear()
    assert kept.size == 0


def test_the_longest_unused_are_forgotten_first():
    kept = ParsedHistories(40_000)
    said = [[{"role": "user", "content": str(n) * 1000}] for n in range(9)]
    first = []
    for items in said:
        first.append(_first_message(items, kept))
        _first_message(said[0], kept)
    assert 10_000 < kept.size <= 40_000
    assert _first_message(said[0], kept) is first[0]
    assert _first_message(said[1], kept) is not first[1]


def _first_message(items, kept):
    setup = ResponsesSetup(histories=kept)
    return responses_request({"input": items}, setup).conversation.messages[1]


def test_another_bound_begins_anew_and_the_same_bound_forgets_nothing():
    kept = ParsedHistories(40_000)
    read([{"role": "user", "content": "hi"}], [], kept)
    before = kept.size
    kept.resize(40_000)
    assert kept.size == before > 0
    kept.resize(20_000)
    assert (kept.size, kept.limit) == (0, 20_000)


def _turns(count):
    """A history of that many turns."""
    turn = [
        {"role": "user", "content": "What now? " * 20},
        {"type": "reasoning", "id": "r", "summary": [], "content": [
            {"type": "reasoning_text", "text": "Let me see. " * 20}]},
        {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "20 degrees"},
        {"type": "message", "role": "assistant", "content": "This. " * 20},
    ]  # fmt: skip
    return turn * count


def test_a_grown_history_costs_a_fraction_of_reading_it_whole():
    old, new = _turns(200), _turns(201)

    def whole(_):
        read(new, TOOLS, OFF)

    def grown(_):
        read(new, TOOLS, kept)

    def least(run, prepare):
        times = []
        for _ in range(5):
            prepare()
            times.append(seconds(run, 0))
        return min(times)

    kept = ParsedHistories()

    def prepare():
        kept.clear()
        read(old, TOOLS, kept)

    assert any(least(grown, prepare) * 5 < least(whole, lambda: None) for _ in range(4))
