"""Chat history: what each message becomes, and what is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessage

from harmonium import model
from harmonium.compat.vllm import (
    auto_drop_analysis_messages,
    flatten_chat_text_content,
    parse_chat_input_to_harmony_message,
    parse_chat_inputs_to_harmony_messages,
)
from harmonium.render import kept_messages
from tests.compat.vllm.said import Model, assistant, call, message, result, shown

CALLING = {
    "role": "assistant",
    "content": [{"type": "text", "text": "I "}, {"type": "text", "text": "look."}],
    "reasoning": "Weather?",
    "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "a.b", "arguments": "{}"}},
        {"id": "c2", "type": "function", "function": {"name": "f", "arguments": None}},
    ],
}
CALLED = [
    assistant("I look.", channel="commentary"),
    assistant("Weather?", channel="analysis"),
    call("a.b", "{}"),
    call("f", ""),
]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"),
        ([{"type": "image_url"}, {"text": "no type"}, "word", {"type": "text"}], ""),
        ([], ""),
        ("as it is", "as it is"),
        (None, None),
    ],
)
def test_flattening_joins_the_texts_of_a_list_and_leaves_the_rest(content, text):
    assert flatten_chat_text_content(content) == text


def test_a_caller_says_content_then_reasoning_then_calls():
    assert shown(parse_chat_input_to_harmony_message(CALLING)) == shown(CALLED)


@pytest.mark.parametrize("content", ["", None, [], [{"type": "image_url"}]])
def test_a_caller_without_content_has_no_preamble(content):
    said = parse_chat_input_to_harmony_message(CALLING | {"content": content})
    assert shown(said) == shown(CALLED[1:])


@pytest.mark.parametrize("absent", [{}, {"reasoning": None}, {"reasoning": ""}])
def test_a_caller_without_reasoning_has_no_analysis(absent):
    entry = {name: value for name, value in CALLING.items() if name != "reasoning"} | absent
    assert shown(parse_chat_input_to_harmony_message(entry)) == shown([CALLED[0], *CALLED[2:]])


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
@pytest.mark.parametrize("calls", [[], CALLING["tool_calls"]])
def test_reasoning_has_two_names(name, calls):
    entry = {"role": "assistant", name: "Hm.", "tool_calls": calls}
    said = parse_chat_input_to_harmony_message(entry)
    assert said[0] == assistant("Hm.", channel="analysis")
    assert len(said) == 1 + len(calls)


@pytest.mark.parametrize("function", [{}, None, {"name": None, "arguments": None}])
def test_a_call_without_name_and_arguments_is_empty(function):
    entry = {"role": "assistant", "tool_calls": [{"function": function}]}
    assert shown(parse_chat_input_to_harmony_message(entry)) == shown([call("", "")])


@pytest.mark.parametrize(
    "content", ["Sunny", [{"type": "text", "text": "Sun"}, {"type": "text", "text": "ny"}]]
)
def test_a_tools_result_carries_the_name_of_its_call(content):
    entry = {"role": "tool", "tool_call_id": "c1", "content": content}
    said = parse_chat_input_to_harmony_message(entry, tool_id_names={"c1": "f"})
    assert shown(said) == shown([result("functions.f", "Sunny", to="assistant")])


@pytest.mark.parametrize("names", [{}, None, {"c2": "f"}, {"c1": None}])
def test_the_result_of_an_unknown_call_has_an_empty_name(names):
    entry = {"role": "tool", "tool_call_id": "c1", "content": None}
    said = parse_chat_input_to_harmony_message(entry, names)
    assert shown(said) == shown([result("functions.", "", to="assistant")])


def test_an_assistant_reasons_first_and_answers_on_final():
    entry = {"role": "assistant", "reasoning": "Hm.", "content": "Yes."}
    assert shown(parse_chat_input_to_harmony_message(entry)) == shown(
        [assistant("Hm.", channel="analysis"), assistant("Yes.", channel="final")]
    )


@pytest.mark.parametrize("content", ["", None, [], [{}], [{"text": ""}, {"text": "second"}]])
def test_an_assistant_whose_first_part_is_empty_answers_nothing(content):
    said = parse_chat_input_to_harmony_message({"role": "assistant", "content": content})
    assert said == []


@pytest.mark.parametrize("role", ["user", "system", "developer"])
@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("hi", ["hi"]),
        ("", [""]),
        (None, [""]),
        ([], [""]),
        ([{}, {"type": "text", "text": "b"}], ["", "b"]),
    ],
)
def test_others_always_speak_without_a_channel_one_text_a_part(role, content, texts):
    said = parse_chat_input_to_harmony_message({"role": role, "content": content})
    assert shown(said) == shown([message(role, *texts)])


def test_another_role_does_not_reason_or_call():
    entry = {"role": "user", "content": "hi", "reasoning": "no", "tool_calls": [{"id": "x"}]}
    assert shown(parse_chat_input_to_harmony_message(entry)) == shown([message("user", "hi")])


def test_pydantic_objects_are_read_through_their_dump():
    said = parse_chat_input_to_harmony_message(Model(role="user", content="hi", name=None))
    assert shown(said) == shown([message("user", "hi")])
    fields = CALLING | {"content": "I look.", "tool_calls": CALLING["tool_calls"][:1]}
    answer = ChatCompletionMessage.model_validate(fields)
    assert shown(parse_chat_input_to_harmony_message(answer)) == shown(CALLED[:3])


def test_what_can_be_read_once_alone_is_read_once():
    entry = CALLING | {"tool_calls": iter(CALLING["tool_calls"])}
    answer = {
        "role": "tool",
        "tool_call_id": "c1",
        "content": iter([{"type": "text", "text": "x"}]),
    }
    assert shown(parse_chat_inputs_to_harmony_messages([entry, answer])) == shown(
        [*CALLED, result("functions.a.b", "x", to="assistant")]
    )


def test_a_conversations_results_find_the_names_of_their_calls():
    entries = [
        {"role": "tool", "tool_call_id": "c2", "content": "early"},
        CALLING,
        Model(role="tool", tool_call_id="c1", content="late"),
    ]
    assert shown(parse_chat_inputs_to_harmony_messages(entries)) == shown(
        [
            result("functions.f", "early", to="assistant"),
            *CALLED,
            result("functions.a.b", "late", to="assistant"),
        ]
    )


def test_a_conversation_drops_the_analysis_of_finished_turns():
    entries = [
        {"role": "assistant", "reasoning": "one", "content": "1"},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "reasoning": "two", "content": "2"},
        {"role": "user", "content": "and?"},
        {"role": "assistant", "reasoning": "three"},
    ]
    assert shown(parse_chat_inputs_to_harmony_messages(entries)) == shown(
        [
            assistant("1", channel="final"),
            message("user", "and?"),
            assistant("2", channel="final"),
            message("user", "and?"),
            assistant("three", channel="analysis"),
        ]
    )


def test_analysis_of_any_role_is_dropped_before_the_last_final():
    tool = message("tool", "thinks", channel="analysis")
    answer = assistant("4", channel="final")
    after = assistant("more", channel="analysis")
    assert auto_drop_analysis_messages([tool, answer, after]) == [answer, after]


def test_a_final_of_another_role_ends_no_turn():
    thought = assistant("hm", channel="analysis")
    messages = [thought, message("user", "x", channel="final")]
    assert auto_drop_analysis_messages(messages) == messages


CHANNELS = st.sampled_from([None, "analysis", "commentary", "final"])
ROLES = st.sampled_from(["user", "assistant", "tool", "system"])


@given(st.lists(st.tuples(ROLES, CHANNELS), max_size=12))
def test_dropping_is_harmoniums_rule_per_turn(headers):
    messages = [message(role, "x", channel=channel) for role, channel in headers]
    kept = auto_drop_analysis_messages(messages)
    ours = [
        model.Message(
            model.Author(model.Role(role), "functions.f"), model.TextContent("x"), channel=channel
        )
        for role, channel in headers
    ]
    expected = [messages[index] for index in kept_messages(ours, "per_turn")]
    assert [id(said) for said in kept] == [id(said) for said in expected]
