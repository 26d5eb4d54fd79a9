"""MCP servers: their tools are listed once, and calls that need approval wait for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from harmonium import Message
from harmonium.openai import (
    AnswerContext,
    RequestError,
    ToolResult,
    counting_ids,
    response_byte_stream,
    response_event_stream,
)
from harmonium.openai.responses import ApprovedCall, McpServer
from tests.openai.responses.rules import faults
from tests.openai.responses.running import (
    ANSWER,
    ENCODING,
    MCP,
    REASONING,
    events_of,
    ids_of,
    in_turns,
    parsed,
    request_of,
    setup_of,
    types_of,
    whole,
)

EVENT = TypeAdapter(ResponseStreamEvent)
NOTES = {"type": "mcp", "server_label": "notes", "server_url": "https://notes.example"}
TOOLS = [
    {
        "name": "find",
        "description": "Finds.",
        "inputSchema": {"type": "object"},
        "annotations": {"readOnlyHint": True},
    },
    {"name": "drop"},
]
SETUP = setup_of(mcp_tools={"notes": TOOLS})
SPOKEN = Message.assistant(
    '{"q":1}', channel="commentary", recipient="notes.find", content_type="json"
)


def asking(approval="always", setup=SETUP, **fields):
    """A request whose server's calls need approval."""
    return request_of(setup, tools=[{**NOTES, "require_approval": approval}], **fields)


def valid(events):
    """The events, each in its place and as OpenAI's package has it."""
    assert faults(events) == []
    for event in events:
        assert EVENT.validate_python(event).type == event["type"]
    Response.model_validate(events[-1]["response"])
    return events


def test_an_answer_begins_with_the_list_of_a_servers_tools():
    events = valid(events_of(ids_of(ANSWER), request_of(SETUP, tools=[NOTES])))
    assert types_of(events, 0) == [
        "output_item.added",
        "mcp_list_tools.in_progress",
        "mcp_list_tools.completed",
        "output_item.done",
    ]
    listed, message = events[-1]["response"]["output"]
    assert message["type"] == "message"
    assert listed == {
        "type": "mcp_list_tools",
        "id": "mcpl_000000000000000000000002",
        "server_label": "notes",
        "tools": [
            {
                "name": "find",
                "description": "Finds.",
                "input_schema": {"type": "object"},
                "annotations": {"readOnlyHint": True},
            },
            {"name": "drop", "description": None, "input_schema": {}, "annotations": None},
        ],
        "error": None,
    }


def test_tools_that_an_item_lists_are_not_listed_again():
    request = request_of(SETUP, tools=[NOTES])
    listed = events_of(ids_of(ANSWER), request)[-1]["response"]["output"][0]
    again = request_of(SETUP, tools=[NOTES], input=[listed, {"role": "user", "content": "hi"}])
    assert again.tools.listings == ()
    assert [message.text for message in again.conversation.messages[2:]] == ["hi"]
    bare = request_of(tools=[NOTES], input=[listed, {"role": "user", "content": "hi"}])
    assert bare.conversation == again.conversation == request.conversation


def test_a_server_that_could_not_be_asked_is_a_list_that_failed():
    request = request_of(setup_of(mcp_failures={"notes": "no answer"}), tools=[NOTES])
    events = valid(events_of(ids_of(ANSWER), request))
    assert types_of(events, 0)[2] == "mcp_list_tools.failed"
    listed = events[-1]["response"]["output"][0]
    assert (listed["tools"], listed["error"]) == ([], "no answer")
    said = [listed, {"role": "user", "content": "hi"}]
    assert len(request_of(SETUP, tools=[NOTES], input=said).tools.listings) == 1


def test_in_the_background_the_list_comes_when_work_begins():
    events = valid(events_of(ids_of(ANSWER), request_of(SETUP, tools=[NOTES], background=True)))
    assert types_of(events)[:4] == ["created", "queued", "in_progress", "output_item.added"]


def test_a_call_that_needs_approval_is_a_request_for_it():
    stream, given = in_turns([ids_of(REASONING, MCP)], asking(), [])
    events = valid([event for part in given for event in part])
    assert types_of(events, 2) == ["output_item.added", "output_item.done"]
    assert stream.pending_calls == ()
    assert stream.response["status"] == "completed"
    assert stream.response["output"][2] == {
        "type": "mcp_approval_request",
        "id": "mcpr_000000000000000000000004",
        "server_label": "notes",
        "name": "find",
        "arguments": '{"q":1}',
    }
    assert stream.messages[-1] == SPOKEN


def test_a_call_that_was_cut_off_is_never_offered_for_approval():
    events = valid(events_of(ids_of(MCP)[:-2], asking(), engine="length"))
    call = events[-1]["response"]["output"][1]
    assert (call["type"], call["status"]) == ("mcp_call", "incomplete")
    assert '{"q":1}'.startswith(call["arguments"])


LONG = ids_of(REASONING, MCP, MCP, ANSWER)


@given(
    st.integers(0, len(LONG)),
    st.sampled_from(["stop", "length", "content_filter"]),
    st.lists(st.integers(0, len(LONG)), max_size=5),
)
@settings(max_examples=60)
def test_wherever_calls_that_wait_are_cut_the_stream_is_in_order(end, engine, cuts):
    events = valid(events_of(LONG[:end], asking(), cuts, engine=engine))
    assert events[-1]["response"] == whole(LONG[:end], asking(), engine=engine)
    asked = [i for i in events[-1]["response"]["output"] if i["type"] == "mcp_approval_request"]
    assert {item["arguments"] for item in asked} <= {'{"q":1}'}


def answered(*, approve=True, **fields):
    """What a client sends back: the question, what it led to, and whether it is approved."""
    stream, _ = in_turns([ids_of(REASONING, MCP)], asking(), [])
    output = stream.response["output"]
    response = {
        "type": "mcp_approval_response",
        "approval_request_id": output[2]["id"],
        "approve": approve,
        **fields,
    }
    return [{"role": "user", "content": "hi"}, *output, response]


def test_an_approved_call_is_run_before_the_models_next_turn():
    items = answered()
    request = asking(input=items)
    (call,) = request.approved
    assert call == ApprovedCall(items[3]["id"], "notes", "find", "notes.find", '{"q":1}')
    stream = response_event_stream(request, AnswerContext(7, counting_ids()))
    events = stream.start()
    assert [(c.recipient, c.arguments) for c in stream.pending_calls] == [("notes.find", '{"q":1}')]
    events += stream.tool_started(0) + stream.tool_finished(0, ToolResult("found"))
    for part in parsed(ids_of(ANSWER), request):
        events += stream.feed(part)
    events = valid(events + stream.finish("stop"))
    assert types_of(events, 0) == [
        "output_item.added",
        "mcp_call.in_progress",
        "mcp_call_arguments.delta",
        "mcp_call_arguments.done",
        "mcp_call.completed",
        "output_item.done",
    ]
    done = stream.response["output"][0]
    assert (done["approval_request_id"], done["output"]) == (items[3]["id"], "found")
    assert stream.messages[0] == Message.tool("notes.find", "found")
    again = asking(input=[*items, *stream.response["output"]])
    assert again.approved == ()
    expected = [*request.conversation.messages, *stream.messages]
    assert list(again.conversation.messages) == expected


@pytest.mark.parametrize("fields", [{"allowed_tools": ["drop"]}, {"server_label": "other"}])
def test_an_approval_makes_no_tool_run_that_the_request_does_not_offer(fields):
    request = request_of(SETUP, tools=[{**NOTES, **fields}], input=answered())
    assert len(request.approved) == 1
    stream = response_event_stream(request, AnswerContext(7, counting_ids()))
    events = stream.start()
    assert stream.pending_calls == ()
    assert [call.recipient for call in stream.surplus_calls] == ["notes.find"]
    events = valid(events + stream.finish("stop"))
    assert events[-1]["response"]["output"][-1]["status"] == "incomplete"


def test_arguments_that_have_no_utf8_travel_escaped():
    items = answered()
    items[3]["arguments"] = '{"q": "\ud800"}'
    stream = response_byte_stream(asking(input=items), AnswerContext(7))
    frames = (stream.start() + stream.finish("stop")).decode("utf-8")
    assert frames.count("\\ud800") > 3


def test_what_the_answer_holds_so_far_is_rendered_behind_the_conversation():
    request = asking(input=answered())
    prompt = ENCODING.decode(request.render(ENCODING, said=[Message.tool("notes.find", "found")]))
    assert prompt.endswith(
        '<|message|>{"q":1}<|call|><|start|>notes.find to=assistant<|channel|>commentary'
        "<|message|>found<|end|><|start|>assistant"
    )


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (None, "The user did not approve this call."),
        ("Too dear.", "The user did not approve this call. Too dear."),
    ],
)
def test_a_call_that_is_not_approved_is_answered_so(reason, text):
    request = asking(input=answered(approve=False, reason=reason))
    assert request.approved == ()
    assert list(request.conversation.messages[-2:]) == [SPOKEN, Message.tool("notes.find", text)]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"approval_request_id": "mcpr_unknown"}, "input[4].approval_request_id"),
        ({"approval_request_id": 3}, "input[4].approval_request_id"),
        ({"approve": "yes"}, "input[4].approve"),
        ({"approve": None}, "input[4].approve"),
    ],
)
def test_an_approval_that_answers_nothing_is_named(fields, param):
    with pytest.raises(RequestError) as caught:
        asking(input=answered(**fields))
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("approval", "held"),
    [
        ("always", {"find", "drop", "other"}),
        ("never", set()),
        (None, set()),
        ({}, {"find", "drop", "other"}),
        ({"always": {"tool_names": ["drop"]}}, {"drop"}),
        ({"never": {"tool_names": ["find"]}}, {"drop", "other"}),
        ({"never": {"read_only": True}}, {"drop", "other"}),
        ({"always": {"read_only": False}}, {"drop", "other"}),
        (
            {"always": {"tool_names": ["find"]}, "never": {"read_only": True}},
            {"find", "drop", "other"},
        ),
    ],
)
def test_a_filter_says_which_calls_wait_for_approval(approval, held):
    tools = asking(approval).tools
    assert {name for name in ("find", "drop", "other") if tools.holds("notes", name)} == held


def test_a_server_may_have_calls_wait_unless_the_request_says_otherwise():
    setup = setup_of(mcp_tools={"notes": TOOLS}, mcp_approval="always")
    assert asking(None, setup).tools.holds("notes", "find")
    assert not asking("never", setup).tools.holds("notes", "find")
    assert asking(None, setup).values["tools"][0]["require_approval"] == "always"


@pytest.mark.parametrize(
    ("allowed", "names"),
    [
        ({"read_only": True}, ["find"]),
        ({"read_only": False}, ["drop"]),
        ({"read_only": True, "tool_names": ["drop"]}, []),
        ({}, ["find", "drop"]),
    ],
)
def test_a_filter_says_which_tools_are_offered(allowed, names):
    (server,) = request_of(SETUP, tools=[{**NOTES, "allowed_tools": allowed}]).tools.servers
    assert [tool.name.name for tool in server.tools] == names
    assert [tool["name"] for tool in server.listing.tools] == names


def test_where_a_server_is_and_what_it_is_asked_with_is_for_the_caller():
    tool = {**NOTES, "authorization": "s3cret", "headers": {"x-key": "s3cret"}}
    (server,) = request_of(tools=[tool]).tools.servers
    assert isinstance(server, McpServer)
    assert (server.url, server.authorization) == ("https://notes.example", "s3cret")
    assert server.headers == {"x-key": "s3cret"}
    assert "s3cret" not in repr(server)
