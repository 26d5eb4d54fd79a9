"""Types of request fields: a JSON Schema and the reader that enforces it, from one set of bounds.

The tables of the APIs are made of these, and the OpenAPI document is made of the tables, so that a
bound is written once. Does not know the fields of any request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from harmonium.json_types import JSONMapping, JSONObject
from harmonium.openai.requests.errors import refused
from harmonium.openai.requests.json_fields import (
    read_choice,
    read_flag,
    read_integer,
    read_list,
    read_name,
    read_number,
    read_object,
    read_text,
)

Reader = Callable[[object, str], object]
"""What reads a value, given its path, and raises RequestError where it is not as it should be."""


@dataclass(frozen=True, slots=True)
class FieldType:
    """The values that a field may have. Null counts as absent and is not read.

    Args:
        schema: their JSON Schema.
        read: reads a value; refuses what the schema forbids.

    """

    schema: JSONMapping
    read: Reader


def _as_given(value: object, _: str) -> object:
    return value


def _ignore(_: object, __: str) -> object:
    return None


TEXT = FieldType({"type": "string"}, read_text)
NAME = FieldType({"type": "string", "minLength": 1}, read_name)
FLAG = FieldType({"type": "boolean"}, read_flag)
OBJECT = FieldType({"type": "object"}, read_object)
ARRAY = FieldType({"type": "array"}, read_list)
IGNORED = FieldType({}, _ignore)


def integer(low: int, high: int | None = None) -> FieldType:
    """Return the type of integers within bounds, both included."""
    bounds = {"minimum": low} if high is None else {"minimum": low, "maximum": high}
    return FieldType(
        {"type": "integer", **bounds}, lambda value, param: read_integer(value, param, low, high)
    )


def number(low: float, high: float) -> FieldType:
    """Return the type of finite numbers within bounds, both included."""
    return FieldType(
        {"type": "number", "minimum": low, "maximum": high},
        lambda value, param: read_number(value, param, low, high),
    )


def one_of(*words: str) -> FieldType:
    """Return the type that has these words."""
    return FieldType(
        {"type": "string", "enum": list(words)},
        lambda value, param: read_choice(value, param, words),
    )


def unsupported(reason: str) -> FieldType:
    """Return the type of a field that cannot be honoured, whatever its value."""

    def read(_: object, param: str) -> object:
        raise refused(param, reason)

    return FieldType({"type": "null"}, read)


def only(harmless: object, reason: str) -> FieldType:
    """Return the type of a field that cannot be honoured: one value of it asks for nothing."""

    def read(value: object, param: str) -> object:
        if type(value) is not type(harmless) or value != harmless:
            raise refused(param, reason)
        return None

    return FieldType({"const": harmless}, read)


def described(schema: JSONMapping) -> FieldType:
    """Return the type of a field that is read later, with the rest of the request."""
    return FieldType(schema, _as_given)


def object_schema(required: Iterable[str] = (), **properties: JSONMapping) -> JSONObject:
    """Return the schema of an object, of which more properties are ignored."""
    found: JSONObject = {"type": "object", "properties": properties}
    return {**found, "required": list(required)} if required else found


def array_schema(items: JSONMapping, low: int = 0) -> JSONObject:
    """Return the schema of an array."""
    found: JSONObject = {"type": "array", "items": items}
    return {**found, "minItems": low} if low else found


def any_of(*schemas: JSONMapping) -> JSONObject:
    """Return the schema of what is valid against at least one of several."""
    return {"anyOf": list(schemas)}


def nullable(schema: JSONMapping) -> JSONMapping:
    """Return the schema of the same values and null."""
    if not schema or schema.get("type") == "null":
        return schema
    return any_of(schema, {"type": "null"})


def request_schema(
    fields: Mapping[str, tuple[FieldType, str]], required: Iterable[str]
) -> JSONObject:
    """Return the schema of a request.

    Args:
        fields: name of each field -> its type, and what happens to it.
        required: the fields that must be given; null does for all others.

    """
    needed = list(required)
    properties = {
        name: {
            **(kind.schema if name in needed else nullable(kind.schema)),
            "description": about[:1].upper() + about[1:],
        }
        for name, (kind, about) in fields.items()
    }
    return object_schema(needed, **properties)
