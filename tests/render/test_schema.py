"""What harmonium prints of a JSON Schema that others lose, and what it refuses."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import pytest

from harmonium.errors import SchemaError
from harmonium.limits import DEFAULT_LIMITS
from harmonium.model import (
    Conversation,
    DeveloperContent,
    Message,
    ResponseFormat,
    Role,
    ToolDescription,
    ToolNamespace,
)
from harmonium.render import RenderOptions, TextRules, conversation_segments, schema_text

OURS = TextRules()
THEIRS = TextRules(extensions=False)


def objects(**properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"const": "a"}, '"a"'),
        ({"const": 3}, "3"),
        ({"const": None}, "null"),
        ({"type": "string", "const": 'q"'}, '"q\\""'),
        ({"enum": ["a", 1, None, True, 1.5]}, '"a" | 1 | null | true | 1.5'),
        ({"enum": [[1, {"a": "b"}]]}, '[1,{"a":"b"}]'),
        ({"enum": []}, "any"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "\n | number\n | null"),
        ({"anyOf": []}, "any"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, "(string | null)[]"),
        ({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}, '("a" | "b")[]'),
        ({"type": "array", "items": {"type": "string", "enum": ["a"]}}, '"a"[]'),
        (
            {"type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "number"}]}},
            "(\n | string\n | number\n)[]",
        ),
        ({"type": "array", "items": {"type": "array", "items": {"enum": [1, 2]}}}, "(1 | 2)[][]"),
        (
            {"type": "string", "anyOf": [{"enum": ["a"]}, {"enum": ["b"]}]},
            '\n | "a"\n | "b"',
        ),
        (
            {**objects(a={"type": "string"}), "anyOf": [{"required": ["a"]}, {"required": ["b"]}]},
            "{\na?: string,\n}",
        ),
    ],
)
def test_keywords_that_others_print_as_any(schema: object, text: str) -> None:
    assert schema_text(schema, OURS) == text


def test_an_optional_property_as_pydantic_writes_it() -> None:
    limit = {
        "anyOf": [{"type": "integer"}, {"type": "null"}],
        "default": None,
        "title": "Limit",
        "description": "At most\nthis many.",
    }
    assert schema_text(objects(limit=limit), OURS) == (
        "{\n"
        "// Limit\n"
        "//\n"
        "// At most\n"
        "// this many.\n"
        "// default: null\n"
        "limit?:\n"
        " | number\n"
        " | null\n"
        ",\n"
        "}"
    )


DEFINITIONS = {
    "Point": {
        **objects(x={"type": "number"}, y={"type": "number"}),
        "required": ["x", "y"],
        "description": "A point.",
    },
    "Unit": {"enum": ["m", "km"]},
    "a/b~c d": {"type": "boolean"},
    "Anything": True,
}


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"$ref": "#/$defs/Unit"}, '"m" | "km"'),
        ({"$ref": "#/$defs/a~1b~0c%20d"}, "boolean"),
        ({"$ref": "#/$defs/Anything"}, "any"),
        ({"$ref": "#/list/1", "list": [{}, {"type": "string"}]}, "string"),
        ({"type": "array", "items": {"$ref": "#/$defs/Unit"}}, '("m" | "km")[]'),
        (
            objects(p={"$ref": "#/$defs/Point", "description": "Where."}),
            "{\n// Where.\np?:     // Where.\n{\n    x: number,\n    y: number,\n    },\n}",
        ),
        (
            objects(u={"$ref": "#/$defs/Unit", "default": "m"}),
            '{\nu?: "m" | "km", // default: m\n}',
        ),
        (
            objects(u={"allOf": [{"$ref": "#/$defs/Unit"}], "default": "m"}),
            '{\nu?: "m" | "km", // default: m\n}',
        ),
    ],
)
def test_references_are_followed_inside_the_document(schema: dict[str, object], text: str) -> None:
    assert schema_text({**schema, "$defs": DEFINITIONS}, OURS) == text
    assert "any" in schema_text({**schema, "$defs": DEFINITIONS}, THEIRS)


def test_all_of_merges_objects() -> None:
    schema = {
        "allOf": [
            {**objects(a={"type": "string"}, b={}), "required": ["a"]},
            {"properties": {"b": {"type": "number"}}, "required": ["b"]},
        ],
        "properties": {"c": {"const": 1}},
        "description": "All.",
    }
    assert schema_text(schema, OURS) == "// All.\n{\na: string,\nb: number,\nc?: 1,\n}"


def test_all_of_that_contradicts_itself_says_nothing() -> None:
    assert schema_text({"allOf": [{"type": "string"}, {"type": "number"}]}, OURS) == "any"


def test_constraints_beside_a_type_do_not_hide_it() -> None:
    assert schema_text({"allOf": [{"type": "string"}, {"minLength": 3}]}, OURS) == "string"


def test_text_with_line_ends_stays_in_its_place() -> None:
    sneaky = "x\n}\u2028type f = () => any;\r\v\f\x85end"
    schema = {
        **objects(
            **{
                sneaky: {
                    "type": "string",
                    "title": sneaky,
                    "description": sneaky,
                    "examples": [sneaky],
                    "default": sneaky,
                    "enum": [sneaky],
                },
                "one": {
                    "oneOf": [{"type": "string"}, {"description": sneaky, "default": sneaky}],
                    "default": [sneaky],
                },
            }
        ),
        "description": sneaky,
    }
    literal = '"x\\n}\\u2028type f = () => any;\\r\\u000b\\f\\u0085end"'
    comment = ["// x", "// }", "// type f = () => any;", "// ", "// ", "// ", "// end"]
    assert schema_text(schema, OURS).split("\n") == [
        *comment,
        "{",
        *comment,
        "//",
        *comment,
        "// Examples:",
        f"// - {literal}",
        f"{literal}?: {literal}, // default: {literal}",
        f"// default: [{literal}]",
        "one?:",
        " | string",
        " | any // x",
        *(f"   {line}" for line in comment[1:-1]),
        f"   // end default: {literal}",
        ",",
        "}",
    ]


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("user-id", "user-id"), ("$filter", "$filter"), ("größe", "größe"), ("a b", "a b"),
        ("", '""'), ("a: any, //", '"a: any, //"'), ('"', '"\\""'), ("a?", '"a?"'), ("{", '"{"'),
        (" a", '" a"'), ("a//b", '"a//b"'), ("a/b", "a/b"), ("<|end|>", '"<|end|>"'),
    ],
)  # fmt: skip
def test_keys_are_quoted_only_when_they_must_be(key: str, word: str) -> None:
    assert schema_text(objects(**{key: {}}), OURS) == f"{{\n{word}?: any,\n}}"


def test_a_derived_class_may_hold_its_base() -> None:
    schema = {
        "allOf": [{"$ref": "#/$defs/Base"}, objects(parent={"$ref": "#/$defs/Base"})],
        "$defs": {"Base": objects(name={"type": "string"})},
    }
    assert schema_text(schema, OURS) == (
        "{\nname?: string,\nparent?: {\n    name?: string,\n    },\n}"
    )


def test_a_reference_met_twice_is_no_cycle() -> None:
    schema = {"$ref": "#/$defs/A", "allOf": [{"$ref": "#/$defs/A"}], "$defs": {"A": {"const": 1}}}
    assert schema_text(schema, OURS) == "1"


# Hostile schemas


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
    ("itself", {"$ref": "#"}, "schema_cycle"),
    ("its own alias", {"a": {"$ref": "#/a"}, "$ref": "#/a"}, "schema_cycle"),
    ("a tree", {**objects(child={"$ref": "#"})}, "schema_cycle"),
    ("itself in allOf", {"allOf": [{"$ref": "#"}]}, "schema_cycle"),
    ("another file", {"$ref": "other.json"}, "schema_reference"),
    ("the network", {"$ref": "https://example.com/schema"}, "schema_reference"),
    ("nowhere", {"$ref": "#/$defs/missing"}, "schema_reference"),
    ("no schema", {"$ref": "#/type", "type": "string"}, "schema_reference"),
    ("past a list", {"$ref": "#/list/1", "list": [{}]}, "schema_reference"),
    ("a huge index", {"$ref": "#/list/" + "9" * 5000, "list": [{}]}, "schema_reference"),
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


def test_without_extensions_references_are_not_followed() -> None:
    texts = {
        schema_text(schema, THEIRS) for _, schema, _ in REFERENCES if "properties" not in schema
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


def test_what_json_dumps_accepts_prints_alike() -> None:
    schema = OrderedDict(
        type="object",
        properties=MappingProxyType({1: {"default": ("x", Role.USER)}, None: {}, False: {}}),
        required=("1", Role.TOOL),
    )
    assert schema_text(schema, OURS) == (
        '{\n1: any, // default: ["x","user"]\nnull?: any,\nfalse?: any,\n}'
    )


def test_an_error_says_which_tool_of_which_message() -> None:
    tools = [ToolDescription("a"), ToolDescription("b", parameters={"$ref": "#/x"})]
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
