"""Errors found below turned into request errors. Knows nothing of any one request.

The class itself stands with the other errors, in `harmonium.errors`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harmonium.errors import InvalidInputError, RequestError

__all__ = ["RequestError", "error_param", "missing", "refused", "wrong_type"]


@contextmanager
def error_param(param: str) -> Iterator[None]:
    """Turn any InvalidInputError raised inside into a RequestError that names `param`.

    Raises:
        RequestError: in place of the error raised inside; one that is raised inside goes through.

    """
    try:
        yield
    except RequestError:
        raise
    except InvalidInputError as error:
        raise RequestError(error.message, param=param, code="invalid_value") from error


def wrong_type(param: str, expected: str, found: object) -> RequestError:
    """Build the error for a value of the wrong type.

    >>> str(wrong_type("model", "a string", 3))
    'model must be a string, not an integer (model)'
    """
    message = f"{param} must be {expected}, not {_KINDS.get(type(found), 'something else')}"
    return RequestError(message, param=param, code="invalid_type")


def missing(param: str, field: str | None = None) -> RequestError:
    """Build the error for a value that must be given and is not: `param`, or a field of it."""
    where = param if field is None else f"{param}.{field}"
    return RequestError(f"{where} is required", param=where, code="missing_required_parameter")


def refused(param: str, reason: str) -> RequestError:
    """Build the error for a parameter that cannot be honoured."""
    message = f"{param} cannot be honoured: {reason}"
    return RequestError(message, param=param, code="unsupported_parameter")


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    type(None): "null",
}
