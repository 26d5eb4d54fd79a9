"""What harmonium refuses in a JSON Schema: hostile shapes, each with its error code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harmonium.errors import SchemaError
from harmonium.limits import DEFAULT_LIMITS
from harmonium.model import (
    Conversation,
    DeveloperContent,
    Message,
    ResponseFormat,
    ToolDescription,
    ToolNamespace,
)
from harmonium.render import RenderOptions, TextRules, conversation_segments, schema_text

OURS = TextRules()
THEIRS = TextRules(extensions=False)


def objects(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties}


def cyclic_property() -> object:
    schema = objects()
    schema["properties"] = {"self": schema}
    return schema


def cyclic_items() -> object:
    schema: dict[str, object] = {"type": "array"}
    schema["items"] = schema
    return schema


def cyclic_variants() -> object:
    schema: dict[str, object] = {}
    schema["oneOf"] = [{"type": "string"}, schema]
    return schema


def cyclic_default() -> object:
    value: list[object] = []
    value.append({"again": value})
    return objects(a={"default": value})


def deep_items(depth: int) -> object:
    schema: object = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "items": schema}
    return schema


def deep_default(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return objects(a={"default": value})


def doubling(levels: int) -> object:
    """Make a small Python object that prints as 2 ** levels properties."""
    schema: object = {"type": "string"}
    for _ in range(levels):
        schema = objects(a=schema, b=schema)
    return schema


IN_BOTH_MODES: list[tuple[str, Callable[[], object], str]] = [
    ("property", cyclic_property, "schema_cycle"),
    ("items", cyclic_items, "schema_cycle"),
    ("variants", cyclic_variants, "schema_cycle"),
    ("default", cyclic_default, "schema_cycle"),
    ("deep items", lambda: deep_items(64), "schema_too_deep"),
    ("very deep items", lambda: deep_items(100_000), "schema_too_deep"),
    ("deep default", lambda: deep_default(100_000), "schema_too_deep"),
    ("many properties", lambda: objects(**{f"p{i}": {} for i in range(2001)}), "schema_too_wide"),
    ("many variants", lambda: {"oneOf": [{}] * 2001}, "schema_too_wide"),
    ("many types", lambda: {"type": ["string"] * 2001}, "schema_too_wide"),
    ("many values", lambda: {"type": "string", "enum": ["x"] * 2001}, "schema_too_wide"),
    ("many examples", lambda: objects(a={"examples": ["x"] * 2001}), "schema_too_wide"),
    ("much required", lambda: {"type": "object", "required": ["x"] * 2001}, "schema_too_wide"),
    ("doubling", lambda: doubling(40), "schema_too_large"),
    ("long text", lambda: objects(a={"description": "x" * 1_000_001}), "schema_too_large"),
    ("long default", lambda: objects(a={"default": ["x" * 600_000] * 2}), "schema_too_large"),
    ("not a number", lambda: objects(a={"default": float("nan")}), "schema_invalid"),
    ("infinity", lambda: objects(a={"default": [float("-inf")]}), "schema_invalid"),
    ("a huge integer", lambda: objects(a={"default": 10**400}), "schema_invalid"),
    ("a set", lambda: objects(a={"default": {1}}), "schema_invalid"),
    ("bytes as a key", lambda: objects(a={"default": {b"k": 1}}), "schema_invalid"),
    ("bytes as a property", lambda: {"type": "object", "properties": {b"k": {}}}, "schema_invalid"),
    ("an object as a schema", lambda: objects(a=object()), "schema_invalid"),
    ("a set as a keyword", lambda: {"type": "object", "required": {"a"}}, "schema_invalid"),
    ("bytes as a text", lambda: objects(a={"description": b"d"}), "schema_invalid"),
    ("bytes as a type", lambda: {"type": b"string"}, "schema_invalid"),
]


@pytest.mark.parametrize("rules", [OURS, THEIRS], ids=["ours", "theirs"])
@pytest.mark.parametrize(
    ("make", "code"),
    [pytest.param(make, code, id=name) for name, make, code in IN_BOTH_MODES],
)
def test_hostile_schemas_are_refused(
    make: Callable[[], object], code: str, rules: TextRules
) -> None:
    with pytest.raises(SchemaError) as caught:
        schema_text(make(), rules)
    assert caught.value.code == code


def chain(length: int) -> dict[str, object]:
    definitions = {f"d{i}": {"$ref": f"#/$defs/d{i + 1}"} for i in range(length)}
    return {"$ref": "#/$defs/d0", "$defs": {**definitions, f"d{length}": {"type": "string"}}}


def bomb(levels: int) -> dict[str, object]:
    definitions: dict[str, object] = {"d0": {"type": "string"}}
    for level in range(levels):
        twice = {"$ref": f"#/$defs/d{level}"}
        definitions[f"d{level + 1}"] = objects(a=twice, b=dict(twice))
    return {"$ref": f"#/$defs/d{levels}", "$defs": definitions}


def all_of_bomb(levels: int) -> dict[str, object]:
    definitions: dict[str, object] = {"d0": {"minLength": 1}}
    for level in range(levels):
        ref = f"#/$defs/d{level}"
        definitions[f"d{level + 1}"] = {"allOf": [{"$ref": ref}, {"$ref": ref}]}
    return {"$ref": f"#/$defs/d{levels}", "$defs": definitions}


REFERENCES: list[tuple[str, dict[str, object], str]] = [
    ("a long chain", chain(100), "schema_too_deep"),
    ("doubling", bomb(40), "schema_too_large"),
    ("doubling allOf", all_of_bomb(20), "schema_too_large"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "code"), [pytest.param(schema, code, id=name) for name, schema, code in REFERENCES]
)
def test_hostile_references_are_refused(schema: dict[str, object], code: str) -> None:
    with pytest.raises(SchemaError) as caught:
        schema_text(schema, OURS)
    assert caught.value.code == code


SAYING_NOTHING: list[tuple[str, dict[str, object], str]] = [
    ("itself", {"$ref": "#"}, "any"),
    ("its own alias", {"a": {"$ref": "#/a"}, "$ref": "#/a"}, "any"),
    ("a tree", objects(child={"$ref": "#"}), "{\nchild?: any,\n}"),
    ("a list of itself", objects(kids={"type": "array", "items": {"$ref": "#"}}),
     "{\nkids?: any[],\n}"),
    ("each other", {"$ref": "#/$defs/a", "$defs": {"a": objects(b={"$ref": "#/$defs/b"}),
     "b": objects(a={"$ref": "#/$defs/a"})}}, "{\nb?: {\n    a?: any,\n    },\n}"),
    ("itself in allOf", {"allOf": [{"$ref": "#"}]}, "any"),
    ("another file", {"$ref": "other.json"}, "any"),
    ("the network", {"$ref": "https://example.com/schema"}, "any"),
    ("an anchor", {"$ref": "#place"}, "any"),
    ("nowhere", {"$ref": "#/$defs/missing"}, "any"),
    ("no schema", {"$ref": "#/type", "type": "string"}, "string"),
    ("past a list", {"$ref": "#/list/1", "list": [{}]}, "any"),
    ("a huge index", {"$ref": "#/list/" + "9" * 5000, "list": [{}]}, "any"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "text"),
    [pytest.param(schema, text, id=name) for name, schema, text in SAYING_NOTHING],
)
def test_a_reference_to_itself_or_to_nothing_says_nothing(
    schema: dict[str, object], text: str
) -> None:
    assert schema_text(schema, OURS) == text


MEANT: list[tuple[object, str]] = [
    ({"type": ["array", "null"], "items": {"type": "string"}}, "string[] | null"),
    ({"type": ["null", "array"], "items": {"type": "string"}}, "string[] | null"),
    ({"type": ["object", "null"], "properties": {"p": {"type": "string"}}},
     "{\np?: string,\n} | null"),
    ({"type": ["string", "null"], "enum": ["x", "y", None]}, '"x" | "y" | null'),
    ({"type": ["string"], "enum": ["x", "y"]}, '"x" | "y"'),
    ({"type": "string", "enum": ["x", None]}, '"x" | null'),
    ({"type": "integer", "enum": [1, 2]}, "1 | 2"),
    ({"properties": {"a": {}}}, "{\na?: any,\n}"),
    ({"items": {"type": "string"}}, "string[]"),
    ({"type": "object", "additionalProperties": {"type": "number"}},
     "{\n[key: string]: number,\n}"),
    ({"type": "object", "patternProperties": {"^x": {"type": "number"}}},
     "{\n[key: string]: number,\n}"),
    ({"prefixItems": [{"type": "string"}, {"type": "number"}]}, "[string, number]"),
    ({"type": "null"}, "null"),
    ({"type": "object", "properties": {"a": {}}, "oneOf": [{"required": ["a"]}, {"not": {}}]},
     "{\na?: any,\n}"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "text"), MEANT)
def test_what_the_published_renderers_lose_is_printed_with_extensions_alone(
    schema: object, text: str
) -> None:
    assert schema_text(schema, OURS) == text
    assert schema_text(schema, THEIRS) != text


@pytest.mark.slow
@pytest.mark.parametrize("spaces", [1, 4], ids=["together", "apart"])
def test_many_schemas_that_are_large_together_are_refused(spaces: int) -> None:
    def said(count: int) -> Conversation:
        tools = [ToolDescription(f"f{at}", "", bomb(6)) for at in range(count)]
        parts = [ToolNamespace(f"n{at}", tools=tools[at::spaces]) for at in range(spaces)]
        return Conversation([Message.developer(DeveloperContent(tools=parts))])

    many = DEFAULT_LIMITS.tools_chars // len(schema_text(bomb(6), OURS))
    conversation_segments(said(many * 9 // 10))
    with pytest.raises(SchemaError) as caught:
        conversation_segments(said(many))
    assert caught.value.code == "schema_too_large"
    assert f"tools[{spaces - 1}].tools[{many // spaces - 1}].par" in caught.value.position.path


def test_without_extensions_references_are_not_followed() -> None:
    texts = {
        schema_text(schema, THEIRS)
        for _, schema, _ in REFERENCES + SAYING_NOTHING
        if "properties" not in schema
    }
    assert texts == {"any", "string"}


def test_limits_can_be_lifted_and_python_still_bounds_the_depth() -> None:
    limits = replace(DEFAULT_LIMITS, schema_depth=10**9)
    assert schema_text(deep_items(100), TextRules(limits=limits)).count("[]") == 100
    for schema in (deep_items(100_000), deep_default(100_000)):
        with pytest.raises(SchemaError) as caught:
            schema_text(schema, TextRules(limits=limits))
        assert caught.value.code == "schema_too_deep"


def test_the_deepest_and_widest_schema_within_the_limits_prints() -> None:
    assert schema_text(deep_items(63), OURS) == "string" + "[]" * 63
    wide = schema_text(objects(**{f"p{i}": {} for i in range(2000)}), OURS)
    assert wide.count("any") == 2000


def test_the_same_schema_in_two_places_is_no_cycle() -> None:
    shared = {"type": "string"}
    assert schema_text(objects(a=shared, b=shared), OURS) == "{\na?: string,\nb?: string,\n}"


def test_an_error_says_which_tool_of_which_message() -> None:
    deep = chain(100)
    tools = [ToolDescription("a"), ToolDescription("b", parameters=deep)]
    spaces = [ToolNamespace.functions(tools), ToolNamespace.python()]
    content = DeveloperContent(tools=spaces)
    conversation = Conversation([Message.user("q"), Message.developer(content)])
    with pytest.raises(SchemaError) as caught:
        conversation_segments(conversation)
    assert caught.value.position.path == "messages[1].content[0].tools[0].tools[1].parameters"
    assert conversation_segments(conversation, RenderOptions(extensions=False))


def test_an_error_says_which_response_format() -> None:
    value: dict[str, object] = {}
    value["self"] = value
    formats = [ResponseFormat("ok", {}), ResponseFormat("bad", value)]
    message = Message.developer(DeveloperContent(response_formats=formats))
    with pytest.raises(SchemaError) as caught:
        conversation_segments(Conversation([message]))
    assert caught.value.code == "schema_cycle"
    assert caught.value.position.path == "messages[0].content[0].response_formats[1].schema"
