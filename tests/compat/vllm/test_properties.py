"""What holds for any input: ValueErrors alone, valid items, texts untouched, ways back."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseOutputItem
from pydantic import TypeAdapter

from harmonium.compat import openai_harmony, vllm
from harmonium.testing import malformed_cases, texts, token_streams
from tests.compat.vllm.said import assistant, message, result, shown

VALID = TypeAdapter(ResponseOutputItem)
FINISHING = [vllm.parse_output_message, vllm.harmony_to_response_output]
REMAINING = [vllm.parse_remaining_state, vllm.parser_state_to_response_output]

# ---- what comes in

FIELD_NAMES = """
    role content type text tool_calls function name arguments id call_id output tool_call_id
    reasoning reasoning_content author channel recipient content_type summary
"""
VALUES = """
    assistant user tool system developer message reasoning function_call text
    function_call_output functions.f analysis final function
"""
FIELDS = st.sampled_from(FIELD_NAMES.split())
WORDS = st.sampled_from(VALUES.split())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | texts(surrogates=True)
ANYTHING = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(FIELDS, below, max_size=5),
    max_leaves=12,
)
PARTS = st.lists(st.dictionaries(st.sampled_from(["type", "text"]), WORDS | ANYTHING), max_size=3)
FUNCTIONS = st.dictionaries(st.sampled_from(["name", "arguments", "id"]), WORDS | ANYTHING)
CALLS = st.lists(st.fixed_dictionaries({}, optional={"function": FUNCTIONS, "id": ANYTHING}))
CONTENTS = texts() | PARTS | ANYTHING
LIKELY = st.fixed_dictionaries(
    {},
    optional={
        "role": WORDS,
        "type": WORDS,
        "content": CONTENTS,
        "output": CONTENTS,
        "tool_calls": CALLS | ANYTHING,
        "author": st.fixed_dictionaries({}, optional={"role": WORDS, "name": ANYTHING}),
        "function": FUNCTIONS | ANYTHING,
        "tool_call_id": WORDS | ANYTHING,
        "reasoning": CONTENTS,
        "name": WORDS | ANYTHING,
        "arguments": CONTENTS,
        "call_id": ANYTHING,
    },
)
ENTRIES = LIKELY | st.dictionaries(FIELDS, ANYTHING, max_size=6) | ANYTHING

CONVERTERS = {
    "chat": vllm.parse_chat_input_to_harmony_message,
    "chats": lambda entry: vllm.parse_chat_inputs_to_harmony_messages([entry, entry]),
    "previous first": vllm.parse_input_to_harmony_message,
    "previous second": vllm.response_previous_input_to_harmony,
    "request": lambda entry: vllm.construct_harmony_previous_input_messages(
        {"previous_input_messages": [entry]}
    ),
    "item first": lambda entry: vllm.parse_response_input(entry, [entry]),
    "item second": lambda entry: vllm.response_input_to_harmony(entry, [entry]),
    "tools": lambda entry: vllm.get_developer_message(tools=[entry]),
}


@pytest.mark.parametrize("convert", CONVERTERS.values(), ids=CONVERTERS)
@given(entry=ENTRIES)
def test_any_json_becomes_messages_or_a_value_error(convert, entry):
    try:
        found = convert(entry)
    except ValueError:
        return
    messages = found if isinstance(found, list) else [found]
    for said in messages:
        assert said is None or isinstance(said, openai_harmony.Message)


@given(st.lists(st.dictionaries(FIELDS, SCALARS, max_size=4), max_size=4))
def test_conversion_leaves_its_input_as_it_was(entries):
    before = json.dumps(entries)
    with suppress(ValueError):
        vllm.parse_chat_inputs_to_harmony_messages(entries)
    assert json.dumps(entries) == before


# ---- what goes out

RECIPIENTS = st.sampled_from(
    [None, "functions.f", "functions.a.b", "python", "browser", "container.exec", "x", "a.b.c"]
)
CHANNELS = st.sampled_from(["analysis", "commentary", "final"])


@pytest.mark.parametrize("convert", FINISHING)
@given(parts=st.lists(texts(), min_size=1, max_size=3), channel=CHANNELS, to=RECIPIENTS)
def test_items_are_valid_and_hold_every_text_untouched_and_in_order(convert, parts, channel, to):
    found = convert(assistant(*parts, channel=channel, to=to))
    assert [VALID.validate_json(item.to_json()) for item in found] == found
    assert [text for item in found for text in _texts(item)] == parts


def _texts(item):
    if hasattr(item, "arguments"):
        return [item.arguments]
    return [part.text for part in item.content]


@given(arguments=texts(), name=st.sampled_from(["f", "get_weather"]))
def test_a_call_and_its_result_sent_back_are_the_messages_they_came_from(arguments, name):
    called = assistant(arguments, channel="commentary", to=f"functions.{name}", kind="json")
    (item,) = vllm.harmony_to_response_output(called)
    assert vllm.response_input_to_harmony(item, []) == called
    output = {"type": "function_call_output", "call_id": item.call_id, "output": "ok"}
    answered = vllm.response_input_to_harmony(output, [item])
    assert answered == result(f"functions.{name}", "ok", channel=None)


@given(
    parts=st.lists(texts(), min_size=1, max_size=3), channel=st.sampled_from(["analysis", "final"])
)
def test_reasoning_and_answers_sent_back_are_the_messages_they_came_from(parts, channel):
    said = assistant(*parts, channel=channel)
    back = [
        vllm.response_input_to_harmony(item, []) for item in vllm.harmony_to_response_output(said)
    ]
    assert {found.channel for found in back} == {channel}
    assert [part.text for found in back for part in found.content] == parts


# ---- whole answers


def _answers(tokens):
    parser = vllm.parse_output_into_messages(tokens)
    texts = [(said.channel, said.recipient, said.content[0].text) for said in parser.messages]
    if parser.current_content:
        texts.append((parser.current_channel, parser.current_recipient, parser.current_content))
    return texts


@pytest.mark.parametrize("generation", [1, 2])
@given(tokens=token_streams())
def test_repaired_answers_are_told_apart_without_losing_a_text(generation, tokens):
    openai_harmony.set_policy("repair")
    vllm.set_generation(generation)
    reasoning, visible, calls = vllm.parse_chat_output(tokens)
    answers = _answers(tokens)
    hidden = [text for channel, _, text in answers if channel == "analysis"]
    shows = {
        1: lambda channel, _: channel != "analysis",
        2: lambda channel, to: channel == "final" or (channel == "commentary" and not to),
    }[generation]
    seen = [text for channel, to, text in answers if shows(channel, to)]
    assert (reasoning or "", visible or "") == ("\n".join(hidden), "\n".join(seen))
    assert reasoning != ""
    assert visible != ""
    assert calls is False


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_malformed_outputs_give_items_without_control_tokens(case):
    openai_harmony.set_policy("repair")
    encoding = vllm.get_encoding()
    ids = encoding.encode(case.text, allowed_special="all")
    parser = vllm.parse_output_into_messages(ids)
    items = [
        item
        for said in parser.messages
        if said.channel is not None or said.recipient is not None
        for item in vllm.harmony_to_response_output(said)
    ]
    items += [item for remain in REMAINING for item in remain(parser)]
    names = [getattr(item, name, "") for item in items for name in ("name", "server_label")]
    assert [name for name in names if "<|" in name] == []
    reasoning, visible, _ = vllm.parse_chat_output(ids)
    assert [text for text in (reasoning, visible) if text and "<|" in text] == []


def test_a_chat_becomes_tokens_and_its_answer_becomes_items():
    prompt = vllm.render_for_completion(
        [
            vllm.get_system_message(start_date="2025-08-05", with_custom_tools=True),
            vllm.get_developer_message("Be brief."),
            *vllm.parse_chat_inputs_to_harmony_messages([{"role": "user", "content": "hi"}]),
        ]
    )
    encoding = vllm.get_encoding()
    answer = encoding.encode(
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hi.",
        allowed_special="all",
    )
    parser = vllm.parse_output_into_messages(answer)
    (thought,) = parser.messages
    assert encoding.decode(prompt).endswith("<|start|>user<|message|>hi<|end|><|start|>assistant")
    assert [item.type for item in vllm.harmony_to_response_output(thought)] == ["reasoning"]
    assert [item.type for item in vllm.parser_state_to_response_output(parser)] == ["message"]
    assert shown([thought]) == shown([assistant("Hm.", channel="analysis")])
    assert message("user", "hi").author.role == "user"
