"""All that the openai package's types allow is taken, or refused for what it is."""

from __future__ import annotations

from openai.types.chat import ChatCompletionMessageParam
from openai.types.chat.chat_completion_tool_union_param import ChatCompletionToolUnionParam
from openai.types.chat.completion_create_params import CompletionCreateParamsBase

from harmonium.openai import RequestError, chat_request
from tests.openai.chat.running import ENCODING, HI, WEATHER
from tests.openai.values import members, objects

CALLING = {
    "role": "assistant",
    "tool_calls": [{"id": "s", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
"""What results answer, whose ids are all ``s``."""

OF_FIELDS = {
    ("audio", "unsupported_parameter"),
    ("function_call", "unsupported_parameter"),
    ("functions", "unsupported_parameter"),
    ("modalities", "unsupported_parameter"),
    ("moderation", "unsupported_parameter"),
    ("prediction", "unsupported_parameter"),
    ("reasoning_effort", "invalid_value"),
    ("tool_choice.allowed_tools", "invalid_value"),
    ("tool_choice.allowed_tools.tools[0].type", "invalid_value"),
    ("tool_choice.custom.name", "invalid_value"),
    ("tool_choice.function.name", "invalid_value"),
    ("verbosity", "unsupported_parameter"),
    ("web_search_options", "unsupported_parameter"),
}


def refusals(bodies):
    """What is refused of requests that are all valid, and with which code."""
    found = set()
    for body in bodies:
        try:
            request = {"model": "m", "messages": [HI], **body}
            chat_request(request, tolerance="strict").render(ENCODING)
        except RequestError as error:
            found.add((error.position.path, error.code))
    return found


def test_every_message_of_the_published_types_is_read_or_refused_for_what_it_holds():
    said = [message for kind in members(ChatCompletionMessageParam) for message in objects(kind)]
    assert len(said) > 40
    assert refusals({"messages": [HI, CALLING, message]} for message in said) == {
        ("messages[2].audio", "unsupported_parameter"),
        ("messages[2].content[0].type", "unsupported_content"),
    }


def test_every_tool_of_the_published_types_is_offered():
    tools = [tool for kind in members(ChatCompletionToolUnionParam) for tool in objects(kind)]
    assert len(tools) > 5
    assert refusals({"tools": [tool]} for tool in tools) == set()


def test_every_field_of_the_published_type_is_taken_or_refused_for_what_it_asks():
    given = {"messages": [HI], "tools": [WEATHER], "stream": True}
    fields = objects(CompletionCreateParamsBase)
    assert len(fields) > 80
    assert refusals({"logprobs": True, **body, **given} for body in fields) == OF_FIELDS
