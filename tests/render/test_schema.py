"""What harmonium prints of a JSON Schema that others lose."""

from __future__ import annotations

from collections import OrderedDict
from types import MappingProxyType

import pytest

from harmonium.model import Role
from harmonium.render import TextRules, schema_text

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


def test_what_json_dumps_accepts_prints_alike() -> None:
    schema = OrderedDict(
        type="object",
        properties=MappingProxyType({1: {"default": ("x", Role.USER)}, None: {}, False: {}}),
        required=("1", Role.TOOL),
    )
    assert schema_text(schema, OURS) == (
        '{\n1: any, // default: ["x","user"]\nnull?: any,\nfalse?: any,\n}'
    )
