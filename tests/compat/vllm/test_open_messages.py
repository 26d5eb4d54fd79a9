"""The message that a cut-off generation leaves open, in both generations."""

from types import SimpleNamespace

import pytest

from harmonium.compat.openai_harmony import Role
from harmonium.compat.vllm import (
    get_encoding,
    harmony_to_response_output,
    parse_output_into_messages,
    parse_output_message,
    parse_remaining_state,
    parser_state_to_response_output,
)
from tests.compat.vllm.said import assistant
from tests.compat.vllm.test_output_items import dumped, function_item, mcp_item, message_item
from tests.compat.vllm.test_output_items import reasoning_item as reasoning

BOTH = pytest.mark.parametrize("convert", [parse_remaining_state, parser_state_to_response_output])
CALLS = pytest.mark.parametrize("channel", ["commentary", "analysis"])

pytestmark = pytest.mark.usefixtures("counted")


def parser(text="x", *, channel=None, to=None, role=Role.ASSISTANT):
    """What the functions look at of a parser."""
    return SimpleNamespace(
        current_content=text, current_channel=channel, current_recipient=to, current_role=role
    )


def message(text):
    return message_item(1, text) | {"status": "incomplete"}


@BOTH
@pytest.mark.parametrize("text", ["", None])
@pytest.mark.parametrize("to", [None, "functions.f"])
def test_nothing_without_content(convert, text, to):
    assert convert(parser(text, channel="commentary", to=to)) == []


@BOTH
@pytest.mark.parametrize("role", [Role.USER, Role.TOOL, Role.SYSTEM, None])
def test_nothing_for_other_roles(convert, role):
    assert convert(parser(channel="final", role=role)) == []


@BOTH
@pytest.mark.parametrize("action", ["search", "open", "find", "click"])
def test_nothing_for_the_browser(convert, action):
    assert convert(parser("{}", channel="commentary", to=f"browser.{action}")) == []


@BOTH
@CALLS
@pytest.mark.parametrize(("recipient", "name"), [("functions.f", "f"), ("functions.a.b", "b")])
def test_an_open_function_call_is_in_progress(convert, channel, recipient, name):
    found = convert(parser('{"a', channel=channel, to=recipient))
    assert dumped(found) == [function_item(1, name, '{"a') | {"status": "in_progress"}]


@BOTH
@CALLS
@pytest.mark.parametrize("recipient", ["python", "browser", "container"])
def test_an_open_call_of_a_built_in_tool_is_reasoning(convert, channel, recipient):
    assert dumped(convert(parser("x", channel=channel, to=recipient))) == [reasoning(1, "x")]


@CALLS
def test_first_an_open_call_of_what_begins_like_a_built_in_tool_is_reasoning(channel):
    found = parse_remaining_state(parser("x", channel=channel, to="container.exec"))
    assert dumped(found) == [reasoning(1, "x")]


@CALLS
def test_second_an_open_call_of_what_begins_like_a_built_in_tool_is_a_servers_tool(channel):
    found = parser_state_to_response_output(parser("x", channel=channel, to="container.exec"))
    expected = mcp_item(1, "container", "exec", "x") | {"status": "in_progress"}
    assert dumped(found) == [expected]


@BOTH
@CALLS
@pytest.mark.parametrize(
    ("recipient", "label", "name"), [("database", "database", "database"), ("a.b.c", "a", "c")]
)
def test_an_open_call_of_a_servers_tool_is_in_progress(convert, channel, recipient, label, name):
    found = convert(parser("{", channel=channel, to=recipient))
    assert dumped(found) == [mcp_item(1, label, name, "{") | {"status": "in_progress"}]


def test_first_an_open_preamble_is_reasoning():
    assert dumped(parse_remaining_state(parser(channel="commentary"))) == [reasoning(1, "x")]


def test_second_an_open_preamble_is_an_incomplete_message():
    found = parser_state_to_response_output(parser(channel="commentary"))
    assert dumped(found) == [message("x")]


@BOTH
def test_open_analysis_is_reasoning(convert):
    assert dumped(convert(parser(channel="analysis"))) == [reasoning(1, "x")]


@BOTH
@pytest.mark.parametrize("to", [None, "functions.f"])
def test_an_open_final_is_an_incomplete_message(convert, to):
    assert dumped(convert(parser(channel="final", to=to))) == [message("x")]


@BOTH
@pytest.mark.parametrize("channel", [None, "comment"])
def test_nothing_for_an_unknown_channel(convert, channel):
    assert convert(parser(channel=channel)) == []


TURNS = [
    ("<|channel|>analysis", None, "analysis"),
    ("<|channel|>final", None, "final"),
    ("<|channel|>commentary", None, "commentary"),
    (" to=functions.f<|channel|>commentary json", "functions.f", "commentary"),
    (" to=python<|channel|>analysis code", "python", "analysis"),
    (" to=a.b<|channel|>commentary json", "a.b", "commentary"),
]


@pytest.mark.parametrize(
    ("finish", "remain"),
    [
        (parse_output_message, parse_remaining_state),
        (harmony_to_response_output, parser_state_to_response_output),
    ],
)
@pytest.mark.parametrize(("header", "recipient", "channel"), TURNS)
def test_cut_off_and_finished_differ_in_status_and_id_alone(
    finish, remain, header, recipient, channel
):
    ids = get_encoding().encode(f"{header}<|message|>text 1.", allowed_special="all")
    (left,) = remain(parse_output_into_messages(ids))
    (done,) = finish(assistant("text 1.", channel=channel, to=recipient))
    changing = {"id", "call_id", "status"}
    assert left.model_dump(exclude=changing) == done.model_dump(exclude=changing)
    assert (left.status, done.status) in {
        ("in_progress", None),
        ("in_progress", "completed"),
        ("incomplete", "completed"),
        (None, None),
    }
