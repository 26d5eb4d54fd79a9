"""The simplest value that satisfies a JSON Schema. Knows nothing of prompts.

What it cannot satisfy: ``pattern``, ``not``, a ``oneOf`` whose variants overlap, an ``allOf`` whose
parts say different things by one keyword, and schemas that nothing plain satisfies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

_DEEPEST = 32
_WORDS = "no model is here"
_FORMATS = {
    "date": "2025-08-05",
    "date-time": "2025-08-05T10:00:00Z",
    "time": "10:00:00Z",
    "duration": "PT1S",
    "email": "demo@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}

Schema = Mapping[str, object]


class UnsatisfiableError(Exception):
    """No simple value satisfies a schema, or it is nested too deeply."""


def value_for(schema: object) -> object:
    """Build the plainest value of a schema; null where nothing plain satisfies it.

    Args:
        schema: parsed JSON; true or anything unknown allows every value.

    Example:
        >>> value_for({"type": "object", "properties": {"n": {"type": "integer", "minimum": 3},
        ...            "s": {"type": "string"}}, "required": ["n", "s"]})
        {'n': 3, 's': 'no model is here'}

    """
    try:
        return _Maker(schema).make(schema, 0, 0)
    except (UnsatisfiableError, RecursionError):
        return None


class _Maker:
    """A builder of values for the schemas of one document."""

    def __init__(self, document: object) -> None:
        self._document = document
        self._makers: dict[str, Callable[[Schema, int, int], object]] = {
            "object": self._object,
            "array": self._array,
            "string": lambda schema, _, number: _string(schema, number),
            "number": lambda schema, _, number: _number(schema, number, 0),
            "integer": lambda schema, _, number: _number(schema, number, 1),
            "boolean": lambda _schema, _depth, number: number % 2 == 0,
            "null": lambda _schema, _depth, _number: None,
        }

    def make(self, schema: object, depth: int, number: int) -> object:
        """Build a value; those of different numbers differ where the schema lets them."""
        if depth > _DEEPEST or schema is False:
            raise UnsatisfiableError
        if not isinstance(schema, Mapping):
            return _WORDS
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if values := _items(schema.get("enum")):
            return values[number % len(values)]
        for key in ("anyOf", "oneOf"):
            if variants := _items(schema.get(key)):
                return self._first_of(schema, variants, depth, number)
        return self._makers[_kind(schema)](schema, depth, number)

    def _first_of(
        self, schema: Schema, variants: Sequence[object], depth: int, number: int
    ) -> object:
        rest = {key: value for key, value in schema.items() if key not in {"anyOf", "oneOf"}}
        for variant in variants:
            try:
                return self.make(_merged(rest, variant), depth + 1, number)
            except UnsatisfiableError:
                continue
        raise UnsatisfiableError

    def _resolved(self, schema: Schema, depth: int) -> Schema:
        """Follow references, and put what must hold together into one schema."""
        for _ in range(_DEEPEST):
            if "$ref" in schema:
                rest = {key: value for key, value in schema.items() if key != "$ref"}
                schema = _merged(rest, self._target(schema["$ref"]))
            elif "allOf" in schema:
                rest = {key: value for key, value in schema.items() if key != "allOf"}
                for part in _items(schema["allOf"]):
                    held = self._resolved(part, depth + 1) if isinstance(part, Mapping) else part
                    rest = dict(_merged(rest, held))
                schema = rest
            else:
                return schema
        raise UnsatisfiableError

    def _target(self, reference: object) -> object:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise UnsatisfiableError
        found = self._document
        for part in reference[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, Mapping) or key not in found:
                raise UnsatisfiableError
            found = found[key]
        return found

    def _object(self, schema: Schema, depth: int, number: int) -> dict[str, object]:
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        others = schema.get("additionalProperties", True)
        names = [name for name in _items(schema.get("required")) if isinstance(name, str)]
        for name in known:
            if len(names) < _count(schema, "minProperties") and name not in names:
                names.append(name)
        made = {name: self.make(known.get(name, others), depth + 1, number) for name in names}
        for extra in range(_count(schema, "minProperties") - len(made)):
            made[f"demo_{extra}"] = self.make(others, depth + 1, extra)
        return made

    def _array(self, schema: Schema, depth: int, _: int) -> list[object]:
        first = _items(schema.get("prefixItems"))
        size = min(_count(schema, "minItems"), 1000)
        places = [*first, *[schema.get("items", True)] * (size - len(first))]
        is_short = size == 0 and not first and _count(schema, "maxItems", 1) > 0
        if is_short and isinstance(schema.get("items"), Mapping):
            places = [schema["items"]]
        most = _count(schema, "maxItems", len(places))
        return [self.make(place, depth + 1, at) for at, place in enumerate(places[:most])]


def _kind(schema: Schema) -> str:
    told = schema.get("type")
    kinds = [told] if isinstance(told, str) else _items(told)
    for kind in kinds:
        if kind in {"object", "array", "string", "number", "integer", "boolean", "null"}:
            return str(kind)
    if {"properties", "required", "minProperties"} & set(schema):
        return "object"
    if {"items", "prefixItems", "minItems"} & set(schema):
        return "array"
    return "number" if {"minimum", "maximum", "multipleOf"} & set(schema) else "string"


def _merged(one: object, other: object) -> Schema:
    """Return a schema that asks for both, as far as their keywords can be joined."""
    if other is False:
        raise UnsatisfiableError
    left: Mapping[str, object] = one if isinstance(one, Mapping) else {}
    right: Mapping[str, object] = other if isinstance(other, Mapping) else {}
    joined = {**left, **right}
    for key in ("properties", "required"):
        mine, theirs = left.get(key), right.get(key)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            both = {name: _merged(mine[name], theirs[name]) for name in mine if name in theirs}
            joined[key] = {**mine, **theirs, **both}
        elif isinstance(mine, list) and isinstance(theirs, list):
            joined[key] = [*mine, *(name for name in theirs if name not in mine)]
    return joined


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _count(schema: Schema, key: str, default: int = 0) -> int:
    value = schema.get(key)
    return value if type(value) is int and value >= 0 else default


def _string(schema: Schema, number: int) -> str:
    kind = schema.get("format")
    if isinstance(kind, str) and kind in _FORMATS:
        return _FORMATS[kind]
    mark = f" {number}" if number else ""
    text = f"{_WORDS}{mark}".ljust(_count(schema, "minLength"), ".")
    most = _count(schema, "maxLength", len(text))
    return text if len(text) <= most else f"{_WORDS[: max(0, most - len(mark))]}{mark}"[:most]


def _number(schema: Schema, number: int, step: int) -> float:
    """Return the smallest number at or over zero that fits, or the largest below; then the next."""
    low = max(_bound(schema, "minimum", -math.inf), _bound(schema, "exclusiveMinimum", -math.inf))
    high = min(_bound(schema, "maximum", math.inf), _bound(schema, "exclusiveMaximum", math.inf))
    unit = _bound(schema, "multipleOf", 0.0) or step or _unit(low, high)
    first = 0 if low <= 0 <= high else low if low > 0 else high
    value = unit * (math.ceil(first / unit) if first >= 0 else math.floor(first / unit))
    if value in {schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")}:
        value += unit if value == low else -unit
    for other in (value + unit * number, value - unit * number):
        if low <= other <= high:
            value = other
            break
    if not low <= value <= high:
        raise UnsatisfiableError
    return int(value) if float(value).is_integer() else value


def _unit(low: float, high: float) -> float:
    """Return a step for real numbers: one, or less where the room is small."""
    room = high - low
    return 1.0 if not math.isfinite(room) or room > 4 else room / 4 or 1.0  # noqa: PLR2004


def _bound(schema: Schema, key: str, default: float) -> float:
    value = schema.get(key)
    is_number = isinstance(value, int | float) and type(value) is not bool
    return value if is_number else default  # type: ignore[return-value]  # checked above
