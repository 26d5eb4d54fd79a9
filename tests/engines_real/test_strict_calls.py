"""A strict function that a real model chooses to call is called with arguments of its schema."""

from __future__ import annotations

import json

import jsonschema_rs

from scripts.tiny_model.lessons import GET_WEATHER
from tests.engines_real.taught import NAME

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
"""Of the unit the model was never told: left to itself, it gives none."""

TAUGHT = {"description": GET_WEATHER.description, "parameters": SCHEMA}
QUESTION = "What is the weather in Paris?"


def called(client, *, strict):
    tool = {"type": "function", "function": {"name": "get_weather", "strict": strict, **TAUGHT}}
    messages = [{"role": "user", "content": QUESTION}]
    answer = client.chat.completions.create(
        model=NAME, temperature=0, max_tokens=200, messages=messages, tools=[tool]
    )
    (choice,) = answer.choices
    (call,) = choice.message.tool_calls
    assert (choice.finish_reason, call.function.name) == ("tool_calls", "get_weather")
    assert choice.message.reasoning
    return call.function.arguments


def test_only_a_strict_function_is_held_to_its_schema(client):
    free, held = (called(client, strict=strict) for strict in (False, True))
    assert not jsonschema_rs.is_valid(SCHEMA, json.loads(free))
    assert jsonschema_rs.is_valid(SCHEMA, json.loads(held))


def test_a_streamed_response_calls_as_strictly(client):
    tool = {"type": "function", "name": "get_weather", "strict": True, **TAUGHT}
    with client.responses.stream(model=NAME, temperature=0, input=QUESTION, tools=[tool]) as stream:
        response = stream.get_final_response()
    (call,) = [item for item in response.output if item.type == "function_call"]
    assert jsonschema_rs.is_valid(SCHEMA, json.loads(call.arguments))
