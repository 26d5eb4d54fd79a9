"""Typed access to JSON that a server sent. Nothing in it is trusted.

Knows nothing of any one server. Nothing that was received is quoted: it may be the user's.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import NoReturn

from harmonium.errors import EngineProtocolError
from harmonium.json_types import JSONMapping

_LARGEST_ID = 2**32 - 1
_KINDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}


def read_json(payload: bytes) -> object:
    """Read one JSON value.

    Raises:
        EngineProtocolError: it is none, or nested deeper than can be read.

    """
    try:
        return json.loads(payload.decode())
    except (ValueError, RecursionError):
        message = f"the engine sent {len(payload)} bytes that are no JSON; is it the right engine?"
        raise EngineProtocolError(message) from None


def read_object(payload: bytes) -> JSONMapping:
    """Read one JSON object; raises as `read_json`, and for any other value."""
    value = read_json(payload)
    return value if isinstance(value, dict) else refuse("its chunk", "an object", value)


def refuse(what: str, expected: str, found: object) -> NoReturn:
    """Complain about a value of the wrong kind.

    Raises:
        EngineProtocolError: always.

    """
    kind = _KINDS.get(type(found), "something else")
    message = f"the engine sent {kind} as {what}, where {expected} must stand"
    raise EngineProtocolError(message)


def get_object(holder: JSONMapping, key: str) -> JSONMapping:
    """Return an object, empty when it is null or missing."""
    value = holder.get(key)
    if value is None:
        return {}
    return value if isinstance(value, dict) else refuse(key, "an object", value)


def list_in(holder: JSONMapping, key: str) -> Sequence[object]:
    """Return an array, empty when it is null or missing."""
    value = holder.get(key)
    if value is None:
        return ()
    return value if isinstance(value, list) else refuse(key, "an array", value)


def get_str(holder: JSONMapping, key: str) -> str:
    """Return a string, empty when it is null or missing."""
    value = holder.get(key)
    if value is None:
        return ""
    return value if isinstance(value, str) else refuse(key, "a string", value)


def get_count(holder: JSONMapping, key: str) -> int | None:
    """Return an integer from 0 on; None when it is null or missing."""
    value = holder.get(key)
    if value is None:
        return None
    if type(value) is int and value >= 0:
        return value
    return refuse(key, "a count", value)


def ids_in(holder: JSONMapping, key: str) -> tuple[int, ...]:
    """Return token ids; none when they are null or missing."""
    return tuple([token_id(value, key) for value in list_in(holder, key)])


def token_id(value: object, what: str) -> int:
    """Return a token id: an integer from 0 that fits in 32 bits."""
    if type(value) is int and 0 <= value <= _LARGEST_ID:
        return value
    return refuse(what, "a token id", value)


def log_probability(value: object) -> float:
    """Return a log probability; what has none at all counts as the most unlikely."""
    if value is None:
        return _LEAST
    if isinstance(value, int | float) and type(value) is not bool:
        return max(float(value), _LEAST) if not math.isnan(value) else _LEAST
    return refuse("a log probability", "a number", value)


_LEAST = -9999.0
"""OpenAI's word for a token too unlikely to have a number."""


def objects(values: Sequence[object], what: str) -> list[JSONMapping]:
    """Return the elements of an array that must be objects."""
    return [value if isinstance(value, dict) else refuse(what, "an object", value)
            for value in values]  # fmt: skip
