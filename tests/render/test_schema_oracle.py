"""Schemas print byte for byte as both published renderers print them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from harmonium.limits import DEFAULT_LIMITS
from harmonium.render import PROFILES, TextRules, schema_text
from harmonium.render.schema_words import enum_word, key_word
from harmonium.render.text_rules import leaves_line
from tests.oracle import Oracle
from tests.render.render_cases import Schemas

DEPTH = 4
MANIFEST = Path(__file__).parents[1] / "data" / "render_differences.toml"


def exact(oracle: Oracle) -> TextRules:
    return TextRules(extensions=False, exponent_sign=PROFILES[oracle.name].exponent_sign)


def answers(oracle: Oracle, schemas: list[object]) -> list[object]:
    found = oracle.ask("probes_render", "schema", [[json.dumps(schema)] for schema in schemas])
    return [answer.get("ok", answer) for answer in found]


@pytest.mark.parametrize(
    ("seed", "wrong", "odd"), [(1, 0.0, 0.0), (2, 0.1, 0.0), (3, 0.0, 0.2), (4, 0.15, 0.15)]
)
def test_generated_schemas_print_as_the_oracle_prints_them(
    oracle: Oracle, seed: int, wrong: float, odd: float
) -> None:
    made = Schemas(seed, wrong=wrong, odd=odd)
    # a schema that is null means "no parameters" to the oracle, and is printed elsewhere
    schemas = [schema for _ in range(2500) if (schema := made.schema(DEPTH)) is not None]
    ours = [schema_text(schema, exact(oracle)) for schema in schemas]
    assert ours == answers(oracle, schemas)


def test_generated_numbers_print_as_the_oracle_prints_them(oracle: Oracle) -> None:
    made = Schemas(5)
    schemas = [
        {"type": "object", "properties": {f"p{i}": {"default": made.number()} for i in range(50)}}
        for _ in range(200)
    ]
    ours = [schema_text(schema, exact(oracle)) for schema in schemas]
    assert ours == answers(oracle, schemas)


def test_generated_values_print_as_the_oracle_prints_them(oracle: Oracle) -> None:
    made = Schemas(6, odd=0.3)
    schemas = [
        {"type": "object", "properties": {f"p{i}": {"default": made.value(4)} for i in range(10)}}
        for _ in range(300)
    ]
    ours = [schema_text(schema, exact(oracle)) for schema in schemas]
    assert ours == answers(oracle, schemas)


@pytest.mark.parametrize("key", ["items", "properties"])
def test_schemas_print_alike_down_to_the_depth_at_which_the_oracle_gives_up(
    oracle: Oracle, key: str
) -> None:
    deepest = {"items": 121, "properties": 61}[key]
    rules = replace(exact(oracle), limits=replace(DEFAULT_LIMITS, schema_depth=200))
    schemas = [nested(key, depth) for depth in (deepest - 2, deepest - 1)]
    assert [schema_text(schema, rules) for schema in schemas] == answers(oracle, schemas)
    [refusal] = answers(oracle, [nested(key, deepest)])
    assert "recursion limit exceeded" in refusal["error"][1]


def nested(key: str, depth: int) -> object:
    schema: object = {"type": "string"}
    for _ in range(depth - 1):
        schema = (
            {"type": "array", "items": schema}
            if key == "items"
            else {"type": "object", "properties": {"p": schema}}
        )
    return schema


# With our extensions on, what the oracle knows still prints as the oracle prints it, but for the
# differences in the manifest.


def places(schema: object) -> Iterator[Mapping[str, object]]:
    if isinstance(schema, dict):
        yield schema
        children = [schema.get("items"), *as_list(schema.get("oneOf"))]
        properties = schema.get("properties")
        children += properties.values() if isinstance(properties, dict) else []
        for child in children:
            yield from places(child)


def as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def is_union(schema: object) -> bool:
    return isinstance(schema, dict) and any(
        len(as_list(schema.get(key))) > limit
        for key, limit in (("oneOf", 0), ("type", 1), ("enum", 1))
    )


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from texts(item)
    else:
        for item in as_list(value):
            yield from texts(item)


PREDICATES: dict[str, Callable[[Mapping[str, object]], bool]] = {
    "union_in_array": lambda place: place.get("type") == "array" and is_union(place.get("items")),
    "enum_without_type": lambda place: (
        place.get("type") is None and len(as_list(place.get("enum"))) > 0
    ),
    "enum_of_any_type": lambda place: (
        place.get("type") is not None
        and len(as_list(place.get("enum"))) > 0
        and not (
            place["type"] == "string" and all(isinstance(v, str) for v in as_list(place["enum"]))
        )
    ),
    "list_of_types_with_parts": lambda place: bool(
        {"array", "object"} & {kind for kind in as_list(place.get("type")) if isinstance(kind, str)}
    ),
    "parts_without_type": lambda place: (
        place.get("type") is None
        and bool(
            {"properties", "items", "prefixItems", "additionalProperties", "patternProperties"}
            & set(place)
        )
    ),
    "null_type": lambda place: place.get("type") == "null",
    "other_properties": lambda place: (
        isinstance(place.get("additionalProperties"), dict) or bool(place.get("patternProperties"))
    ),
    "tuple": lambda place: len(as_list(place.get("prefixItems"))) > 0,
    "constraining_variants": lambda place: (
        isinstance(place.get("oneOf"), list)
        and bool({"type", "properties"} & set(place))
        and not any(is_telling(variant) for variant in place["oneOf"])
    ),
    "text_leaves_its_line": lambda place: any(
        leaves_line(text) for key in place if key != "properties" for text in texts(place[key])
    ),
    "enum_literal_is_escaped": lambda place: (
        place.get("type") == "string"
        and any(
            enum_word(text, TextRules()) != f'"{text}"'
            for text in as_list(place.get("enum"))
            if isinstance(text, str)
        )
    ),
    "key_is_quoted": lambda place: any(
        key_word(key, TextRules()) != key
        for key in (place["properties"] if isinstance(place.get("properties"), dict) else ())
    ),
}


def is_telling(variant: object) -> bool:
    """Whether a variant says what it is; written anew here, so that the printer is checked."""
    says = {"type", "oneOf", "anyOf", "allOf", "$ref", "const", "enum", "properties"}
    return isinstance(variant, dict) and bool(says & set(variant))


def reasons(schema: object) -> set[str]:
    return {name for name, holds in PREDICATES.items() if any(map(holds, places(schema)))}


@pytest.mark.parametrize(("seed", "odd"), [(11, 0.0), (12, 0.05)])
def test_with_extensions_only_differences_of_the_manifest_remain(
    oracle: Oracle, seed: int, odd: float
) -> None:
    made = Schemas(seed, odd=odd)
    schemas = [made.schema(3) for _ in range(3000)]
    rules = replace(exact(oracle), extensions=True)
    ours = [schema_text(schema, rules) for schema in schemas]
    pairs = zip(schemas, ours, answers(oracle, schemas), strict=True)
    different = [(reasons(schema), schema) for schema, mine, theirs in pairs if mine != theirs]
    assert [schema for found, schema in different if not found] == []
    assert len(different) < len(schemas)


def test_the_manifest_names_every_difference_and_gives_its_reason() -> None:
    entries = tomllib.loads(MANIFEST.read_text())["difference"]
    assert {entry["name"] for entry in entries} == set(PREDICATES)
    assert all(len(entry["reason"]) > 20 for entry in entries)


@pytest.mark.parametrize("name", sorted(PREDICATES))
def test_each_difference_of_the_manifest_still_happens_alone(oracle: Oracle, name: str) -> None:
    schema = {
        "union_in_array": {"type": "array", "items": {"type": ["string", "number"]}},
        "enum_without_type": {"enum": ["a", "b"]},
        "enum_of_any_type": {"type": "integer", "enum": [1, 2]},
        "list_of_types_with_parts": {"type": ["array", "null"], "items": {"type": "string"}},
        "parts_without_type": {"properties": {"a": {"type": "string"}}},
        "null_type": {"type": "null"},
        "other_properties": {"type": "object", "additionalProperties": {"type": "string"}},
        "tuple": {"type": "array", "prefixItems": [{"type": "string"}]},
        "constraining_variants": {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "oneOf": [{"required": ["a"]}],
        },
        "text_leaves_its_line": {"type": "object", "description": "a\nb"},
        "enum_literal_is_escaped": {"type": "string", "enum": ['a"b']},
        "key_is_quoted": {"type": "object", "properties": {"a: b": {}}},
    }[name]
    assert reasons(schema) == {name}
    assert [schema_text(schema, TextRules())] != answers(oracle, [schema])
