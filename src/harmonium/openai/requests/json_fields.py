"""Fields read out of a request's JSON: types checked, paths named.

It knows JSON and paths; it knows no field of any request.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping
from harmonium.openai.requests.errors import missing, wrong_type


def as_json(value: object) -> object:
    """Return plain JSON for a pydantic object (its ``model_dump``); anything else as it is."""
    dump: Callable[..., object] | None = getattr(value, "model_dump", None)
    if dump is None or isinstance(value, Mapping | type):
        return value
    return dump(exclude_none=True, by_alias=True)


def read_object(value: object, param: str) -> JSONMapping:
    """Return a JSON object; a pydantic object counts as one.

    Raises:
        RequestError: it is none.

    """
    found = value if type(value) is dict else as_json(value)
    if not isinstance(found, Mapping):
        raise wrong_type(param, "an object", value)
    return found


def read_list(value: object, param: str) -> Sequence[object]:
    """Return a JSON array (a list or a tuple).

    Raises:
        RequestError: it is none.

    """
    if not isinstance(value, list | tuple):
        raise wrong_type(param, "an array", value)
    return value


def read_text(value: object, param: str) -> str:
    """Return a string.

    Raises:
        RequestError: it is none.

    """
    if not isinstance(value, str):
        raise wrong_type(param, "a string", value)
    return value


def read_name(value: object, param: str) -> str:
    """Return a string that is not empty.

    Raises:
        RequestError: it is missing, empty or no string.

    """
    if value is None:
        raise missing(param)
    if not read_text(value, param):
        message = f"{param} must not be empty"
        raise RequestError(message, param=param, code="invalid_value")
    return str(value)


def read_flag(value: object, param: str) -> bool:
    """Return a boolean.

    Raises:
        RequestError: it is none.

    """
    if not isinstance(value, bool):
        raise wrong_type(param, "a boolean", value)
    return value


def read_integer(value: object, param: str, low: int, high: int | None = None) -> int:
    """Return an integer from `low` to `high`, both included.

    Raises:
        RequestError: it is none, or out of bounds.

    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise wrong_type(param, "an integer", value)
    _check_bounds(value, param, low, high)
    return value


def read_number(value: object, param: str, low: float, high: float) -> float:
    """Return a finite number from `low` to `high`, both included.

    Raises:
        RequestError: it is none, or out of bounds.

    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_type(param, "a number", value)
    if isinstance(value, float) and not math.isfinite(value):
        message = f"{param} must be a finite number"
        raise RequestError(message, param=param, code="invalid_value")
    _check_bounds(value, param, low, high)
    return float(value)


def read_choice(value: object, param: str, allowed: Collection[str]) -> str:
    """Return one of the words in `allowed`.

    Raises:
        RequestError: it is none of them; the message lists them.

    """
    if not isinstance(value, str) or value not in allowed:
        message = f"{param} must be one of {', '.join(allowed)}"
        raise RequestError(message, param=param, code="invalid_value")
    return value


def _check_bounds(value: float, param: str, low: float, high: float | None) -> None:
    if value < low or (high is not None and value > high):
        bounds = f"at least {low}" if high is None else f"from {low} to {high}"
        message = f"{param} must be {bounds}"
        raise RequestError(message, param=param, code="invalid_value")
