"""What callers, and the tests they have for these functions, do with them beside calling them."""

import subprocess
import sys
from inspect import signature
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from openai.types.responses import (
    EasyInputMessage,
    ResponseFunctionToolCall,
    ResponseFunctionWebSearch,
    ResponseOutputMessage,
    ResponseReasoningItem,
)
from openai.types.responses.response_input_item import FunctionCallOutput
from openai.types.responses.response_output_item import McpCall

from harmonium.compat import install, uninstall, vllm
from harmonium.compat.openai_harmony import Message, Role, TextContent
from tests.compat.vllm.said import assistant, call, message, result, shown

PARAMETERS = {
    "auto_drop_analysis_messages": ["msgs"],
    "construct_harmony_previous_input_messages": ["request"],
    "create_tool_definition": ["tool"],
    "flatten_chat_text_content": ["content"],
    "get_developer_message": ["instructions", "tools"],
    "get_encoding": [],
    "get_stop_tokens_for_assistant_actions": [],
    "get_streamable_parser_for_assistant": [],
    "get_user_message": ["content"],
    "harmony_to_response_output": ["message"],
    "has_custom_tools": ["tool_types"],
    "parse_chat_input_to_harmony_message": ["chat_msg", "tool_id_names"],
    "parse_chat_inputs_to_harmony_messages": ["chat_msgs"],
    "parse_chat_output": ["token_ids"],
    "parse_input_to_harmony_message": ["chat_msg"],
    "parse_output_into_messages": ["token_ids"],
    "parse_output_message": ["message"],
    "parse_remaining_state": ["parser"],
    "parse_response_input": ["response_msg", "prev_responses"],
    "parser_state_to_response_output": ["parser"],
    "render_for_completion": ["messages"],
    "response_input_to_harmony": ["response_msg", "prev_responses"],
    "response_previous_input_to_harmony": ["chat_msg"],
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_have_their_names_and_order(name):
    assert list(signature(getattr(vllm, name)).parameters) == PARAMETERS[name]


# ---- what is handed in

FINISHING = pytest.mark.parametrize(
    "convert", [vllm.parse_output_message, vllm.harmony_to_response_output]
)
REMAINING = pytest.mark.parametrize(
    "remain", [vllm.parse_remaining_state, vllm.parser_state_to_response_output]
)
ITEMS = pytest.mark.parametrize(
    "convert", [vllm.parse_response_input, vllm.response_input_to_harmony]
)
PREVIOUS = [vllm.parse_input_to_harmony_message, vllm.response_previous_input_to_harmony]
ENTRIES = pytest.mark.parametrize("convert", [vllm.parse_chat_input_to_harmony_message, *PREVIOUS])


@REMAINING
@pytest.mark.parametrize("make", [Mock, SimpleNamespace])
@pytest.mark.parametrize("channel", ["commentary", "analysis"])
def test_anything_with_a_parsers_attributes_is_a_parser(remain, make, channel):
    parser = make(
        current_content='{"a": 1}',
        current_role=Role.ASSISTANT,
        current_channel=channel,
        current_recipient="functions.f",
    )
    (item,) = remain(parser)
    assert isinstance(item, ResponseFunctionToolCall)
    assert (item.name, item.arguments, item.status) == ("f", '{"a": 1}', "in_progress")
    parser.current_recipient = "filesystem"
    assert isinstance(remain(parser)[0], McpCall)
    parser.current_recipient = "python"
    assert isinstance(remain(parser)[0], ResponseReasoningItem)
    parser.current_role = "user"
    assert remain(parser) == []


@REMAINING
def test_a_role_may_be_its_word(remain):
    parser = SimpleNamespace(
        current_content="Hi", current_role="assistant", current_channel="final",
        current_recipient=None,
    )  # fmt: skip
    assert [item.status for item in remain(parser)] == ["incomplete"]


class Dumped:
    """Somebody's object with the plainest ``model_dump`` there is."""

    def __init__(self, **fields):
        self._fields = fields

    def model_dump(self, exclude_none=True):  # noqa: FBT002  (as pydantic's may be called)
        assert exclude_none is True
        return dict(self._fields)


class Plain:
    def model_dump(self):
        return {"type": "message", "role": "user", "content": "hi"}


@ENTRIES
def test_anything_with_a_model_dump_is_an_entry(convert):
    calls = [{"function": {"name": "f", "arguments": "{}"}}]
    assert shown(convert(Dumped(role="user", content="hi"))) == shown([message("user", "hi")])
    assert shown(convert(Dumped(role="assistant", tool_calls=calls))) == shown([call("f", "{}")])


@ITEMS
def test_anything_with_a_model_dump_is_an_item(convert):
    assert convert(Plain(), []) == message("user", "hi")


@ITEMS
def test_objects_of_the_openai_package_are_items(convert):
    asked = ResponseFunctionToolCall(
        arguments="{}", call_id="c", name="f", type="function_call", id="fc_1"
    )
    answered = FunctionCallOutput(call_id="c", output="ok", type="function_call_output")
    assert convert(EasyInputMessage(role="user", content="hi"), []) == message("user", "hi")
    assert convert(asked, prev_responses=[]) == call("f", "{}")
    assert convert(answered, prev_responses=[asked]) == result("functions.f", "ok", channel=None)


class Foreign:
    """A message of the published library: like ours, and another class."""

    def __init__(self, said):
        self._said = said
        self.author = said.author

    def model_dump(self, **_):
        return {"author": {"role": "assistant"}, "content": [{}]}

    def to_dict(self):
        return self._said.to_dict()


@pytest.mark.parametrize("generation", [1, 2])
def test_messages_of_the_library_itself_lose_nothing(generation):
    vllm.set_generation(generation)
    said = [
        assistant("{}", channel="commentary", to="functions.f", kind="json"),
        result("functions.f", "ok", to="assistant"),
        message("developer", "no"),
    ]
    request = SimpleNamespace(previous_input_messages=list(map(Foreign, said)))
    assert shown(vllm.construct_harmony_previous_input_messages(request)) == shown(said[:2])


def test_messages_of_the_library_itself_are_rendered():
    said = [message("user", "hi"), assistant("Hello", channel="final")]
    assert vllm.render_for_completion(list(map(Foreign, said))) == vllm.render_for_completion(said)


def test_the_library_can_be_installed_under_its_own_name():
    install()
    try:
        import openai_harmony as published  # noqa: PLC0415  (after installing it)

        said = published.Message.from_role_and_content(published.Role.USER, "hi")
        assert isinstance(vllm.get_user_message("hi"), published.Message)
        assert vllm.get_user_message("hi") == said
    finally:
        uninstall()


# ---- what is given back


@FINISHING
@pytest.mark.parametrize(
    ("channel", "recipient", "kind"),
    [
        ("commentary", "functions.f", ResponseFunctionToolCall),
        ("commentary", "browser.search", ResponseFunctionWebSearch),
        ("commentary", "python", ResponseReasoningItem),
        ("commentary", "notes.find", McpCall),
        ("analysis", None, ResponseReasoningItem),
        ("final", None, ResponseOutputMessage),
    ],
)
def test_items_are_objects_of_the_openai_package(convert, channel, recipient, kind):
    said = Message.from_role_and_content(Role.ASSISTANT, '{"query": "x"}')
    said = said.with_channel(channel)
    said = said.with_recipient(recipient) if recipient else said
    (item,) = convert(said)
    assert type(item) is kind
    assert kind.model_validate(item.to_dict()) == item


def test_messages_are_read_by_attribute_as_callers_do():
    said = vllm.parse_chat_input_to_harmony_message(
        {"role": "tool", "tool_call_id": "c", "content": "ok"}, {"c": "f"}
    )[0]
    assert isinstance(said, Message)
    assert said.author.role == Role.TOOL == "tool"
    assert (said.author.name, said.channel, said.recipient) == (
        "functions.f",
        "commentary",
        "assistant",
    )
    assert isinstance(said.content[0], TextContent)
    assert said.content[0].text == "ok"
    assert Message.from_dict(said.to_dict()) == said


def test_what_is_given_may_be_changed_and_the_next_is_as_new():
    first = vllm.get_system_message(start_date="2025-08-05")
    expected = first.to_dict()
    first.content[0].channel_config.valid_channels.clear()
    first.content[0].with_python_tool()
    first.with_channel("final").adding_content("more")
    assert vllm.get_system_message(start_date="2025-08-05").to_dict() == expected
    entry = {"role": "user", "content": "hi"}
    (said,) = vllm.parse_chat_input_to_harmony_message(entry)
    said.with_recipient("python").content.clear()
    assert vllm.parse_chat_input_to_harmony_message(entry) == [message("user", "hi")]
    assert entry == {"role": "user", "content": "hi"}


def test_the_list_that_is_given_is_the_callers_own():
    messages = [message("user", "hi")]
    kept = vllm.auto_drop_analysis_messages(messages)
    kept.append(assistant("x", channel="final"))
    assert messages == [message("user", "hi")]


def test_the_parser_that_is_given_goes_on():
    encoding = vllm.get_encoding()
    parser = vllm.parse_output_into_messages(
        encoding.encode("<|channel|>final<|message|>Hi", allowed_special="all")
    )
    parser.process(encoding.encode("<|return|>", allowed_special="all")[0])
    assert [said.content[0].text for said in parser.messages] == ["Hi"]
    assert vllm.parser_state_to_response_output(parser) == []


# ---- where it runs


@pytest.mark.parametrize("missing", ["openai", "pydantic"])
def test_a_missing_package_is_named_with_the_way_to_get_it(missing):
    script = f"import sys; sys.modules[{missing!r}] = None; import harmonium.compat.vllm"
    done = subprocess.run(  # noqa: S603  (our own words)
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: harmonium.compat.vllm ")
    assert last.endswith("pip install 'harmonium[compat,openai]'")
