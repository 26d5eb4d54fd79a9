"""Conversations to and from JSON: lossless in our form, safe for any JSON at all."""

import copy
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from harmonium import (
    Author,
    Conversation,
    DeveloperContent,
    InvalidInputError,
    InvalidJSONError,
    Message,
    ReasoningEffort,
    ResponseFormat,
    Role,
    SystemContent,
    TextContent,
    conversation_from_dict,
    conversation_from_json,
    conversation_to_dict,
    conversation_to_json,
)
from harmonium.limits import DEFAULT_LIMITS
from harmonium.model import message_from_dict, message_to_dict
from harmonium.testing import conversations, messages

PROMPT = "words of the prompt"
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4)
KEYS = st.sampled_from(["author", "role", "content", "type", "text", "tools", "name", "messages"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner), max_leaves=8
)


def _has_formats(message):
    return any(
        isinstance(part, DeveloperContent) and part.response_formats for part in message.content
    )


def _read(read, data):
    try:
        return read(data)
    except InvalidInputError as error:
        return error


def _error(read, *values):
    with pytest.raises(InvalidInputError) as caught:
        read(*values)
    return caught.value


@given(conversations())
def test_a_conversation_comes_back_from_our_form_as_text_bytes_and_a_list(conversation):
    text = conversation_to_json(conversation)
    assert conversation_from_json(text) == conversation
    assert conversation_from_json(text.encode()) == conversation
    assert conversation_from_dict(json.loads(text)["messages"]) == conversation
    assert text.isascii()
    assert "\n" not in text


@given(messages().filter(lambda message: not _has_formats(message)))
def test_a_message_comes_back_from_the_other_librarys_form(message):
    assert message_from_dict(message_to_dict(message, "openai_harmony")) == message


@given(conversations())
def test_what_is_written_is_not_shared_with_what_was_read(conversation):
    data = conversation_to_dict(conversation)
    assert data == conversation_to_dict(conversation)
    data["messages"].clear()
    assert conversation_to_dict(conversation)["messages"] != [] or not conversation.messages


@given(JSON)
def test_any_json_is_a_conversation_or_an_error_that_says_so(data):
    found = _read(conversation_from_dict, data)
    if isinstance(found, InvalidInputError):
        assert found.http_status == 400
    else:
        assert conversation_from_dict(conversation_to_dict(found)) == found


def _places(data, path=()):
    """Paths of every value in a document, the document's own first."""
    yield path
    pairs = data.items() if isinstance(data, dict) else ()
    for key, value in enumerate(data) if isinstance(data, list) else pairs:
        yield from _places(value, (*path, key))


def _with(data, path, value):
    """Copy a document with another value at one place."""
    if not path:
        return value
    changed = copy.copy(data)
    changed[path[0]] = _with(data[path[0]], path[1:], value)
    return changed


@given(st.data(), messages(), st.sampled_from(["harmonium", "openai_harmony"]), JSON)
def test_one_wrong_value_is_read_or_refused_and_nothing_is_quoted(data, message, form, wrong):
    assume(form == "harmonium" or not _has_formats(message))
    document = message_to_dict(message, form)
    place = data.draw(st.sampled_from(list(_places(document))))
    spoilt = _with(document, place, {PROMPT: wrong} if isinstance(wrong, list) else wrong)
    found = _read(message_from_dict, spoilt)
    if isinstance(found, InvalidInputError):
        assert (found.position.path or "").startswith("message")
        assert PROMPT not in str(found)
    else:
        assert message_from_dict(message_to_dict(found)) == found


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"messages": [3]}, "messages[0]"),
        ([{"role": "user"}], "messages[0].content"),
        ([{"role": "user", "content": 3}], "messages[0].content"),
        ([{"role": 3, "content": ""}], "messages[0].role"),
        ([{"author": "user", "content": ""}], "messages[0].author"),
        ([{"author": {"role": None}, "content": ""}], "messages[0].author.role"),
        ([{"role": "user", "content": [{"type": "image"}]}], "messages[0].content[0].type"),
        ([{"role": "user", "content": ["a", {"type": "text"}]}], "messages[0].content[1].text"),
        ([{"role": "user", "content": "", "channel": "a b"}], "messages[0].channel"),
        (
            [{"role": "system", "content": [{"type": "system_content", "channel_config": []}]}],
            "messages[0].content[0].channel_config",
        ),
        (
            [{"role": "system", "content": [{"type": "system_content", "tools": {"x": 3}}]}],
            "messages[0].content[0].tools",
        ),
    ],
)
def test_an_error_names_the_path_of_the_wrong_value(data, path):
    assert _error(conversation_from_dict, data).position.path == path


@pytest.mark.parametrize("data", [3, None, "text", {}, {"messages": {}}])
def test_what_is_no_list_of_messages_is_no_conversation(data):
    assert isinstance(_error(conversation_from_dict, data), InvalidJSONError)


@pytest.mark.parametrize("text", ["", "{", '{"messages": [', "nope", b"\xff\xfe\xff", "9" * 5000])
def test_what_is_no_json_is_refused_without_a_quotation(text):
    error = _error(conversation_from_json, text)
    assert "this is not JSON" in error.message or "conversation is" in error.message
    assert "nope" not in str(error)


def _nested(levels):
    value = ""
    for _ in range(levels):
        value = [value]
    return value


def test_json_is_read_to_a_depth_and_no_deeper():
    assert _error(conversation_from_dict, _nested(DEFAULT_LIMITS.json_depth + 1)).code == (
        "json_too_deep"
    )
    assert _error(conversation_from_dict, _nested(3)).code == "invalid_json"


def test_text_nested_without_end_is_refused_and_does_not_break_the_reader():
    assert _error(conversation_from_json, "[" * 100_000).code == "json_too_deep"


def test_values_shared_many_times_are_looked_at_once():
    shared = [""]
    for _ in range(DEFAULT_LIMITS.json_depth - 2):
        shared = [shared, shared]
    assert _error(conversation_from_dict, shared).code == "invalid_json"


def test_an_absent_setting_is_the_default_in_our_form_and_none_in_the_other():
    content = [{"type": "system_content"}]
    ours = message_from_dict({"author": {"role": "system"}, "content": content})
    other = message_from_dict({"role": "system", "content": content})
    assert ours == Message.system()
    assert other == Message.system(SystemContent(None, None, None, None, None))


def test_efforts_are_capitalised_in_the_other_form_alone():
    message = Message.system(SystemContent(reasoning_effort=ReasoningEffort.HIGH))
    assert message_to_dict(message)["content"][0]["reasoning_effort"] == "high"
    other = message_to_dict(message, "openai_harmony")
    assert other["content"][0]["reasoning_effort"] == "High"


def test_response_formats_are_refused_in_the_form_that_cannot_hold_them():
    content = DeveloperContent(response_formats=[ResponseFormat("answer", {"type": "object"})])
    error = _error(message_to_dict, Message.developer(content), "openai_harmony")
    assert "response formats" in error.message
    assert message_from_dict(message_to_dict(Message.developer(content))) == (
        Message.developer(content)
    )


def test_an_unknown_form_is_refused():
    assert "unknown form" in _error(message_to_dict, Message.user("Hi"), "yaml").message


def test_a_string_is_one_text_in_either_form():
    expected = Conversation([Message(Author(Role.USER), [TextContent("Hi")])])
    assert conversation_from_dict([{"role": "user", "content": "Hi"}]) == expected
    assert conversation_from_dict([{"author": {"role": "user"}, "content": ["Hi"]}]) == expected
