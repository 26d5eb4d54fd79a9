"""The input of a Responses request, item by item."""

import pytest
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseFunctionToolCallItem,
    ResponseOutputMessage,
    ResponseReasoningItem,
)

from harmonium.compat.vllm import parse_response_input, response_input_to_harmony
from tests.compat.vllm.said import Model, assistant, call, message, result

CONVERTERS = [parse_response_input, response_input_to_harmony]
BOTH = pytest.mark.parametrize("convert", CONVERTERS)


def function_call(name, call_id="call_1", kind=ResponseFunctionToolCall):
    fields = {"arguments": "{}", "call_id": call_id, "name": name, "type": "function_call"}
    return kind(**fields, id="fc_1", status="completed")


OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"}


@BOTH
@pytest.mark.parametrize("kind", [{}, {"type": "message"}, {"type": None}])
def test_a_message_needs_no_type(convert, kind):
    item = {"role": "user", "content": "hi", **kind}
    assert convert(item, []) == message("user", "hi")


@BOTH
def test_content_may_be_a_list_of_parts(convert):
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    assert convert({"role": "user", "content": parts}, []) == message("user", "a", "b")


@BOTH
def test_an_assistants_message_is_final(convert):
    item = {"role": "assistant", "content": [{"type": "output_text", "text": "4"}]}
    assert convert(item, []) == assistant("4", channel="final")


PREFIXED = [
    ("Be brief.", ["Instructions:\nBe brief."]),
    ([{"text": "a"}, {"text": "b"}], ["Instructions:\na", "Instructions:\nb"]),
]


@pytest.mark.parametrize(("content", "texts"), PREFIXED)
def test_first_a_system_message_becomes_prefixed_instructions(content, texts):
    item = {"type": "message", "role": "system", "content": content}
    assert parse_response_input(item, []) == message("developer", *texts)


def test_first_a_developers_text_stays():
    item = {"role": "developer", "content": "Be brief."}
    assert parse_response_input(item, []) == message("developer", "Be brief.")


@pytest.mark.parametrize(("content", "texts"), PREFIXED)
def test_second_a_developers_text_is_prefixed(content, texts):
    item = {"type": "message", "role": "developer", "content": content}
    assert response_input_to_harmony(item, []) == message("developer", *texts)


def test_second_a_system_message_stays():
    item = {"role": "system", "content": "Be brief."}
    assert response_input_to_harmony(item, []) == message("system", "Be brief.")


@BOTH
def test_an_output_names_the_function_of_its_call(convert):
    found = convert(OUTPUT, [function_call("f")])
    assert found == result("functions.f", "Sunny", channel=None)


@BOTH
def test_the_newest_call_of_that_id_is_taken(convert):
    previous = [
        function_call("old"),
        function_call("new"),
        function_call("other", "call_2"),
        {"type": "function_call", "call_id": "call_1", "name": "a dict"},
    ]
    assert convert(OUTPUT, previous).author.name == "functions.new"


@BOTH
def test_a_call_with_its_status_is_a_call_too(convert):
    previous = [function_call("f", kind=ResponseFunctionToolCallItem)]
    assert convert(OUTPUT, previous).author.name == "functions.f"


@BOTH
@pytest.mark.parametrize("previous", [[], [function_call("f", "call_2")]])
def test_an_output_without_its_call_is_an_error_that_names_the_id(convert, previous):
    with pytest.raises(ValueError, match="No call message found") as caught:
        convert(OUTPUT, previous)
    assert str(caught.value) == "No call message found for call_1"


@BOTH
def test_an_output_may_have_parts(convert):
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    found = convert(OUTPUT | {"output": parts}, [function_call("f")])
    assert [part.text for part in found.content] == ["a", "b"]


def reasoning(*texts):
    return {"type": "reasoning", "content": [{"text": text} for text in texts], "summary": []}


def test_first_reasoning_is_one_part_without_a_channel():
    assert parse_response_input(reasoning("Hm."), []) == assistant("Hm.")


@pytest.mark.parametrize(
    "item",
    [reasoning(), reasoning("a", "b"), {"type": "reasoning"}, reasoning() | {"content": None}],
)
def test_first_reasoning_of_any_other_number_of_parts_is_an_error(item):
    with pytest.raises(ValueError, match="exactly one content part"):
        parse_response_input(item, [])


def test_second_reasoning_joins_its_parts_on_analysis():
    found = response_input_to_harmony(reasoning("a", "b", "c"), prev_responses=[])
    assert found == assistant("a\nb\nc", channel="analysis")


@pytest.mark.parametrize(
    "item", [reasoning(), {"type": "reasoning", "id": "rs_1"}, reasoning() | {"content": None}]
)
def test_second_reasoning_without_content_is_none(item):
    assert response_input_to_harmony(item, prev_responses=[]) is None


@BOTH
def test_a_function_call_is_a_call(convert):
    item = {"type": "function_call", "name": "f", "arguments": '{"a": 1}', "call_id": "call_1"}
    assert convert(item, []) == call("f", '{"a": 1}')


@BOTH
@pytest.mark.parametrize("kind", ["mcp_call", "item_reference", "", 7, ["message"]])
def test_any_other_type_is_an_error_that_names_it(convert, kind):
    with pytest.raises(ValueError, match="Unknown input type") as caught:
        convert({"type": kind}, [])
    assert str(caught.value) == f"Unknown input type: {kind}"


@BOTH
def test_pydantic_objects_are_read_through_their_dump(convert):
    assert convert(function_call("f"), []) == call("f", "{}")
    assert convert(Model(role="user", content="hi", type=None), []) == message("user", "hi")
    text = {"type": "output_text", "text": "4", "annotations": []}
    answer = ResponseOutputMessage.model_validate(
        {
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "type": "message",
            "content": [text],
        }
    )
    assert convert(answer, []) == assistant("4", channel="final")


def test_reasoning_objects_are_read_too():
    item = ResponseReasoningItem(id="rs_1", summary=[], type="reasoning")
    assert response_input_to_harmony(item, []) is None


@BOTH
@pytest.mark.parametrize(
    ("item", "missing"),
    [
        ({"content": "hi"}, "role"),
        ({"role": "user"}, "content"),
        ({"role": "user", "content": [{"type": "input_image"}]}, "text"),
        ({"type": "function_call_output", "output": "x"}, "call_id"),
        ({"type": "function_call", "arguments": "{}"}, "name"),
        ({"type": "function_call", "name": "f"}, "arguments"),
    ],
)
def test_a_missing_field_is_an_error_that_names_it(convert, item, missing):
    with pytest.raises(ValueError, match=f"no '{missing}' key"):
        convert(item, [])


@BOTH
def test_an_unknown_role_is_an_error_that_names_the_five(convert):
    with pytest.raises(ValueError, match="Unknown role: critic; allowed are user, assistant"):
        convert({"role": "critic", "content": "x"}, [])
