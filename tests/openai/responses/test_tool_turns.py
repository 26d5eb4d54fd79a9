"""One response holds several turns of the model, with what the server's tools answered."""

from __future__ import annotations

import pytest
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from harmonium import InvalidInputError, Message
from harmonium.model import ToolDescription, ToolNamespace
from harmonium.openai import (
    AnswerContext,
    Page,
    PromptSettings,
    ToolResult,
    counting_ids,
    response_event_stream,
)
from tests.openai.responses.rules import faults
from tests.openai.responses.running import (
    ALL_INCLUDES,
    ANSWER,
    CALL,
    ENCODING,
    LISTED,
    MCP,
    NOTES,
    PYTHON,
    REASONING,
    SEARCH,
    TOOLS,
    WEATHER,
    ids_of,
    in_turns,
    parsed,
    request_of,
    serving,
    setup_of,
    types_of,
)

EVENT = TypeAdapter(ResponseStreamEvent)
REQUEST = serving(include=ALL_INCLUDES)


def _events(turns, results, request=REQUEST, **options):
    stream, given = in_turns([ids_of(*turn) for turn in turns], request, results, **options)
    events = [event for part in given for event in part]
    assert faults(events) == []
    for event in events:
        EVENT.validate_python(event)
    return stream, events


def _stages(events):
    """The events of the first item that are neither of its text nor deltas."""
    return [name for name in types_of(events, 0) if not name.endswith((".delta", "s.done"))]


def test_code_runs_between_its_events():
    stream, events = _events([[PYTHON], [ANSWER]], [ToolResult("2\n")])
    assert _stages(events) == [
        "output_item.added",
        "code_interpreter_call.in_progress",
        "code_interpreter_call_code.done",
        "code_interpreter_call.interpreting",
        "code_interpreter_call.completed",
        "output_item.done",
    ]
    code, answer = stream.response["output"]
    assert (code["status"], code["outputs"]) == ("completed", [{"type": "logs", "logs": "2\n"}])
    assert answer["status"] == "completed"
    assert [message.text for message in stream.messages] == ["print(1 + 1)", "2\n", "It is 4."]
    assert stream.messages[1] == Message.tool("python", "2\n", channel="analysis")


def test_a_search_runs_between_its_events():
    found = ToolResult("【1†x】", sources=("https://x",))
    stream, events = _events([[SEARCH], [ANSWER]], [found])
    assert _stages(events) == [
        "output_item.added",
        "web_search_call.in_progress",
        "web_search_call.searching",
        "web_search_call.completed",
        "output_item.done",
    ]
    search = stream.response["output"][0]
    assert search["action"] == {
        "type": "search",
        "query": "x",
        "queries": ["x"],
        "sources": [{"type": "url", "url": "https://x"}],
    }
    assert search["results"] == [{"type": "text", "text": "【1†x】"}]


@pytest.mark.parametrize(("failed", "end"), [(False, "completed"), (True, "failed")])
def test_a_servers_tool_succeeds_or_fails(failed, end):
    stream, events = _events([[MCP], [ANSWER]], [ToolResult("said", failed=failed)])
    assert _stages(events) == [
        "output_item.added",
        "mcp_call.in_progress",
        f"mcp_call.{end}",
        "output_item.done",
    ]
    call = stream.response["output"][0]
    assert (call["server_label"], call["name"], call["status"]) == ("notes", "find", end)
    assert (call["output"], call["error"] is None) == ((None, False) if failed else ("said", True))


def test_optional_parts_are_left_out_unless_asked_for():
    results = [ToolResult("2"), ToolResult("page", sources=("https://x",))]
    request = request_of()
    stream, _ = _events([[PYTHON], [SEARCH], [ANSWER]], results, request)
    code, search, _ = stream.response["output"]
    assert code["outputs"] is None
    assert "results" not in search
    assert "sources" not in search["action"]
    assert stream.stored_items()[0]["outputs"] == [{"type": "logs", "logs": "2"}]


def test_a_call_that_nobody_runs_stays_incomplete():
    stream = response_event_stream(REQUEST, AnswerContext(0))
    events = stream.start()
    for part in parsed(ids_of(REASONING, PYTHON), REQUEST):
        events += stream.feed(part)
    events += stream.finish()
    assert faults(events) == []
    assert [item["status"] for item in stream.response["output"]] == ["completed", "incomplete"]
    assert "code_interpreter_call.completed" not in types_of(events)


def _pending(limit):
    stream = response_event_stream(serving(max_tool_calls=limit), AnswerContext(0))
    for part in parsed(ids_of(PYTHON, SEARCH, MCP, CALL), REQUEST):
        stream.feed(part)
    stream.end_turn()
    return stream.pending_calls


def test_the_pending_calls_are_those_of_the_servers_tools():
    assert [(call.output_index, call.recipient) for call in _pending(None)] == [
        (0, "python"),
        (1, "browser.search"),
        (2, "notes.find"),
    ]
    assert _pending(None)[1].arguments == '{"query": "x", "topn": 3}'


def test_no_more_calls_are_run_than_the_request_allows():
    assert [call.recipient for call in _pending(2)] == ["python", "browser.search"]


def test_calls_beyond_the_limit_are_answered_and_not_run():
    stream = response_event_stream(request_of(max_tool_calls=1), AnswerContext(0))
    events = stream.start()
    for part in parsed(ids_of(PYTHON, SEARCH), REQUEST):
        events += stream.feed(part)
    events += stream.end_turn() + stream.tool_finished(0, ToolResult("2"))
    assert stream.pending_calls == ()
    (surplus,) = stream.surplus_calls
    events += stream.tool_finished(surplus.output_index, ToolResult("No more.", failed=True))
    assert stream.surplus_calls == ()
    for part in parsed(ids_of(ANSWER), REQUEST):
        events += stream.feed(part)
    events += stream.finish()
    statuses = [item["status"] for item in stream.response["output"]]
    assert statuses == ["completed", "failed", "completed"]


NOTHING_OFFERED = {"tools": [WEATHER, NOTES], "input": "hi"}
ONE_OF_TWO = {**LISTED, "tools": [{"name": "find"}, {"name": "drop"}]}


@pytest.mark.parametrize(
    ("fields", "runs"),
    [
        ({}, ["python", "browser.search", "notes.find"]),
        (NOTHING_OFFERED, []),
        ({"tool_choice": "none"}, []),
        ({"tool_choice": {"type": "code_interpreter"}}, ["python"]),
        ({"tool_choice": {"type": "mcp", "server_label": "notes"}}, ["notes.find"]),
        ({"tool_choice": {"type": "function", "name": "get_weather"}}, []),
        (
            {
                "input": [ONE_OF_TWO, {"role": "user", "content": "hi"}],
                "tools": [{**NOTES, "allowed_tools": ["drop"], "require_approval": "always"}],
            },
            [],
        ),
    ],
)
def test_a_tool_that_the_request_does_not_offer_is_never_run(fields, runs):
    request = serving(**fields)
    stream = response_event_stream(request, AnswerContext(7, counting_ids()))
    events = stream.start()
    for part in parsed(ids_of(PYTHON, SEARCH, MCP), request):
        events += stream.feed(part)
    events += stream.end_turn()
    assert [call.recipient for call in stream.pending_calls] == runs
    asked = [call.recipient for call in (*stream.pending_calls, *stream.surplus_calls)]
    assert sorted(asked) == ["browser.search", "notes.find", "python"]
    for call in stream.surplus_calls:
        events += stream.tool_finished(call.output_index, ToolResult("No.", failed=True))
    assert faults(events + stream.finish()) == []


def test_a_tool_that_the_server_gives_to_every_request_is_run():
    space = ToolNamespace("notes", tools=(ToolDescription("find"),))
    setup = setup_of(prompt=PromptSettings(builtin_tools=(space,)))
    stream = response_event_stream(request_of(setup, tools=[]), AnswerContext(0))
    stream.feed(parsed(ids_of(MCP), REQUEST)[0])
    stream.end_turn()
    assert [call.recipient for call in stream.pending_calls] == ["notes.find"]


def test_a_tool_that_the_server_gives_is_not_offered_where_none_may_be_called():
    setup = setup_of(prompt=PromptSettings(builtin_tools=(ToolNamespace.browser(),)))
    shown = [
        ENCODING.decode(request_of(setup, tool_choice=choice).render(ENCODING)).count("browser")
        for choice in ("auto", "none")
    ]
    assert shown[0] > 0
    assert shown[1] == 0
    assert request_of(setup, tool_choice="none").spaces == frozenset()


def test_calls_that_are_not_offered_do_not_count_against_the_limit():
    stream = response_event_stream(serving(max_tool_calls=1, tools=[*TOOLS]), AnswerContext(0))
    for part in parsed(ids_of(MCP, PYTHON, SEARCH), REQUEST):
        stream.feed(part)
    stream.end_turn()
    assert [call.recipient for call in stream.pending_calls] == ["python"]
    assert [call.recipient for call in stream.surplus_calls] == ["notes.find", "browser.search"]


def test_a_call_whose_stop_token_the_engine_kept_is_pending_when_its_turn_ends():
    stream = response_event_stream(REQUEST, AnswerContext(0))
    for part in parsed(ids_of(PYTHON)[:-1], REQUEST):
        stream.feed(part)
    assert stream.pending_calls == ()
    stream.end_turn("stop")
    assert [call.arguments for call in stream.pending_calls] == ["print(1 + 1)"]


def test_a_call_that_the_limit_cut_off_is_never_run():
    stream = response_event_stream(REQUEST, AnswerContext(0))
    for part in parsed(ids_of(PYTHON)[:-1], REQUEST):
        stream.feed(part)
    stream.end_turn("length")
    assert stream.pending_calls == ()


@pytest.mark.parametrize("index", [0, 1, 7, -1])
def test_only_a_pending_call_can_be_answered(index):
    stream = response_event_stream(REQUEST, AnswerContext(0))
    for part in parsed(ids_of(REASONING, CALL), REQUEST):
        stream.feed(part)
    stream.end_turn()
    for tell in (stream.tool_started, lambda at: stream.tool_finished(at, ToolResult(""))):
        with pytest.raises(InvalidInputError) as caught:
            tell(index)
        assert caught.value.code == "no_pending_call"


def test_the_usage_counts_all_turns():
    turns = [[REASONING, PYTHON], [ANSWER]]
    stream, _ = _events(turns, [ToolResult("2")])
    usage = stream.response["usage"]
    assert usage["output_tokens"] == sum(len(ids_of(*turn)) for turn in turns)
    assert usage["output_tokens_details"] == {"reasoning_tokens": 3}


CITING = "<|channel|>final<|message|>It is so【3†L5-L9】, or so【4†L1】.<|return|>"
PAGE = Page("https://x.example", "X")
CITATION = {
    "type": "url_citation",
    "start_index": 8,
    "end_index": 17,
    "url": "https://x.example",
    "title": "X",
}


def test_citations_of_known_pages_become_annotations():
    stream, events = _events([[SEARCH], [CITING]], [ToolResult("text", pages={3: PAGE})])
    (part,) = stream.response["output"][1]["content"]
    assert part["annotations"] == [CITATION]
    assert part["text"][8:17] == "【3†L5-L9】"
    (event,) = [event for event in events if event["type"].endswith("annotation.added")]
    assert (event["annotation"], event["annotation_index"]) == (CITATION, 0)


def test_citations_of_unknown_pages_are_left_as_text():
    stream, _ = _events([[CITING]], [])
    (part,) = stream.response["output"][0]["content"]
    assert part["annotations"] == []
    assert "【3†L5-L9】" in part["text"]


def test_citations_and_log_probabilities_go_together():
    request = request_of(include=ALL_INCLUDES)
    stream, _ = _events([[CITING]], [], request, pages={3: PAGE, 4: PAGE})
    assert len(stream.response["output"][0]["content"][0]["annotations"]) == 2


def _search(query):
    return {"type": "search", "query": query, "queries": [query], "sources": []}


@pytest.mark.parametrize(
    ("name", "arguments", "action"),
    [
        ("search", '{"query": "a"}', _search("a")),
        ("open", '{"id": "https://y"}', {"type": "open_page", "url": "https://y"}),
        ("open", '{"id": 4, "cursor": 3}', {"type": "open_page", "url": "https://x.example"}),
        ("open", "{}", {"type": "open_page", "url": None}),
        (
            "find",
            '{"pattern": "a", "cursor": 3}',
            {"type": "find_in_page", "pattern": "a", "url": "https://x.example"},
        ),
        ("search", "{", _search("invalid arguments: {")),
        ("search", '{"query": 3}', _search('invalid arguments: {"query": 3}')),
        ("open", "[]", {"type": "open_page", "url": "invalid arguments: []"}),
        (
            "find",
            "{}",
            {"type": "find_in_page", "pattern": "invalid arguments: {}", "url": ""},
        ),
        ("click", "{}", _search("invalid arguments: {}")),
        ("search", "[" * 100_000, None),
    ],
)
def test_the_browsers_arguments_become_an_action_and_never_an_error(name, arguments, action):
    text = f"<|channel|>analysis to=browser.{name} code<|message|>{arguments}<|call|>"
    stream, _ = _events([[text]], [ToolResult("")], pages={3: PAGE})
    found = stream.response["output"][0]
    assert action is None or found["action"] == action
    assert found["arguments"] == arguments
