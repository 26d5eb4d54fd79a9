"""The history of a Responses request: entries of ``previous_input_messages``."""

from types import SimpleNamespace

import pytest

from harmonium.compat.vllm import (
    construct_harmony_previous_input_messages,
    parse_input_to_harmony_message,
    response_previous_input_to_harmony,
)
from tests.compat.vllm.said import Model, assistant, call, message, result, shown

BOTH = pytest.mark.parametrize(
    "convert", [parse_input_to_harmony_message, response_previous_input_to_harmony]
)


@BOTH
def test_each_call_of_an_assistant_is_a_message(convert):
    entry = {
        "role": "assistant",
        "content": "left out",
        "reasoning": "left out",
        "tool_calls": [
            {"function": {"name": "f", "arguments": '{"a": 1}'}},
            {"function": {"arguments": None}},
        ],
    }
    assert shown(convert(entry)) == shown([call("f", '{"a": 1}'), call("", "")])


RESULTS = [
    ("Sunny", "Sunny"),
    (None, ""),
    ("", ""),
    ([{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}], "ab"),
]


@pytest.mark.parametrize(("content", "text"), RESULTS)
def test_first_a_result_is_addressed_to_nobody(content, text):
    entry = {"role": "tool", "name": "f", "content": content}
    assert shown(parse_input_to_harmony_message(entry)) == shown([result("functions.f", text)])


@pytest.mark.parametrize(("content", "text"), RESULTS)
def test_second_a_result_is_addressed_to_the_assistant(content, text):
    entry = {"role": "tool", "name": "f", "content": content}
    assert shown(response_previous_input_to_harmony(entry)) == shown(
        [result("functions.f", text, to="assistant")]
    )


def test_first_a_prefixed_name_is_prefixed_again():
    (said,) = parse_input_to_harmony_message({"role": "tool", "name": "functions.f"})
    assert said.author.name == "functions.functions.f"


def test_second_a_name_is_not_prefixed_twice():
    (said,) = response_previous_input_to_harmony({"role": "tool", "name": "functions.f"})
    assert said.author.name == "functions.f"


@BOTH
@pytest.mark.parametrize("role", ["user", "system", "developer", "assistant"])
@pytest.mark.parametrize(
    ("content", "texts"),
    [("hi", ["hi"]), ("", [""]), (None, [""]), ([{}, {"text": "b"}], ["", "b"])],
)
def test_others_have_role_and_content_and_no_channel(convert, role, content, texts):
    assert shown(convert({"role": role, "content": content})) == shown([message(role, *texts)])


@BOTH
def test_pydantic_objects_are_read_through_their_dump(convert):
    assert shown(convert(Model(role="user", content="hi"))) == shown([message("user", "hi")])


@BOTH
def test_an_entry_without_a_role_is_an_error(convert):
    with pytest.raises(ValueError, match="Message has no 'role' key") as caught:
        convert({"content": "a secret"})
    assert "secret" not in str(caught.value)


HARMONY = {
    "author": {"role": "assistant", "name": "ann"},
    "content": [{"type": "text", "text": "{}"}, {"type": "text"}],
    "channel": "analysis",
    "recipient": "python",
    "content_type": "code",
}


def test_second_takes_harmonys_own_form():
    expected = assistant("{}", "", channel="analysis", to="python", kind="code")
    expected.author.name = "ann"
    assert shown(response_previous_input_to_harmony(HARMONY)) == shown([expected])


@pytest.mark.parametrize(
    ("content", "texts"), [("hi", ["hi"]), (None, [""]), ([], [""]), (7, [""])]
)
def test_second_harmonys_content_is_a_list_or_a_string(content, texts):
    entry = {"author": {"role": "user"}, "content": content}
    assert shown(response_previous_input_to_harmony(entry)) == shown([message("user", *texts)])


def test_first_knows_no_harmony_form():
    with pytest.raises(ValueError, match="no 'role' key"):
        parse_input_to_harmony_message(HARMONY)


@pytest.mark.parametrize("wrap", [SimpleNamespace, dict])
def test_system_and_developer_messages_of_earlier_requests_are_left_out(wrap):
    kept = [message("user", "1"), assistant("2", channel="final")]
    request = wrap(
        previous_input_messages=[
            message("system", "no"),
            message("developer", "no"),
            *kept,
            {"role": "system", "content": "no"},
            {"role": "developer", "content": "no"},
            {"author": {"role": "system"}, "content": "no"},
            {"role": "user", "content": "3"},
            {"author": {"role": "assistant"}, "content": "4", "channel": "final"},
        ]
    )
    assert shown(construct_harmony_previous_input_messages(request)) == shown(
        [*kept, message("user", "3"), assistant("4", channel="final")]
    )


@pytest.mark.parametrize("entries", [None, [], ()])
def test_a_request_may_have_no_previous_messages(entries):
    request = SimpleNamespace(previous_input_messages=entries)
    assert construct_harmony_previous_input_messages(request) == []
    assert construct_harmony_previous_input_messages(SimpleNamespace()) == []


def test_message_objects_are_kept_as_they_are():
    said = assistant("x", channel="analysis")
    request = SimpleNamespace(previous_input_messages=[said])
    assert construct_harmony_previous_input_messages(request)[0] is said


TOOLS = SimpleNamespace(previous_input_messages=[{"role": "tool", "name": "functions.f"}])


def test_second_constructs_with_its_own_converter():
    assert shown(construct_harmony_previous_input_messages(TOOLS)) == shown(
        [result("functions.f", "", to="assistant")]
    )


@pytest.mark.usefixtures("first")
def test_first_constructs_with_its_own_converter():
    assert shown(construct_harmony_previous_input_messages(TOOLS)) == shown(
        [result("functions.functions.f", "")]
    )
