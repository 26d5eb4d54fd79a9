"""Schemas with ``$ref`` and ``allOf`` resolved. Does not know how they are printed.

References are followed inside the document only: rendering opens no file and no connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from harmonium.errors import SchemaError
from harmonium.limits import Limits
from harmonium.render.json_literals import key_text

SchemaObject = Mapping[object, object]


class Resolved(NamedTuple):
    """A schema after its references: what it says, and the identities it was reached through.

    What comes up again inside itself is a cycle; members of ``allOf`` are not counted, since a
    derived class may well hold its base.
    """

    schema: SchemaObject
    sources: frozenset[int]


class References:
    """Follow the references of one document.

    A reference that leads outside the document, to nothing, or back to itself says nothing, as in
    the published renderers: such schemas come from MCP servers, and who calls a model cannot change
    them (OpenHands/software-agent-sdk#1955, fastapi_mcp#287).

    Raises:
        SchemaError: ``schema_too_deep`` and ``schema_too_large`` for too many references in a row
            and all together, ``schema_cycle`` for an object that holds itself.

    """

    def __init__(self, document: object, limits: Limits) -> None:
        self._document = document
        self._depth = limits.schema_depth
        self._steps = limits.schema_nodes
        self._found: dict[str, SchemaObject | None] = {}

    def resolve(self, schema: SchemaObject) -> Resolved:
        """Follow ``$ref`` (keywords beside it win over the target's) and merge ``allOf``."""
        return self._resolve(schema, frozenset())

    def _resolve(self, schema: SchemaObject, above: frozenset[int]) -> Resolved:
        """Resolve a schema that is met while those with the identities `above` are resolved."""
        self._count(schema, above)
        sources = frozenset({id(schema)})
        above |= sources
        reference = schema.get("$ref")
        if isinstance(reference, str):
            place = self._find(reference)
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            if place is None or id(place) in above:
                schema = beside  # a reference to nothing, or back to itself, says nothing
            else:
                target = self._resolve(place, above)
                schema, sources = {**target.schema, **beside}, sources | target.sources
        members = schema.get("allOf")
        if not isinstance(members, list | tuple):
            return Resolved(schema, sources)
        own = {key: value for key, value in schema.items() if key != "allOf"}
        found = [self._resolve(item, above) for item in members if isinstance(item, Mapping)]
        schemas = [*(item.schema for item in found), own]
        agree = len({_type_of(item) for item in schemas} - {None}) <= 1
        return Resolved(_merged(schemas) if agree else own, sources)

    def _count(self, schema: SchemaObject, above: frozenset[int]) -> None:
        if id(schema) in above:
            message = "a JSON Schema contains itself"
            raise SchemaError(message, code="schema_cycle")
        if len(above) > self._depth:
            message = "references in a JSON Schema are nested too deep; see Limits.schema_depth"
            raise SchemaError(message, code="schema_too_deep")
        self._steps -= 1 + len(schema) // 32
        if self._steps < 0:
            message = "a JSON Schema follows too many references; see Limits.schema_nodes"
            raise SchemaError(message, code="schema_too_large")

    def _find(self, reference: str) -> SchemaObject | None:
        """Look a JSON pointer up. Source: RFC 6901, section 6 (URI fragments)."""
        if reference not in self._found:
            self._found[reference] = self._look_up(reference)
        return self._found[reference]

    def _look_up(self, reference: str) -> SchemaObject | None:
        if reference != "#" and not reference.startswith("#/"):
            return None
        place = self._document
        for step in reference.split("/")[1:]:
            place = _step(place, unquote(step).replace("~1", "/").replace("~0", "~"))
        if isinstance(place, bool):
            return {}
        return place if isinstance(place, Mapping) else None


def _step(place: object, step: str) -> object:
    """Return the part of a document one step down, None where there is none."""
    if isinstance(place, Mapping):
        return place.get(step)
    if isinstance(place, list | tuple) and step.isascii() and step.isdigit() and len(step) < 10:  # noqa: PLR2004
        index = int(step)
        return place[index] if index < len(place) else None
    return None


def _type_of(schema: SchemaObject) -> str | None:
    """Return a key that is the same for schemas that can be merged; None says nothing."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return str(kind)
    if kind is None:
        return "object" if isinstance(schema.get("properties"), Mapping) else None
    if not isinstance(kind, list | tuple):
        return ""
    return "|".join(item for item in kind if isinstance(item, str))


def _merged(schemas: list[SchemaObject]) -> SchemaObject:
    """Merge schemas of one type: all properties, all that is required; later keywords win."""
    merged: dict[object, object] = {}
    properties: dict[str, list[object]] = {}
    required: list[object] = []
    for schema in schemas:
        merged.update(schema)
        own = schema.get("properties")
        for key, value in own.items() if isinstance(own, Mapping) else ():
            properties.setdefault(key_text(key), []).append(value)
        wanted = schema.get("required")
        required += wanted if isinstance(wanted, list | tuple) else []
    if properties:
        merged["type"] = "object"
        merged["properties"] = {
            key: values[0] if len(values) == 1 else {"allOf": values}
            for key, values in properties.items()
        }
        merged["required"] = required
    return merged
