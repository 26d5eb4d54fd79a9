"""What each real engine does with a constraint, and what the gateway makes of it."""

from __future__ import annotations

import json

import jsonschema_rs
import openai
import pytest

from harmonium.engines import (
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    SamplingParams,
    StructuralTag,
)
from harmonium.errors import EngineError, InvalidInputError
from scripts.tiny_model.lessons import GET_WEATHER, PERSON
from tests.engines_real.servers import start_gateway
from tests.engines_real.taught import CALL, ENCODING, GREETING, NAME, RETURN, STRUCTURED

JSON = frozenset({"json_object", "json_schema"})
CLAIMS = {
    "vllm": JSON | {"structural_tag", "grammar"},
    "vllm, older route": JSON | {"structural_tag", "grammar"},
    "llamacpp": JSON | {"grammar"},
    "gguf": JSON | {"grammar"},
    "onnx": frozenset(),
}
HOLDING = [kind for kind, claims in CLAIMS.items() if claims]
BOUNDS = {kind: kind != "gguf" for kind in HOLDING}
"""llama-cpp-python makes grammars of schemas by itself, and knows no bounds of numbers."""
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 8},
        "age": {"enum": [7, 77]},
        "sky": {"enum": ["sunny", "rainy"]},
    },
    "required": ["name", "age", "sky"],
    "additionalProperties": False,
}
FINAL = "<|channel|>final<|message|>"
MARKERS = [200_003, 200_005, 200_006, 200_007, 200_008]
NO_MARKERS = dict.fromkeys(MARKERS, -100.0)


@pytest.fixture
async def engine(opened, request):
    return await opened(request.param)


each = pytest.mark.parametrize("engine", HOLDING, indirect=True)


async def held(engine, question, constraint, begun=FINAL, **sampling):
    """Go on behind the beginning of an answer, held to a constraint; give the text and its end."""
    chosen = SamplingParams(
        **{"temperature": 0, "max_tokens": 120, "logit_bias": NO_MARKERS, **sampling}
    )
    prompt = [*question.prompt, *ENCODING.encode(begun, allowed_special="all")]
    ids = []
    async for chunk in engine.generate(GenerationRequest("r", NAME, prompt, chosen, constraint)):
        ids += chunk.token_ids
    return ENCODING.decode(ids[:-1]), ids[-1]


def obeys(text, schema=SCHEMA):
    return jsonschema_rs.is_valid(schema, json.loads(text))


@pytest.mark.anyio
@pytest.mark.parametrize(("engine", "claims"), CLAIMS.items(), indirect=["engine"])
async def test_what_each_engine_is_said_to_hold_to(engine, claims):
    assert (await engine.capabilities()).constraints == claims


@pytest.mark.anyio
@each
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_text_that_was_never_taught_satisfies_the_schema(engine, seed):
    text, end = await held(engine, GREETING, JsonSchema(SCHEMA), temperature=1.0, seed=seed)
    assert obeys(text)
    assert end in {RETURN, CALL}


@pytest.mark.anyio
@each
async def test_what_would_be_said_anyway_is_said_under_its_schema(engine):
    begun = "<|channel|>analysis<|message|>Ann, 77.<|end|><|start|>assistant" + FINAL
    text, end = await held(engine, STRUCTURED, JsonSchema(PERSON.schema), begun)
    assert (text, end) == ('{"name": "Ann", "age": 77}', RETURN)


@pytest.mark.anyio
@each
async def test_references_in_a_schema_are_followed(engine):
    schema = {"$defs": {"person": SCHEMA}, "$ref": "#/$defs/person"}
    text, _ = await held(engine, GREETING, JsonSchema(schema))
    assert obeys(text, schema)


BOUNDED = {"type": "integer", "minimum": 0, "maximum": 99}


@pytest.mark.anyio
@pytest.mark.parametrize(("engine", "holds"), BOUNDS.items(), indirect=["engine"])
async def test_bounds_of_numbers_hold_but_where_the_library_passes_over_them(engine, holds):
    texts = [
        (await held(engine, GREETING, JsonSchema(BOUNDED), temperature=2.0, seed=seed))[0]
        for seed in range(6)
    ]
    assert all(text.isdigit() for text in texts)
    assert all(obeys(text, BOUNDED) for text in texts) == holds


@pytest.mark.anyio
@each
async def test_any_object_begins_as_one(engine):
    text, _ = await held(engine, GREETING, JsonObject(), max_tokens=40)
    assert text.lstrip().startswith("{")


@pytest.mark.anyio
@each
async def test_a_grammar_leaves_two_words(engine):
    text, end = await held(engine, GREETING, Grammar('root ::= "yes" | "no"'))
    assert text in {"yes", "no"}
    assert end in {RETURN, CALL}


@pytest.mark.anyio
@each
async def test_a_grammar_takes_markers_for_the_text_they_spell(engine):
    grammar = Grammar(f'root ::= "{FINAL}" ("yes" | "no")')
    text, _ = await held(engine, GREETING, grammar, "", logit_bias=None)
    assert text in {f"{FINAL}yes", f"{FINAL}no"}


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["vllm", "vllm, older route"], indirect=True)
async def test_a_structural_tag_holds_from_where_its_trigger_stands(engine):
    tag = {"begin": FINAL, "content": {"type": "json_schema", "json_schema": SCHEMA}, "end": ""}
    form = {"type": "triggered_tags", "triggers": ["<|channel|>final"], "tags": [tag]}
    form["stop_after_first"] = True  # or text may follow, and the tag come again
    constraint = StructuralTag(json.dumps({"type": "structural_tag", "format": form}))
    text, end = await held(engine, STRUCTURED, constraint, "", logit_bias=None)
    assert text.startswith("<|channel|>analysis<|message|>Ann, 77.<|end|>")
    assert obeys(text.rpartition("<|message|>")[2])
    assert end in {RETURN, CALL}


@pytest.mark.anyio
@pytest.mark.parametrize("engine", HOLDING, indirect=True)
async def test_a_schema_that_is_none_is_refused_by_the_engine(engine):
    with pytest.raises(EngineError):
        await held(engine, GREETING, JsonSchema({"type": "banana"}))


@pytest.mark.anyio
@pytest.mark.parametrize("engine", ["onnx"], indirect=True)
async def test_an_engine_without_constraints_says_so(engine):
    with pytest.raises(InvalidInputError) as caught:
        await held(engine, GREETING, JsonSchema(SCHEMA))
    assert caught.value.code == "unsupported_constraint"


FORM = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}
ARGUMENTS = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 8}, "unit": {"enum": ["C", "F"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
QUESTIONS = ["hi", "Count to 20.", "Ann is 77 years old.", "Greet me in Japanese."]


def tool(name):
    function = {"name": name, "description": GET_WEATHER.description, "parameters": ARGUMENTS}
    return {"type": "function", "function": function}


def asked(text, **more):
    messages = [{"role": "user", "content": text}]
    return {"model": NAME, "temperature": 0, "max_tokens": 400, "messages": messages, **more}


@pytest.mark.parametrize("text", QUESTIONS)
def test_an_answer_has_the_form_that_was_asked_for(client, text):
    (choice,) = client.chat.completions.create(**asked(text, response_format=FORM)).choices
    assert obeys(choice.message.content)
    assert choice.finish_reason == "stop"
    assert choice.message.reasoning


def test_a_streamed_answer_has_the_form_as_well(client):
    with client.chat.completions.stream(**asked("hi", response_format=FORM)) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
    assert obeys("".join(deltas))


def test_any_object_that_is_asked_for_begins_as_one(client):
    form = {"type": "json_object"}
    answer = client.chat.completions.create(**asked("hi", response_format=form, max_tokens=60))
    assert answer.choices[0].message.content.startswith("{")


def test_a_response_has_the_form_that_was_asked_for(client):
    form = {"format": {"type": "json_schema", "name": "x", "schema": SCHEMA, "strict": True}}
    response = client.responses.create(model=NAME, temperature=0, input="hi", text=form)
    assert response.status == "completed"
    assert obeys(response.output_text)


NAMED = {"type": "function", "function": {"name": "get_weather"}}


@pytest.mark.parametrize("text", ["hi", "What is the weather in Paris?"])
@pytest.mark.parametrize("choice", ["required", NAMED], ids=["required", "named"])
def test_a_call_that_must_be_made_is_made_with_arguments_of_its_schema(client, text, choice):
    body = asked(text, tools=[tool("get_weather")], tool_choice=choice)
    answer = client.chat.completions.with_raw_response.create(
        **body, extra_headers={"x-harmonium-repairs": "1"}
    )
    (said,) = answer.parse().choices
    assert said.finish_reason == "tool_calls"
    (call,) = said.message.tool_calls
    assert call.function.name == "get_weather"
    assert obeys(call.function.arguments, ARGUMENTS)
    assert "stray_marker" not in answer.headers["x-harmonium-repairs"]


def test_of_several_tools_one_is_called_with_arguments_of_its_schema(client):
    tools = [tool("get_weather"), tool("get_time")]
    body = asked("What is the weather in Paris?", tools=tools, tool_choice="required")
    (call,) = client.chat.completions.create(**body).choices[0].message.tool_calls
    assert call.function.name in {"get_weather", "get_time"}
    assert obeys(call.function.arguments, ARGUMENTS)


def test_a_tool_may_still_be_called_where_answers_have_a_form(client):
    tools = [{"type": "function", "function": {
        "name": GET_WEATHER.name, "description": GET_WEATHER.description,
        "parameters": dict(GET_WEATHER.parameters)}}]  # fmt: skip
    body = asked("What is the weather in Paris?", tools=tools, response_format=FORM)
    (choice,) = client.chat.completions.create(**body).choices
    assert choice.message.tool_calls or obeys(choice.message.content)


def test_a_schema_that_no_engine_takes_is_the_requests_fault(client):
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "banana"}}}
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(**asked("hi", response_format=form))
    assert caught.value.status_code == 400


def test_an_engine_without_constraints_refuses_forms(places):
    with start_gateway(places("onnx"), "--model", NAME) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="-", max_retries=0)
        with client, pytest.raises(openai.BadRequestError) as caught:
            client.chat.completions.create(**asked("hi", response_format=FORM))
    assert caught.value.code == "unsupported_parameter"
