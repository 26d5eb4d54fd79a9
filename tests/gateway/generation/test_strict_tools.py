"""The arguments of strict tools have their form, also where the model itself chose to call."""

from __future__ import annotations

import pytest

from harmonium.engines.protocol import Capabilities, JsonSchema
from tests.gateway.generation.test_structured_output import (
    ANSWERS,
    CITY,
    FORM,
    PLACE,
    THOUGHT,
    Model,
)
from tests.gateway.reading import events_of, is_terminated
from tests.gateway.running import CHAT, RESPONSES, running
from tests.gateway.scripted import FULL

HEAD = "<|start|>assistant<|channel|>commentary to="
FREE, HELD = '{"model": "as it likes"}', '{"city":"Bern"}'
CALLS = {
    "usual": "functions.get_weather <|constrain|>json<|message|>",
    "without a type": "functions.get_weather<|message|>",
    "bare name": "get_weather json<|message|>",
    "two channels": "functions.get_weather<|channel|>commentary<|message|>",
}


def calling(header=CALLS["usual"], thought=THOUGHT):
    """A model that thinks, calls, and writes what it likes unless it is held."""
    engine = Model(can=FULL)
    engine.answer = f"{thought}{HEAD}{header}{FREE}<|call|>"
    return engine


def function(name="get_weather", schema=CITY, **fields):
    return {"type": "function", "function": {"name": name, "parameters": schema, **fields}}


def chat(engine, *tools, **fields):
    with running(engine) as gateway:
        body = CHAT | {"tools": list(tools), **fields}
        answer = gateway.client.post("/v1/chat/completions", json=body).json()
    return answer["choices"][0]


def arguments_of(choice):
    return [call["function"]["arguments"] for call in choice["message"]["tool_calls"]]


@pytest.mark.parametrize("header", CALLS)
def test_a_call_of_a_strict_tool_has_the_form_of_its_schema(header):
    engine = calling(CALLS[header])
    choice = chat(engine, function(strict=True))
    assert (arguments_of(choice), choice["finish_reason"]) == ([HELD], "tool_calls")
    assert choice["message"]["reasoning"] == "Bern, I think."
    assert engine.requests[-1].constraint == JsonSchema(CITY)
    assert {request.constraint for request in engine.requests[:-1]} == {None}


@pytest.mark.parametrize("fields", [{}, {"strict": None}, {"strict": False}])
def test_a_call_of_any_other_tool_is_written_in_one_go(fields):
    engine = calling()
    choice = chat(engine, function(**fields))
    assert arguments_of(choice) == [FREE]
    assert len(engine.requests) == 1


def test_of_several_tools_the_strict_ones_are_held():
    tools = (function(), function("look", PLACE, strict=True))
    assert arguments_of(chat(calling(), *tools)) == [FREE]
    look = calling(CALLS["usual"].replace("get_weather", "look"))
    assert arguments_of(chat(look, *tools)) == ['{"at":1}']


def test_a_strict_tool_that_is_not_called_changes_nothing():
    for answer in ANSWERS.values():
        free, held = Model(can=FULL), Model(can=FULL)
        free.answer = held.answer = answer
        told = [chat(free, function()), chat(held, function(strict=True))]
        assert told[0] == told[1]


def test_the_answer_and_the_calls_may_both_have_a_form():
    tool = function("look", PLACE, strict=True)
    look = calling(CALLS["usual"].replace("get_weather", "look"))
    assert arguments_of(chat(look, tool, response_format=FORM)) == ['{"at":1}']
    choice = chat(Model(can=FULL), tool, response_format=FORM)
    assert choice["message"]["content"] == '{"city":"Bern"}'


def test_an_engine_without_such_constraints_leaves_strict_arguments_to_the_model():
    engine = calling()
    engine.can = Capabilities(models=("gpt-oss-test",))
    assert arguments_of(chat(engine, function(strict=True))) == [FREE]
    assert len(engine.requests) == 1


@pytest.mark.parametrize("most", range(1, 40, 3))
def test_the_limit_of_tokens_holds_for_a_strict_call(most):
    with running(calling()) as gateway:
        body = CHAT | {"tools": [function(strict=True)], "max_tokens": most}
        answer = gateway.client.post("/v1/chat/completions", json=body).json()
    (choice,) = answer["choices"]
    assert answer["usage"]["completion_tokens"] <= most
    whole = choice["finish_reason"] == "tool_calls" and arguments_of(choice) == [HELD]
    assert whole or choice["finish_reason"] == "length"


def test_the_other_api_streams_a_strict_call():
    tool = {"type": "function", "name": "get_weather", "parameters": CITY, "strict": True}
    with running(calling()) as gateway:
        body = RESPONSES | {"tools": [tool], "stream": True}
        answer = gateway.client.post("/v1/responses", json=body)
    assert is_terminated(answer)
    output = events_of(answer)[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call"]
    assert output[1]["arguments"] == HELD


def test_seeds_of_several_choices_stay_within_what_engines_take():
    engine = Model(can=FULL)
    chat(engine, n=2, seed=2**63 - 1)
    assert {request.sampling.seed for request in engine.requests} == {2**63 - 1, -(2**63)}
