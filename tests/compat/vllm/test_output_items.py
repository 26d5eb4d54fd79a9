"""Finished messages as output items, in both generations."""

import pytest
from openai.types.responses import ResponseOutputItem
from pydantic import TypeAdapter

from harmonium.compat.vllm import harmony_to_response_output, items, parse_output_message
from tests.compat.vllm.said import assistant, message, result

BOTH = pytest.mark.parametrize("convert", [parse_output_message, harmony_to_response_output])
VALID = TypeAdapter(ResponseOutputItem)

pytestmark = pytest.mark.usefixtures("counted")


def dumped(found):
    """Items as plain data, each of which OpenAI's own model accepts."""
    data = [item.model_dump(exclude_none=True) for item in found]
    assert [VALID.validate_python(item.to_dict()) for item in found] == found
    return data


def reasoning_item(number, text):
    return {
        "id": f"rs_{number:04}",
        "type": "reasoning",
        "summary": [],
        "content": [{"text": text, "type": "reasoning_text"}],
    }


def message_item(number, *texts):
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {
        "id": f"msg_{number:04}",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": parts,
    }


def mcp_item(number, label, name, arguments):
    return {
        "id": f"mcp_{number:04}",
        "type": "mcp_call",
        "server_label": label,
        "name": name,
        "arguments": arguments,
        "status": "completed",
    }


def function_item(number, name, arguments):
    return {
        "id": f"fc_{number:04}",
        "call_id": f"call_{number:04}",
        "type": "function_call",
        "name": name,
        "arguments": arguments,
    }


def search_item(action):
    return {"id": "ws_0001", "type": "web_search_call", "status": "completed", "action": action}


@BOTH
@pytest.mark.parametrize("role", ["user", "system", "developer", "tool"])
def test_only_the_assistants_messages_are_items(convert, role):
    assert convert(message(role, "x", channel="final")) == []
    assert convert(result("functions.f", "x", to="assistant")) == []


@BOTH
@pytest.mark.parametrize(
    ("recipient", "name"), [("functions.f", "f"), ("functions.a.b", "b"), ("functions.", "")]
)
def test_a_function_is_called_once_a_part(convert, recipient, name):
    said = assistant('{"a": 1}', "not\u0000json \n", channel="commentary", to=recipient)
    assert dumped(convert(said)) == [
        function_item(1, name, '{"a": 1}'),
        function_item(2, name, "not\u0000json \n"),
    ]


@BOTH
@pytest.mark.parametrize("channel", ["analysis", "final", None])
def test_a_function_called_elsewhere_is_taken_for_a_servers_tool(convert, channel):
    said = assistant("{}", channel=channel, to="functions.f")
    assert dumped(convert(said)) == [mcp_item(1, "functions", "f", "{}")]


@BOTH
@pytest.mark.parametrize("recipient", ["python", "browser", "container"])
@pytest.mark.parametrize("channel", ["analysis", "commentary", None])
def test_built_in_tools_are_reasoning(convert, recipient, channel):
    said = assistant("a", "b", channel=channel, to=recipient)
    assert dumped(convert(said)) == [reasoning_item(1, "a"), reasoning_item(2, "b")]


PREFIXED = {
    "container.exec": ("container", "exec"),
    "python.run": ("python", "run"),
    "browser_use": ("browser_use", "browser_use"),
    "pythonic": ("pythonic", "pythonic"),
}


@pytest.mark.parametrize("recipient", PREFIXED)
def test_first_all_that_begins_like_a_built_in_tool_is_one(recipient):
    said = assistant("x", channel="commentary", to=recipient)
    assert dumped(parse_output_message(said)) == [reasoning_item(1, "x")]


@pytest.mark.parametrize("recipient", PREFIXED)
def test_second_a_built_in_tool_is_named_exactly(recipient):
    said = assistant("x", channel="commentary", to=recipient)
    assert dumped(harmony_to_response_output(said)) == [mcp_item(1, *PREFIXED[recipient], "x")]


@BOTH
@pytest.mark.parametrize(
    ("recipient", "label", "name"),
    [
        ("repo_browser.list", "repo_browser", "list"),
        ("a.b.c", "a", "c"),
        ("filesystem", "filesystem", "filesystem"),
        (".x", "", "x"),
        ("x.", "x", ""),
        ("", "", ""),
    ],
)
def test_any_other_recipient_is_a_servers_tool_called_once_a_part(convert, recipient, label, name):
    said = assistant("1", "2", channel="commentary", to=recipient)
    assert dumped(convert(said)) == [mcp_item(1, label, name, "1"), mcp_item(2, label, name, "2")]


@pytest.mark.parametrize(
    ("recipient", "label"),
    [
        ("python", "code_interpreter"),
        ("browser", "web_search_preview"),
        ("container", "container"),
    ],
)
def test_a_built_in_name_gives_its_label_and_itself(recipient, label):
    found = items.mcp_call(recipient, "x", "completed")
    assert dumped([found]) == [mcp_item(1, label, recipient, "x")]


@BOTH
def test_analysis_is_a_reasoning_item_a_part(convert):
    found = convert(assistant("a", "", channel="analysis"))
    assert dumped(found) == [reasoning_item(1, "a"), reasoning_item(2, "")]
    assert [item.status for item in found] == [None, None]


@BOTH
def test_final_is_one_message_of_all_parts(convert):
    found = convert(assistant("a", "", channel="final"))
    assert dumped(found) == [message_item(1, "a", "")]
    assert [part.logprobs for part in found[0].content] == [None, None]


def test_first_a_preamble_is_reasoning():
    found = parse_output_message(assistant("a", "b", channel="commentary"))
    assert dumped(found) == [reasoning_item(1, "a"), reasoning_item(2, "b")]


def test_second_a_preamble_is_a_message():
    found = harmony_to_response_output(assistant("a", "b", channel="commentary"))
    assert dumped(found) == [message_item(1, "a", "b")]


@BOTH
@pytest.mark.parametrize("channel", [None, "comment", ""])
def test_an_unknown_channel_is_an_error_that_names_it(convert, channel):
    with pytest.raises(ValueError, match="Unknown channel") as caught:
        convert(assistant("x", channel=channel))
    assert str(caught.value) == f"Unknown channel: {channel}"


@BOTH
@pytest.mark.parametrize(
    ("action", "arguments", "expected"),
    [
        ("search", '{"query": "weather"}', {"type": "search", "query": "cursor:weather"}),
        ("search", "{}", {"type": "search", "query": "cursor:"}),
        ("open", '{"url": "u", "id": 3}', {"type": "open_page", "url": "cursor:u"}),
        ("open", "{}", {"type": "open_page", "url": "cursor:"}),
        (
            "find",
            '{"pattern": "p", "url": "u"}',
            {"type": "find_in_page", "pattern": "p", "url": "cursor:u"},
        ),
        ("find", "{}", {"type": "find_in_page", "pattern": "", "url": "cursor:"}),
        ("find", '{"pattern": 7}', {"type": "find_in_page", "pattern": "7", "url": "cursor:"}),
    ],
)
def test_a_browsers_call_is_a_web_search(convert, action, arguments, expected):
    said = assistant(arguments, channel="analysis", to=f"browser.{action}")
    assert dumped(convert(said)) == [search_item(expected)]


INVALID = ["{", "", "[]", '"query"', "null", "9" * 5000, "[" * 100_000, "{'query': 1}"]


@BOTH
@pytest.mark.parametrize("text", INVALID, ids=lambda text: text[:8])
def test_invalid_arguments_of_the_browser_are_told_in_every_field(convert, text):
    fault = f"Invalid JSON args, caught and retried: {text}"
    search, page, find = (
        convert(assistant(text, channel="commentary", to=f"browser.{action}"))[0].action
        for action in ("search", "open", "find")
    )
    assert search.query == page.url == find.url == f"cursor:{fault}"
    assert find.pattern == fault


@BOTH
def test_half_a_character_in_the_browsers_arguments_does_no_harm(convert):
    said = assistant(r'{"query": "a\ud83d"}', channel="commentary", to="browser.search")
    assert dumped(convert(said)) == [search_item({"type": "search", "query": "cursor:a\ufffd"})]


@BOTH
@pytest.mark.parametrize("texts", [[], ["{}", "{}"]])
def test_a_browsers_call_has_one_content(convert, texts):
    with pytest.raises(ValueError, match=r"^Invalid number of contents in browser message$"):
        convert(assistant(*texts, channel="commentary", to="browser.search"))


@BOTH
def test_an_unknown_action_of_the_browser_is_an_error_that_names_it(convert):
    with pytest.raises(ValueError, match=r"^Unknown browser action: browser\.click$"):
        convert(assistant("{}", channel="commentary", to="browser.click"))
