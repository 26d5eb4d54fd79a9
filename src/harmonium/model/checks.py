"""Type checks of the model at construction, and the one way around them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from harmonium.errors import InvalidInputError, Position

T = TypeVar("T")


def check_text(text: object, what: str) -> None:
    """Raise InvalidInputError unless `text` is a string."""
    if not isinstance(text, str):
        message = f"{what} must be a string, not {type(text).__name__}"
        raise InvalidInputError(message, position=Position(path=what))


def check_line(text: object, what: str) -> None:
    """Raise InvalidInputError unless `text` is a string of one line."""
    check_text(text, what)
    if str(text).splitlines() not in ([], [text]):
        message = f"{what} must be one line: a second one could pose as another setting"
        raise InvalidInputError(message, position=Position(path=what))


def check_schema(schema: object, what: str) -> None:
    """Raise InvalidInputError unless `schema` is a mapping."""
    if not isinstance(schema, Mapping):
        message = f"{what} must be a JSON Schema object, not {type(schema).__name__}"
        raise InvalidInputError(message, position=Position(path=what))


def as_tuple(items: object, kind: type[T] | tuple[type[T], ...], what: str) -> tuple[T, ...]:
    """Return `items` as a tuple after checking that each is a `kind`.

    Raises:
        InvalidInputError: it is no iterable of such objects.

    """
    if isinstance(items, str | bytes | Mapping) or not isinstance(items, Iterable):
        message = f"{what} must be a sequence, not {type(items).__name__}"
        raise InvalidInputError(message, position=Position(path=what))
    found = tuple(items)
    for index, item in enumerate(found):
        if not isinstance(item, kind):
            message = f"{what}[{index}] must not be a {type(item).__name__}"
            raise InvalidInputError(message, position=Position(path=f"{what}[{index}]"))
    return found


def unchecked(kind: type[T], **fields: object) -> T:
    """Build a `kind` with exactly these fields, skipping every check.

    For names that are already known to be what they are: read from a header by the parser, or
    kept as another library's users gave them. Every field must be given.
    """
    made = object.__new__(kind)
    for name, value in fields.items():
        object.__setattr__(made, name, value)
    return made
