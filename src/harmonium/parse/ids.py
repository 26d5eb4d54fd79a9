"""The check of token ids given to the parser: one integer or many, nothing else.

Does not know which ids the vocabulary has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index

from harmonium.errors import InvalidInputError, Position


def as_token_ids(ids: object) -> Sequence[int]:
    """Return `ids` as a sequence of plain integers.

    Args:
        ids: an integer, or an iterable of integers (anything with ``__index__``, such as numpy's).

    Raises:
        InvalidInputError: text, bytes, a float, None or anything else; ``position.token`` counts
            within `ids`.

    """
    if isinstance(ids, list | tuple) and set(map(type, ids)) <= {int}:
        return ids
    if isinstance(ids, str | bytes | bytearray | memoryview):
        raise _wrong(ids, None)
    if isinstance(ids, Iterable):
        return [_as_id(item, place) for place, item in enumerate(ids)]
    return (_as_id(ids, None),)


def _as_id(item: object, place: int | None) -> int:
    if isinstance(item, bool):
        raise _wrong(item, place)
    try:
        return index(item)  # type: ignore[arg-type]  # it raises for what has no __index__
    except TypeError:
        raise _wrong(item, place) from None


def _wrong(item: object, place: int | None) -> InvalidInputError:
    message = f"token ids must be integers, not {type(item).__name__}; encode text first"
    return InvalidInputError(message, code="not_a_token", position=Position(token=place))
