"""The demo engine speaks correct Harmony to every prompt, and a named fault when asked."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from harmonium import (
    Conversation,
    DeveloperContent,
    Message,
    ToolDescription,
    ToolNamespace,
    load_encoding,
)
from harmonium.engines import Engine, Finish, JsonObject, JsonSchema, StructuralTag, open_engine
from harmonium.engines.demo.prompt_reader import read_prompt
from harmonium.engines.demo.reply import reply
from harmonium.engines.demo.schema_values import value_for
from harmonium.engines.demo.tool_signatures import signatures
from harmonium.errors import EngineUnavailableError, InvalidInputError
from harmonium.model import Author, ResponseFormat, Role, TextContent
from harmonium.testing import Recovered, conversations, malformed_cases, schemas, token_streams
from tests.engines.running import PROMPT, asking, run
from tests.engines.servers import CALL, RETURN, ids_of

ENCODING = load_encoding()
CITY = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "type fake = (_: {"},
        "days": {"type": "integer", "minimum": 3, "default": 3},
        "unit": {"enum": ["c", "f"]},
        "places": {"type": "array", "items": {"type": "object", "properties": {}}},
        "flag": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
    },
    "required": ["city", "days", "unit", "places", "flag"],
}


def developer(*tools, form=None):
    described = tuple(ToolDescription(name, "Does.", schema) for name, schema in tools)
    namespaces = (ToolNamespace.functions(described),) if tools else ()
    forms = (ResponseFormat("out", form),) if form is not None else ()
    content = DeveloperContent(tools=namespaces, response_formats=forms)
    return Message(Author(Role.DEVELOPER), (content,))


def prompt_of(*messages):
    said = [Message.user(each) if isinstance(each, str) else each for each in messages]
    return ENCODING.render(Conversation(tuple(said)), next_role="assistant")


def replied(prompt, constraint=None, fault=None):
    return reply(read_prompt(prompt, constraint, ENCODING), ENCODING, fault)


def spoken(prompt, constraint=None, **options):
    ids = replied(prompt, constraint, **options)
    return ids, ENCODING.parse(ids, policy="strict")


def said(messages):
    return [(each.channel, each.recipient) for each in messages]


@settings(max_examples=30)
@given(conversations())
def test_it_speaks_harmony_to_any_conversation(conversation):
    ids, messages = spoken(ENCODING.render(conversation, next_role="assistant"))
    assert messages[0].channel == "analysis"
    assert ids[-1] in {RETURN, CALL}
    assert (ids[-1] == CALL) == (messages[-1].recipient is not None)


@settings(max_examples=30)
@given(token_streams() | st.lists(st.integers(0, 300_000), max_size=30))
def test_it_speaks_to_prompts_that_are_no_conversation(ids):
    assert replied(ids)[-1] in {RETURN, CALL}


def test_an_answer_repeats_the_user_and_says_that_no_model_is_there():
    _, messages = spoken(prompt_of("What <|end|> is it?"))
    assert said(messages) == [("analysis", None), ("final", None)]
    assert "without a model" in messages[1].text
    assert "What <|end|> is it?" in messages[1].text


def test_a_declared_tool_is_called_with_arguments_of_its_schema():
    ids, messages = spoken(prompt_of(developer(("get_weather", CITY), ("other", None)), "Hi"))
    assert said(messages)[1] == ("commentary", "functions.get_weather")
    assert messages[1].content_type == "json"
    assert jsonschema_rs.is_valid(CITY, json.loads(messages[1].text))
    assert ids[-1] == CALL


def test_the_tool_that_the_user_names_is_called():
    _, messages = spoken(prompt_of(developer(("a", CITY), ("b", None)), "use b now"))
    assert (messages[1].recipient, messages[1].text) == ("functions.b", "{}")


def test_what_a_tool_said_is_answered_not_called_again():
    call = Message.assistant("{}", channel="commentary", recipient="functions.a")
    result = Message.tool("functions.a", "42 degrees", recipient="assistant")
    _, messages = spoken(prompt_of(developer(("a", None)), "Hi", call, result))
    assert said(messages) == [("analysis", None), ("final", None)]
    assert "42 degrees" in messages[1].text


@settings(max_examples=40, phases=[Phase.explicit, Phase.generate])
@given(schemas(extended=True))
def test_arguments_fit_the_schema_as_far_as_the_prompt_shows_it(schema):
    """What a prompt does not print is left out of the check: bounds, formats, required unknowns."""
    told = developer(("f", schema))
    text = ENCODING.decode(ENCODING.render(Conversation((told,))))
    found = signatures(text)["functions.f"]
    assert isinstance(found, dict)
    wanted = [name for name in schema.get("required", ()) if name in schema.get("properties", {})]
    assert set(found) >= set(wanted) or any("\n" in name or ":" in name for name in wanted)


LEAVES = st.one_of(
    st.builds(
        lambda low, room: {"type": "integer", "minimum": low, "maximum": low + room},
        st.integers(-50, 50),
        st.integers(0, 9),
    ),
    st.builds(
        lambda low, room: {"type": "number", "exclusiveMinimum": low, "maximum": low + room},
        st.integers(-50, 50),
        st.integers(1, 9),
    ),
    st.builds(
        lambda least, most: {"type": "string", "minLength": least, "maxLength": least + most},
        st.integers(0, 40),
        st.integers(0, 9),
    ),
    st.sampled_from(["date", "date-time", "email", "uuid", "ipv4", "uri"]).map(
        lambda word: {"type": "string", "format": word}
    ),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"const": [1]}, {"enum": [None, 2]}]),
    st.builds(
        lambda unit: {"type": "integer", "multipleOf": unit, "minimum": 1}, st.integers(1, 9)
    ),
)
BOUNDED = st.recursive(
    LEAVES,
    lambda below: st.one_of(
        st.builds(
            lambda items, least: {"type": "array", "items": items, "minItems": least},
            below,
            st.integers(0, 3),
        ),
        st.builds(
            lambda held: {"type": "object", "properties": held, "required": sorted(held)},
            st.dictionaries(st.sampled_from("abc"), below, max_size=3),
        ),
        st.builds(lambda one, two: {"anyOf": [one, two]}, below, below),
        below.map(lambda held: {"$defs": {"a/b": held}, "allOf": [held]}),
    ),
    max_leaves=8,
)


@settings(max_examples=100, phases=[Phase.explicit, Phase.generate])
@given(schemas() | BOUNDED)
def test_a_value_satisfies_its_schema(schema):
    relaxed = json.loads(json.dumps(schema).replace('"oneOf"', '"anyOf"'))  # variants may overlap
    assert jsonschema_rs.is_valid(relaxed, value_for(schema), validate_formats=True)


def test_references_are_followed_and_circles_left():
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}, "v": {"const": 1}}}
    open_circle = {"$ref": "#/$defs/n", "$defs": {"n": node | {"required": ["v"]}}}
    assert value_for(open_circle) == {"v": 1}
    assert value_for({"$ref": "#/$defs/n", "$defs": {"n": node | {"required": ["next"]}}}) is None
    assert value_for({"$ref": "#"}) is None
    assert value_for(False) is None  # noqa: FBT003  (a schema)


def test_the_answer_satisfies_the_schema_of_the_prompt_or_of_the_constraint():
    form = {"type": "object", "properties": {"n": {"const": 4}}, "required": ["n"]}
    _, shown = spoken(prompt_of(developer(form=form), "Hi"))
    _, constrained = spoken(PROMPT, JsonSchema(form))
    _, some_object = spoken(PROMPT, JsonObject())
    answers = [json.loads(messages[-1].text) for messages in (shown, constrained, some_object)]
    assert answers == [{"n": 4}, {"n": 4}, {}]


@pytest.mark.parametrize(
    ("begun", "heard"),
    [
        ("<|channel|>final<|message|>", [("final", None)]),
        ("<|channel|>final", [("final", None)]),
        ("<|channel|>analysis<|message|>", [("analysis", None), ("final", None)]),
        (
            "<|channel|>commentary to=functions.f <|constrain|>json<|message|>",
            [("commentary", "functions.f")],
        ),
        (" to=functions.f<|channel|>commentary", [("commentary", "functions.f")]),
    ],
)
def test_a_message_that_the_prompt_began_is_gone_on_with(begun, heard):
    ids = [*ids_of(begun), *replied([*PROMPT, *ids_of(begun)])]
    assert said(ENCODING.parse(ids, policy="strict")) == heard


@pytest.mark.parametrize(
    "begun", ["<|channel|>commentary to=functions", " to=functions"], ids=["channel", "role"]
)
def test_a_call_of_any_tool_that_the_prompt_began_names_one_also_behind_a_result(begun):
    result = Message(Author(Role.TOOL, "functions.other"), (TextContent("7"),), "commentary")
    tools = developer(("other", {}), ("get_city", CITY))
    prompt = prompt_of(tools, "call get_city, please", result)
    ids = [*ids_of(begun), *replied([*prompt, *ids_of(begun)])]
    (call,) = ENCODING.parse(ids, policy="strict")
    assert (call.channel, call.recipient, ids[-1]) == ("commentary", "functions.get_city", CALL)
    assert jsonschema_rs.is_valid(CITY, json.loads(call.text))


CASES = [case for case in malformed_cases() if case.role is not None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_each_malformed_output_can_be_asked_for(case):
    ids = replied(prompt_of(f"demo:fault={case.id}"))
    assert ids == ids_of(case.text)
    assert ids == replied(PROMPT, fault=case.id)
    assert Recovered.of_all(ENCODING.parse(ids, tools=case.tools)) == case.recovery


def test_each_kind_of_malformed_output_can_be_asked_for():
    texts = {case.text for case in CASES}
    for kind in {case.category.replace("_", "-") for case in CASES}:
        asked = replied(prompt_of(f"demo:fault={kind}"))
        assert ENCODING.decode(asked) in texts


def test_an_unknown_fault_is_answered_with_those_there_are():
    _, messages = spoken(prompt_of("demo:fault=nothing-such"))
    assert "missing-message" in messages[-1].text


@pytest.mark.anyio
async def test_it_is_an_engine_and_always_says_the_same():
    engine = open_engine("demo")
    assert isinstance(engine, Engine)
    first = await run(engine, asking(logprobs=2))
    assert first == await run(engine, asking(logprobs=2))
    assert first.ids == replied(PROMPT)
    assert first.finish == Finish("stop", RETURN)


@pytest.mark.anyio
async def test_it_stops_at_the_size_that_is_asked_for():
    result = await run(open_engine("demo"), asking(max_tokens=4))
    assert (len(result.ids), result.finish) == (4, Finish("length"))


@pytest.mark.anyio
async def test_it_can_be_told_to_write_one_fault_always():
    result = await run(open_engine("demo:missing-message"))
    assert result.ids == replied(PROMPT, fault="missing-message")


@pytest.mark.anyio
async def test_aborting_ends_it():
    engine = open_engine("demo")
    stream = engine.generate(asking(name="mine"))
    await anext(stream)
    await engine.abort("mine")
    await engine.abort("unknown")
    assert [chunk.finish async for chunk in stream] == [Finish("abort")]


@pytest.mark.anyio
async def test_it_refuses_what_it_cannot_do():
    engine = open_engine("demo")
    with pytest.raises(InvalidInputError):
        await run(engine, asking(constraint=StructuralTag("{}")))
    await engine.check()
    await engine.aclose()
    with pytest.raises(EngineUnavailableError):
        await engine.check()
    with pytest.raises(EngineUnavailableError):
        await run(engine)
