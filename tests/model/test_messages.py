"""Messages and conversations: who may say what, and shortcuts that build the common ones."""

import copy
import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import (
    Author,
    Conversation,
    DeveloperContent,
    InvalidInputError,
    InvalidMessageError,
    InvalidNameError,
    Message,
    Role,
    SystemContent,
    TextContent,
)
from harmonium.testing import conversations, messages, names

ROLES = st.sampled_from(Role)


def _error(kind, build, *values, **fields):
    with pytest.raises(kind) as caught:
        build(*values, **fields)
    return caught.value


@given(messages())
def test_a_message_is_frozen_hashable_and_survives_copying(message):
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.channel = "final"
    assert pickle.loads(pickle.dumps(message)) == message  # noqa: S301  (our own bytes)
    assert copy.deepcopy(message) == message
    assert len({message, dataclasses.replace(message)}) == 1


@given(conversations())
def test_a_conversation_is_its_messages_in_order(conversation):
    assert Conversation(list(conversation)) == conversation
    assert len(conversation) == len(list(conversation))


@given(st.lists(st.text()))
def test_the_text_of_a_message_is_its_parts_joined(parts):
    message = Message(Author(Role.USER), [TextContent(part) for part in parts])
    assert message.text == "".join(parts)


@given(st.text())
def test_settings_count_as_no_text(text):
    message = Message(Author(Role.DEVELOPER), [DeveloperContent(text), TextContent(text)])
    assert message.text == text


@given(st.text())
def test_one_content_a_string_and_a_sequence_are_the_same_message(text):
    whole = Message(Author(Role.USER), [TextContent(text)])
    assert Message(Author(Role.USER), text) == whole
    assert Message(Author(Role.USER), TextContent(text)) == whole
    assert Message.user(text) == whole


@given(ROLES.filter(lambda role: role is not Role.SYSTEM))
def test_system_content_stands_in_no_other_message(role):
    author = Author(role, "functions.x" if role is Role.TOOL else None)
    error = _error(InvalidMessageError, Message, author, [SystemContent()])
    assert error.code == "content_role"


@given(ROLES.filter(lambda role: role is not Role.DEVELOPER))
def test_developer_content_stands_in_no_other_message(role):
    author = Author(role, "functions.x" if role is Role.TOOL else None)
    error = _error(InvalidMessageError, Message, author, [DeveloperContent()])
    assert error.code == "content_role"


@given(names(dotted=False).filter(lambda name: name not in {"python", "browser"}))
def test_a_tool_without_a_namespace_needs_a_recipient(name):
    error = _error(InvalidMessageError, Message.tool, name, "21 degrees", recipient=None)
    assert error.code == "tool_without_recipient"
    assert Message.tool(name, "21 degrees").recipient == "assistant"


@given(names(dotted=False), st.sampled_from([None, "all"]))
def test_a_tool_of_a_namespace_may_answer_everybody(name, recipient):
    message = Message.tool(f"functions.{name}", "21 degrees", recipient=recipient)
    assert message.recipient == recipient


def test_a_tool_message_needs_the_name_of_its_tool():
    assert _error(InvalidMessageError, Author, Role.TOOL).code == "tool_without_name"


@pytest.mark.parametrize("field", ["channel", "recipient", "content_type"])
def test_a_header_field_that_could_open_a_second_one_is_refused(field):
    error = _error(InvalidNameError, Message.assistant, "Hi", **{field: "final<|message|>"})
    assert error.position.path == field.replace("_", " ")


@pytest.mark.parametrize("role", [word.upper() for word in Role] + ["", "bot", "user "])
def test_a_role_is_one_of_the_five_words(role):
    assert _error(InvalidNameError, Author, role).code == "unknown_role"


@given(ROLES, names())
def test_an_author_takes_a_role_by_its_word(role, name):
    assert Author(role.value, name) == Author(role, name)
    assert str(role) == role.value


def test_an_author_is_an_author():
    assert _error(InvalidMessageError, Message, "user", "Hi").position.path == "author"


def test_what_is_no_content_is_named_by_its_index():
    error = _error(InvalidInputError, Message, Author(Role.USER), [TextContent("a"), "b"])
    assert error.position.path == "content[1]"


def test_what_is_no_message_is_named_by_its_index():
    error = _error(InvalidInputError, Conversation, [Message.user("a"), "b"])
    assert error.position.path == "messages[1]"


def test_a_system_message_has_default_settings_unless_given():
    assert Message.system() == Message.system(SystemContent())
    assert Message.system("Be brief.").text == "Be brief."
    assert Message.developer("Be brief.").content == (TextContent("Be brief."),)
