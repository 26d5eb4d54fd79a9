"""What each input item says in Harmony, one rule a type."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import reduce

import pytest
from openai.types.responses import EasyInputMessage

from harmonium import Author, DeveloperContent, Message, Role
from harmonium.openai import ReasoningCipher, RequestError, ResponsesSetup, responses_request
from tests.openai.responses.running import CIPHER, WEATHER, request_of, setup_of


def said(*items, setup=None, **fields):
    """The messages of the items, behind a user's message that keeps them from leading."""
    hi = {"role": "user", "content": "hi"}
    request = request_of(setup, input=[hi, *items], tools=[WEATHER], **fields)
    return list(request.conversation.messages[3:])


def refusal_of(*items, **fields):
    strict = replace(fields.pop("setup", None) or setup_of(), tolerance="strict")
    with pytest.raises(RequestError) as caught:
        said(*items, setup=strict, **fields)
    return caught.value.param


def test_a_string_is_a_message_of_the_user():
    request = responses_request({"input": "hi"})
    assert request.conversation.messages[1:] == (Message.user("hi"),)
    assert request.items == ({"role": "user", "content": "hi"},)


@pytest.mark.parametrize("role", ["system", "developer"])
def test_instructions_in_the_input_are_developer_messages(role):
    content = DeveloperContent("Be brief.")
    assert said({"role": role, "content": "Be brief."}) == [Message.developer(content)]


def test_parts_of_text_are_joined():
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    assert said({"type": "message", "role": "user", "content": parts}) == [Message.user("ab")]


def test_objects_of_the_openai_package_are_read():
    assert said(EasyInputMessage(role="user", content="a")) == [Message.user("a")]


@pytest.mark.parametrize(
    ("phase", "channel"), [(None, "final"), ("final_answer", "final"), ("commentary", "commentary")]
)
def test_the_phase_of_an_assistants_message_is_its_channel(phase, channel):
    item = {"role": "assistant", "content": "x", "phase": phase}
    assert said(item) == [Message.assistant("x", channel=channel)]


@pytest.mark.parametrize("kind", ["input_image", "input_file", "input_audio"])
def test_what_is_no_text_is_refused_and_never_silently_empty(kind):
    item = {"role": "user", "content": [{"type": kind, "image_url": "x"}]}
    assert refusal_of(item) == "input[1].content[0].type"
    output = {"type": "function_call_output", "call_id": "c", "output": [{"type": kind}]}
    assert refusal_of(CALL, output) == "input[2].output[0].type"


def reasoning(*texts, **fields):
    parts = [{"type": "reasoning_text", "text": text} for text in texts]
    return {"type": "reasoning", "id": "rs_1", "summary": [], "content": parts, **fields}


def test_parts_of_reasoning_are_joined_by_a_line_end():
    assert said(reasoning("a", "b")) == [Message.assistant("a\nb", channel="analysis")]


@pytest.mark.parametrize("item", [reasoning(), reasoning(""), {"type": "reasoning", "id": "r"}])
def test_empty_reasoning_says_nothing(item):
    assert said(item) == []


def test_sealed_reasoning_is_opened():
    item = reasoning(encrypted_content=CIPHER.seal("secret"))
    assert said(item) == [Message.assistant("secret", channel="analysis")]


def test_reasoning_sealed_elsewhere_is_refused_without_its_text():
    foreign = ReasoningCipher(bytes(16)).seal("x")
    place = "input[1].encrypted_content"
    assert refusal_of(reasoning(encrypted_content=foreign)) == place
    assert refusal_of(reasoning(encrypted_content="gAAAA")) == place
    assert (
        refusal_of(reasoning(encrypted_content=CIPHER.seal("x")), setup=ResponsesSetup()) == place
    )
    assert said(reasoning("open", encrypted_content=foreign)) == [
        Message.assistant("open", channel="analysis")
    ]


CALL = {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": '{"a": 1}'}
OUTPUT = {"type": "function_call_output", "call_id": "c", "output": "20 °C"}
SAID = Message.assistant(
    '{"a": 1}', channel="commentary", recipient="functions.get_weather", content_type="json"
)
ANSWERED = Message.tool("functions.get_weather", "20 °C")


def test_a_function_call_and_its_output():
    assert said(CALL, OUTPUT) == [SAID, ANSWERED]
    assert (
        Message(Author(Role.TOOL, "functions.get_weather"), "20 °C", "commentary", "assistant")
        == ANSWERED
    )


def test_an_output_may_be_a_list_of_parts():
    parts = [{"type": "input_text", "text": "20"}, {"type": "input_text", "text": " °C"}]
    assert said(CALL, {**OUTPUT, "output": parts}) == [SAID, ANSWERED]


def test_the_call_of_an_output_is_looked_for_in_the_input_and_then_before():
    before = [{**CALL, "name": "old"}]
    assert said(OUTPUT, setup=setup_of(previous=before))[-1].author.name == "functions.old"
    assert said(CALL, OUTPUT, setup=setup_of(previous=before))[-1] == ANSWERED


def test_an_output_without_a_call_is_an_error_that_names_its_place():
    with pytest.raises(RequestError, match=r"input\[1\].call_id") as caught:
        said({**OUTPUT, "call_id": "c_unknown"})
    assert caught.value.param == "input[1].call_id"


def test_an_output_may_name_its_tool_instead_of_a_call():
    output = {"type": "function_call_output", "name": "get_weather", "output": "20 °C"}
    assert said(output) == [ANSWERED]


def test_a_call_with_a_namespace_is_that_tool():
    message = said({**CALL, "namespace": "crm"})[0]
    assert message.recipient == "functions.crm__get_weather"


def test_a_name_that_harmony_cannot_carry_is_spelt_safely():
    call, output = said({**CALL, "name": "look <up"}, OUTPUT)
    assert call.recipient == output.author.name == "functions.look_up"


def test_a_custom_call_and_its_output():
    call = {"type": "custom_tool_call", "call_id": "c", "name": "run", "input": "*** a"}
    output = {"type": "custom_tool_call_output", "call_id": "c", "output": "ok"}
    assert said(call, output) == [
        Message.assistant("*** a", channel="commentary", recipient="functions.run"),
        Message.tool("functions.run", "ok"),
    ]


def test_a_call_of_a_server_holds_its_answer():
    call = {"type": "mcp_call", "id": "m", "server_label": "s", "name": "t", "arguments": "{}"}
    spoken = Message.assistant("{}", channel="commentary", recipient="s.t", content_type="json")
    assert said(call) == [spoken]
    assert said({**call, "output": "ok"}) == [spoken, Message.tool("s.t", "ok")]
    for error in (
        "gone",
        {"type": "http_error", "code": 500, "message": "gone"},
        {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "gone"}]},
    ):
        assert said({**call, "error": error}) == [spoken, Message.tool("s.t", "gone")]


NESTED = reduce(lambda inner, _: [inner], range(5_000), 0)


@pytest.mark.parametrize(
    ("action", "recipient", "arguments"),
    [
        ({"type": "search", "query": "é"}, "browser.search", '{"query": "é"}'),
        ({"type": "search", "queries": ["a", "b"]}, "browser.search", '{"query": "a"}'),
        ({"type": "search"}, "browser.search", '{"query": ""}'),
        ({"type": "open_page", "url": "https://x"}, "browser.open", '{"id": "https://x"}'),
        ({"type": "open_page", "url": None}, "browser.open", "{}"),
        ({"type": "find_in_page", "pattern": "a", "url": "u"}, "browser.find", '{"pattern": "a"}'),
        ({"type": 10**5000, "query": "a"}, "browser.search", '{"query": "a"}'),
        ({"type": NESTED, "query": NESTED}, "browser.search", "{}"),
    ],
)
def test_a_web_search_of_another_server_is_told_by_its_action(action, recipient, arguments):
    item = {"type": "web_search_call", "id": "w", "status": "completed", "action": action}
    assert said(item) == [
        Message.assistant(arguments, channel="analysis", recipient=recipient, content_type="code")
    ]


def test_code_and_its_outputs():
    item = {"type": "code_interpreter_call", "id": "c", "container_id": "x", "code": "print(1)"}
    call = Message.assistant(
        "print(1)", channel="analysis", recipient="python", content_type="code"
    )
    logs = [{"type": "logs", "logs": "1"}, {"type": "logs", "logs": "\n"}]
    assert said({**item, "outputs": None}) == [call]
    assert said({**item, "outputs": logs}) == [
        call,
        Message.tool("python", "1\n", channel="analysis"),
    ]
    assert refusal_of({**item, "outputs": [{"type": "image", "url": "u"}]}) == (
        "input[1].outputs[0]"
    )


def test_the_list_of_a_servers_tools_says_nothing():
    assert said({"type": "mcp_list_tools", "id": "m", "server_label": "s", "tools": []}) == []


@pytest.mark.parametrize(
    ("item", "param"),
    [
        ({"type": "computer_call", "id": "x"}, "input[1].type"),
        ({"type": 3}, "input[1].type"),
        ({}, "input[1].role"),
        ("text", "input[1]"),
        ({"role": "critic", "content": "x"}, "input[1].role"),
        ({"role": "user"}, "input[1].content"),
        ({"role": "assistant", "content": "x", "phase": "final"}, "input[1].phase"),
        ({"type": "function_call", "call_id": "c", "arguments": "{}"}, "input[1].name"),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, "input[1].call_id"),
        ({**CALL, "arguments": {}}, "input[1].arguments"),
        ({"type": "item_reference", "id": "unknown"}, "input[1].id"),
        ({"type": "web_search_call", "id": "w"}, "input[1].action"),
    ],
)
def test_an_item_that_cannot_be_read_is_named(item, param):
    assert refusal_of(item) == param


# previous_input_messages


def previous(*messages):
    request = request_of(previous_input_messages=list(messages), input=[], tools=[WEATHER])
    return list(request.conversation.messages[2:])


def test_previous_chat_messages_without_the_instructions_of_then():
    calls = [{"id": "c", "function": {"name": "get_weather", "arguments": '{"a": 1}'}}]
    assert previous(
        {"role": "system", "content": "Old."},
        {"role": "developer", "content": "Old."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "reasoning": "hm", "content": "Let me look.", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c", "content": "20 °C"},
        {"role": "tool", "name": "functions.get_weather", "content": "20 °C"},
        {"role": "assistant", "content": "Warm."},
    ) == [
        Message.user("hi"),
        Message.assistant("hm", channel="analysis"),
        Message.assistant("Let me look.", channel="commentary"),
        SAID,
        ANSWERED,
        ANSWERED,
        Message.assistant("Warm.", channel="final"),
    ]


def test_previous_harmony_messages_in_any_form():
    form = {
        "author": {"role": "assistant"},
        "content": '{"a": 1}',
        "channel": "commentary",
        "recipient": "functions.get_weather",
        "content_type": "json",
    }
    old = {"author": {"role": "system"}, "content": "Old."}
    assert previous(form, SAID, old, ANSWERED) == [SAID, SAID, ANSWERED]


def test_a_previous_answer_to_no_call_is_an_error():
    with pytest.raises(RequestError) as caught:
        previous({"role": "tool", "tool_call_id": "c", "content": "x"})
    assert caught.value.param == "previous_input_messages[0].tool_call_id"


CHAT_CALL = {"id": "c", "function": {"name": "get_weather", "arguments": '{"a": 1}'}}
HISTORY = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "reasoning": "hm", "tool_calls": [CHAT_CALL]},
    SAID,
    {"author": {"role": "tool", "name": "python"}, "content": "2", "channel": "analysis"},
]


def test_previous_messages_are_kept_with_the_items_and_said_again():
    first = request_of(previous_input_messages=HISTORY, input="and?", tools=[WEATHER])
    stored = json.loads(json.dumps(first.items))
    answer = {"type": "function_call_output", "call_id": "c", "output": "20 °C"}
    again = request_of(setup_of(previous=stored), input=[answer], tools=[WEATHER])
    assert again.conversation.messages == (*first.conversation.messages, ANSWERED)
    third = request_of(
        setup_of(previous=[*stored, *again.items]), previous_input_messages=HISTORY[:1], input="so?"
    )
    added = (Message.user("hi"), Message.user("so?"))
    assert third.conversation.messages[2:] == (*again.conversation.messages[2:], *added)


def test_the_input_is_numbered_without_the_previous_messages():
    with pytest.raises(RequestError) as caught:
        request_of(previous_input_messages=HISTORY, input=[{"role": "user"}])
    assert caught.value.param == "input[0].content"


def test_previous_messages_are_no_item_that_may_be_sent():
    first = request_of(previous_input_messages=HISTORY, input=[])
    with pytest.raises(RequestError) as caught:
        request_of(input=list(first.items))
    assert caught.value.param == "input[0].type"


@pytest.mark.parametrize("wrong", ["hi", {"role": "user"}, 1, True])
def test_previous_messages_are_an_array(wrong):
    with pytest.raises(RequestError) as caught:
        request_of(previous_input_messages=wrong)
    assert caught.value.param == "previous_input_messages"


@pytest.mark.parametrize("name", [{"a": 1}, ["x"], 3, None])
def test_a_reference_is_looked_up_beside_items_whose_ids_are_no_text(name):
    setup = setup_of(previous=[{"id": name, "role": "user", "content": "hi"}])
    assert refusal_of({"type": "item_reference", "id": "msg_1"}, setup=setup) == "input[1].id"
