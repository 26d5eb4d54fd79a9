"""What clients send beyond the model is adapted and told, or refused where that is asked for."""

from __future__ import annotations

import json

import pytest

from harmonium.openai import (
    ADAPTATIONS,
    ChatHistories,
    ReasoningCipher,
    RequestError,
    ResponsesSetup,
    chat_request,
    responses_request,
)
from harmonium.openai.requests.tolerance import HOSTED_TOOLS
from tests.openai.chat.running import HI, WEATHER, messages_of, prompt_of

CALL = {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
RESULT = {"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "See"}, IMAGE]}
FUNCTION = {"type": "function", "name": "f", "parameters": {}}
CALLED = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
SEALED = {"type": "reasoning", "summary": [], "encrypted_content": "gAAAAABforeign"}

CHAT = [
    ({"reasoning_effort": "none"}, "effort", "reasoning_effort"),
    ({"reasoning_effort": "minimal"}, "effort", "reasoning_effort"),
    ({"reasoning_effort": "xhigh"}, "effort", "reasoning_effort"),
    ({"reasoning": {"effort": "max"}}, "effort", "reasoning.effort"),
    ({"verbosity": "low"}, "verbosity", "verbosity"),
    ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "stop"),
    ({"max_tokens": -1}, "max_tokens", "max_tokens"),
    ({"messages": [{**HI, "name": "O'Brien"}]}, "author_name", "messages[0].name"),
    ({"messages": [HI, CALLING, RESULT]}, "image_in_result", "messages[2].content[1].type"),
    ({"tools": [WEATHER, {"type": "web_search"}]}, "hosted_tool", "tools[1].type"),
]
RESPONSES = [
    ({"reasoning": {"effort": "minimal"}}, "effort", "reasoning.effort"),
    ({"reasoning": {"summary": "detailed"}}, "summary", "reasoning.summary"),
    ({"text": {"verbosity": "high"}}, "verbosity", "text.verbosity"),
    ({"tools": [FUNCTION, {"type": "tool_search"}]}, "hosted_tool", "tools[1].type"),
    ({"input": [HI, SEALED]}, "sealed_reasoning", "input[1].encrypted_content"),
    (
        {
            "tools": [FUNCTION],
            "input": [HI, CALLED, {"type": "function_call_output", "call_id": "c",
                                   "output": [{"type": "input_image", "image_url": "x"}]}],
        },
        "image_in_result",
        "input[2].output[0].type",
    ),
]  # fmt: skip


def chat(fields, tolerance="lenient"):
    return chat_request({"model": "m", "messages": [HI], **fields}, tolerance=tolerance)


def responses(fields, tolerance="lenient", **setup):
    return responses_request(
        {"model": "m", "input": "hi", **fields}, ResponsesSetup(tolerance=tolerance, **setup)
    )


@pytest.mark.parametrize(("fields", "code", "param"), CHAT)
def test_a_chat_request_is_adapted_and_says_so(fields, code, param):
    assert [(one.code, one.param) for one in chat(fields).adaptations] == [(code, param)]
    assert code in ADAPTATIONS


@pytest.mark.parametrize(("fields", "code", "param"), RESPONSES)
def test_a_responses_request_is_adapted_and_says_so(fields, code, param):
    assert [(one.code, one.param) for one in responses(fields).adaptations] == [(code, param)]
    assert code in ADAPTATIONS


@pytest.mark.parametrize(("fields", "param"), [(fields, param) for fields, _, param in CHAT])
def test_a_strict_chat_request_is_refused(fields, param):
    with pytest.raises(RequestError) as caught:
        chat(fields, "strict")
    assert caught.value.param == param


@pytest.mark.parametrize(("fields", "param"), [(fields, param) for fields, _, param in RESPONSES])
def test_a_strict_responses_request_is_refused(fields, param):
    with pytest.raises(RequestError) as caught:
        responses(fields, "strict")
    assert caught.value.param == param


def test_a_usual_request_is_not_adapted():
    usual = {"reasoning_effort": "high", "verbosity": "medium", "stop": ["a"], "tools": [WEATHER]}
    assert chat(usual).adaptations == ()
    assert responses({"reasoning": {"effort": "low", "summary": "auto"}}).adaptations == ()


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"reasoning_effort": "none"}, "low"),
        ({"reasoning_effort": "xhigh"}, "high"),
        ({"reasoning": {"effort": "high"}}, "high"),
        ({"chat_template_kwargs": {"reasoning_effort": "low"}}, "low"),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, "low"),
    ],
)
def test_the_effort_is_the_nearest_one_wherever_it_stands(fields, level):
    assert f"Reasoning: {level}" in prompt_of(chat(fields))


def test_an_image_in_a_result_becomes_a_short_text():
    assert messages_of(HI, CALLING, RESULT)[-1][4] == "See[an image, which this model cannot read]"


def test_an_image_of_the_user_is_refused_whatever_is_tolerated():
    with pytest.raises(RequestError) as caught:
        chat({"messages": [{"role": "user", "content": [IMAGE]}]})
    assert caught.value.code == "unsupported_content"


def test_hosted_tools_are_left_out_where_nobody_runs_them():
    tools = [FUNCTION, *({"type": kind} for kind in sorted(HOSTED_TOOLS))]
    request = responses({"tools": tools, "tool_choice": {"type": "web_search"}}, runs_tools=False)
    assert request.tool_choice.mode == "auto"
    assert request.tool_choice.names == ("f",)
    assert {one.code for one in request.adaptations} == {"hosted_tool"}
    assert len(request.adaptations) == len(HOSTED_TOOLS)


def test_reasoning_sealed_elsewhere_is_left_out_and_its_summary_read():
    setup = {"cipher": ReasoningCipher(bytes(32))}
    summary = [{"type": "summary_text", "text": "In short."}]
    request = responses({"input": [HI, {**SEALED, "summary": summary}]}, **setup)
    assert [message.text for message in request.conversation][-1] == "In short."


def test_an_adaptation_is_told_again_when_the_history_was_read_before():
    histories = ChatHistories()
    items = [HI, CALLING, RESULT]
    first = chat_request({"model": "m", "messages": items}, histories=histories)
    grown = [*items, {"role": "assistant", "content": "ok"}, HI]
    second = chat_request({"model": "m", "messages": grown}, histories=histories)
    assert first.adaptations == second.adaptations
    with pytest.raises(RequestError):
        chat_request({"model": "m", "messages": grown}, histories=histories, tolerance="strict")


SERVERS = ("cache_salt", "guided_json", "guided_regex", "structured_outputs")


@pytest.mark.parametrize("name", SERVERS)
def test_what_no_engine_is_told_of_is_refused_by_name(name):
    with pytest.raises(RequestError) as caught:
        chat({name: {"type": "object"}})
    assert (caught.value.param, caught.value.code) == (name, "unsupported_parameter")


def test_ignoring_the_end_is_refused_and_values_that_ask_for_nothing_are_taken():
    chat({"ignore_eos": False, "min_tokens": 0, "priority": 0})
    with pytest.raises(RequestError):
        chat({"ignore_eos": True})


def test_sampling_that_engines_know_is_handed_on():
    sampling = chat({"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1}).sampling
    assert (sampling.top_k, sampling.min_p, sampling.repetition_penalty) == (5, 0.1, 1.1)


# Histories as data sets and other APIs have them


def test_a_history_in_the_form_of_chat_templates_is_read():
    calls = [
        {"type": "function", "function": {"name": "f", "arguments": {"a": "é"}}},
        {"type": "function", "function": {"name": "g", "arguments": {}}},
    ]
    said = messages_of(
        HI,
        {"role": "assistant", "tool_calls": calls},
        {"role": "tool", "name": "g", "content": {"n": 1}},
        {"role": "tool", "content": [{"type": "text", "text": "two"}]},
    )
    assert said[1:] == [
        ("assistant", "commentary", "functions.f", "json", '{"a": "é"}'),
        ("assistant", "commentary", "functions.g", "json", "{}"),
        ("functions.g", "commentary", "assistant", None, '{"n": 1}'),
        ("functions.f", "commentary", "assistant", None, "two"),
    ]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "thinking", "thinking": "WHY"},
        {"type": "reasoning", "text": "WHY"},
        {"type": "reasoning", "reasoning": "WHY"},
        {"type": "reasoning_text", "text": "WHY"},
        {"type": "summary_text", "text": "WHY"},
    ],
)
def test_reasoning_inside_an_assistants_content_is_reasoning(part):
    content = [part, {"type": "text", "text": "ans"}]
    expected = [("analysis", "WHY"), ("final", "ans")]
    said = messages_of(HI, {"role": "assistant", "content": content}, HI)
    assert [(entry[1], entry[4]) for entry in said[1:3]] == expected
    request = responses({"input": [HI, {"role": "assistant", "content": content}, HI]})
    said = [(message.channel, message.text) for message in request.conversation][2:4]
    assert said == expected


def test_what_the_assistant_says_before_a_call_is_a_preamble():
    thought = {"type": "reasoning", "summary": [],
               "content": [{"type": "reasoning_text", "text": "think1"}]}  # fmt: skip
    looking = {"type": "message", "role": "assistant",
               "content": [{"type": "output_text", "text": "Looking."}]}  # fmt: skip
    output = {"type": "function_call_output", "call_id": "c", "output": "ok"}
    request = responses({"tools": [FUNCTION], "input": [HI, thought, looking, CALLED, output]})
    said = [(message.channel, message.text) for message in request.conversation][-4:]
    assert said == [
        ("analysis", "think1"), ("commentary", "Looking."), ("commentary", "{}"),
        ("commentary", "ok"),
    ]  # fmt: skip
    last = responses({"tools": [FUNCTION], "input": [HI, looking, HI, CALLED, output]})
    assert [message.channel for message in last.conversation][3] == "final"


@pytest.mark.parametrize("arguments", ["", " ", None])
def test_a_call_that_comes_back_without_arguments_has_an_empty_object(arguments):
    call = {**CALL, "function": {"name": "get_weather", "arguments": arguments}}
    assert messages_of(HI, {**CALLING, "tool_calls": [call]})[1][4] == "{}"
    request = responses({"tools": [FUNCTION], "input": [HI, {**CALLED, "arguments": arguments}]})
    assert json.loads(list(request.conversation)[-1].text) == {}


def test_several_leading_instructions_are_one_developer_message():
    messages = [{"role": "system", "content": "A"}, {"role": "developer", "content": "B"}, HI]
    request = chat_request({"model": "m", "messages": messages, "tools": [WEATHER]})
    roles = [message.author.role.value for message in request.conversation]
    assert roles == ["system", "developer", "user"]
    assert request.conversation.messages[1].content[0].instructions == "A\n\nB"
