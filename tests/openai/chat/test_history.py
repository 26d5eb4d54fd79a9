"""A chat history becomes the conversation it was: roles, reasoning, calls, results, parts."""

from __future__ import annotations

import pytest
from openai.types.chat import ChatCompletionMessage

from harmonium.openai import RequestError, chat_request
from tests.openai.chat.running import HI, messages_of, prompt_of, request_of


def _call(call_id="call_1", name="get_weather", arguments="{}"):
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _assistant(*calls, **fields):
    return {"role": "assistant", "tool_calls": list(calls), **fields}


def _result(call_id="call_1", content="sunny"):
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def _fault(*messages):
    with pytest.raises(RequestError) as caught:
        chat_request({"model": "m", "messages": list(messages)}, tolerance="strict")
    return caught.value.param, caught.value.code


def test_a_turn_with_calls_is_reasoning_then_preamble_then_calls():
    turn = _assistant(_call(), _call("call_2", "now", ""), content="Let me.", reasoning="Look.")
    assert messages_of(HI, turn, _result("call_2", "noon"), _result()) == [
        ("user", None, None, None, "hi"),
        ("assistant", "analysis", None, None, "Look."),
        ("assistant", "commentary", None, None, "Let me."),
        ("assistant", "commentary", "functions.get_weather", "json", "{}"),
        ("assistant", "commentary", "functions.now", "json", "{}"),
        ("functions.now", "commentary", "assistant", None, "noon"),
        ("functions.get_weather", "commentary", "assistant", None, "sunny"),
    ]


def test_a_turn_without_calls_is_reasoning_then_the_answer():
    turn = {"role": "assistant", "content": "4", "reasoning": "2+2"}
    assert messages_of(HI, turn)[1:] == [
        ("assistant", "analysis", None, None, "2+2"),
        ("assistant", "final", None, None, "4"),
    ]


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_is_read_under_each_of_its_names(name):
    assert messages_of({"role": "assistant", "content": "4", name: "2+2"})[0][4] == "2+2"


def test_reasoning_under_two_names_is_read_once():
    turn = {"role": "assistant", "content": "4", "reasoning": "2+2", "reasoning_content": "2+2"}
    assert [message[4] for message in messages_of(turn)] == ["2+2", "4"]


def test_reasoning_before_the_last_answer_is_not_rendered():
    old = {"role": "assistant", "content": "4", "reasoning": "old thought"}
    new = _assistant(_call(), reasoning="new thought")
    request = chat_request({"model": "m", "messages": [HI, old, HI, new, _result()]})
    assert "old thought" not in prompt_of(request)
    assert "new thought" in prompt_of(request)


@pytest.mark.parametrize("arguments", ['{"a" :1}', "not json", "", "[1,2", '{"é": "\\u00e9"}'])
def test_arguments_go_in_as_they_are(arguments):
    assert messages_of(_assistant(_call(arguments=arguments)))[0][4] == (arguments or "{}")


def test_missing_arguments_are_an_empty_object():
    call = {"id": "call_1", "type": "function", "function": {"name": "now"}}
    assert messages_of(_assistant(call))[0] == (
        "assistant", "commentary", "functions.now", "json", "{}",
    )  # fmt: skip


def test_a_result_may_stand_before_its_call():
    assert messages_of(_result(), _assistant(_call()))[0][0] == "functions.get_weather"


def test_a_repeated_call_id_means_the_newest_call_before_the_result():
    first, second = _assistant(_call("x", "one")), _assistant(_call("x", "two"))
    said = messages_of(first, _result("x"), second, _result("x"))
    assert [message[0] for message in said[1::2]] == ["functions.one", "functions.two"]


def test_a_result_without_a_call_is_an_error():
    assert _fault(HI, _result("call_9")) == ("messages[1].tool_call_id", "invalid_value")


def test_text_parts_are_joined_and_refusals_are_text():
    parts = [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "No."}]
    assert messages_of({"role": "assistant", "content": parts})[0][4] == "aNo."
    assert messages_of({"role": "user", "content": parts[:1] * 2})[0][4] == "aa"
    assert messages_of(_assistant(_call()), _result(content=parts[:1]))[1][4] == "a"


def test_a_refusal_is_kept_as_the_answer():
    turn = {"role": "assistant", "content": None, "refusal": "I cannot."}
    assert messages_of(turn) == [("assistant", "final", None, None, "I cannot.")]


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "http://x"}},
        {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
        {"type": "file", "file": {"file_id": "x"}},
    ],
)
def test_images_sounds_and_files_are_errors(part):
    message = {"role": "user", "content": [{"type": "text", "text": "a"}, part]}
    assert _fault(message) == ("messages[0].content[1].type", "unsupported_content")


def test_a_leading_system_or_developer_message_is_the_instructions():
    for role in ("system", "developer"):
        request = chat_request({"model": "m", "messages": [{"role": role, "content": "Be x."}, HI]})
        assert "<|start|>developer<|message|># Instructions\n\nBe x.<|end|>" in prompt_of(request)


def test_a_later_system_message_keeps_its_place():
    later = {"role": "system", "content": "Be brief."}
    prompt = prompt_of(chat_request({"model": "m", "messages": [HI, later]}))
    expected = "hi<|end|><|start|>developer<|message|># Instructions\n\nBe brief.<|end|>"
    assert expected in prompt


def test_names_stand_in_the_header():
    assert messages_of({**HI, "name": "ann"})[0][0] == "ann"
    assert "<|start|>user:ann<|message|>hi" in prompt_of(
        request_of(messages=[{**HI, "name": "ann"}])
    )


@pytest.mark.parametrize("name", ["a b", "a<|end|>", "x\ny", " "])
def test_a_name_that_no_header_can_carry_is_an_error(name):
    assert _fault({**HI, "name": name}) == ("messages[0].name", "invalid_value")


def test_the_deprecated_function_messages_are_read():
    turn = {"role": "assistant", "function_call": {"name": "now", "arguments": "{}"}}
    result = {"role": "function", "name": "now", "content": "noon"}
    assert messages_of(turn, result) == [
        ("assistant", "commentary", "functions.now", "json", "{}"),
        ("functions.now", "commentary", "assistant", None, "noon"),
    ]


def test_custom_calls_carry_their_text_as_it_is():
    call = {"id": "call_1", "type": "custom", "custom": {"name": "apply patch", "input": "<b>\n"}}
    assert messages_of(_assistant(call), _result()) == [
        ("assistant", "commentary", "functions.apply_patch", None, "<b>\n"),
        ("functions.apply_patch", "commentary", "assistant", None, "sunny"),
    ]


def test_an_assistant_who_said_nothing_adds_nothing():
    for content in (None, "", []):
        assert messages_of(HI, {"role": "assistant", "content": content}, HI)[1:] == [
            ("user", None, None, None, "hi")
        ]


def test_objects_of_the_openai_package_can_be_sent_back():
    said = ChatCompletionMessage.model_validate(
        {"role": "assistant", "content": None, "tool_calls": [_call()], "reasoning": "Look."}
    )
    assert messages_of(said, _result()) == [
        ("assistant", "analysis", None, None, "Look."),
        ("assistant", "commentary", "functions.get_weather", "json", "{}"),
        ("functions.get_weather", "commentary", "assistant", None, "sunny"),
    ]


@pytest.mark.parametrize(
    ("message", "param", "code"),
    [
        (3, "messages[0]", "invalid_type"),
        ({}, "messages[0].role", "missing_required_parameter"),
        ({"role": "robot"}, "messages[0].role", "invalid_value"),
        ({"role": ["user"]}, "messages[0].role", "invalid_value"),
        ({"role": "user"}, "messages[0].content", "missing_required_parameter"),
        ({"role": "user", "content": 3}, "messages[0].content", "invalid_type"),
        ({"role": "user", "content": [3]}, "messages[0].content[0]", "invalid_type"),
        (
            {"role": "user", "content": [{"type": "text"}]},
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        (
            {"role": "user", "content": [{"type": "smell"}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        ({"role": "tool"}, "messages[0].tool_call_id", "invalid_value"),
        (_assistant(3), "messages[0].tool_calls[0]", "invalid_type"),
        (_assistant({"type": "robot"}), "messages[0].tool_calls[0].type", "invalid_value"),
        (
            _assistant({"id": "x"}),
            "messages[0].tool_calls[0].function",
            "missing_required_parameter",
        ),
        (
            _assistant({"id": "x", "function": {}}),
            "messages[0].tool_calls[0].function.name",
            "missing_required_parameter",
        ),
        (
            _assistant(_call(arguments=[1])),
            "messages[0].tool_calls[0].function.arguments",
            "invalid_type",
        ),
        (_assistant({**_call(), "id": 3}), "messages[0].tool_calls[0].id", "invalid_type"),
        ({"role": "assistant", "audio": {"id": "x"}}, "messages[0].audio", "unsupported_parameter"),
        ({"role": "assistant", "reasoning": {"a": 1}}, "messages[0].reasoning", "invalid_type"),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_read_is_named(message, param, code):
    assert _fault(message) == (param, code)


def test_no_error_quotes_the_conversation():
    said = "tell-nobody"
    for message in (
        {"role": said, "content": said},
        {"role": "user", "content": [{"type": said, "text": said}]},
        {"role": "tool", "tool_call_id": said, "content": said},
    ):
        with pytest.raises(RequestError) as caught:
            messages_of(message)
        assert said not in str(caught.value.to_dict())
