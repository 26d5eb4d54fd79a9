"""What a server sent, read as a declared type: one call per payload, one error for any fault.

Knows nothing of any one server. Fields that no type declares are passed over. Values that were
received are never quoted: they may be the user's text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec

from harmonium.errors import EngineProtocolError

TokenId = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
"""A token id: models have hundreds of thousands, and 32 bits is what engines keep them in."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""A number of tokens; up to 2^53 every consumer, a metric's float included, takes it as it is."""

LEAST_LOGPROB = -9999.0
"""OpenAI's value for a token too unlikely to have a number."""

_T = TypeVar("_T")
_PLACE = re.compile(r"(?P<fault>.*) - at `\$\.?(?P<path>[^`]*)`", re.DOTALL)


class Payload(msgspec.Struct, gc=False):
    """A payload of a stream: any server may send an error in place of what was asked for."""

    error: object = None


def payload_reader(kind: type[_T]) -> Callable[[bytes], _T]:
    """Return a function that reads JSON as a value of a type.

    It raises `EngineProtocolError` for JSON of another shape, and for what is no JSON.

    Example:
        >>> read = payload_reader(list[TokenId])
        >>> read(b"[5, 6]")
        [5, 6]
        >>> read(b'[5, "secret"]')
        Traceback (most recent call last):
        harmonium.errors.EngineProtocolError: the engine sent an unexpected value at [1]: \
expected `int`, got `str`

    """
    decode = msgspec.json.Decoder(kind).decode

    def read(payload: bytes) -> _T:
        try:
            return decode(payload)
        except msgspec.ValidationError as error:
            raise _unexpected(error) from None
        except (msgspec.DecodeError, RecursionError):
            return read_value(read_json(payload), kind)

    return read


def read_json(payload: bytes) -> object:
    """Parse one JSON value, including the infinities and lone surrogates that Python writes.

    Raises:
        EngineProtocolError: it is none, or nested deeper than can be read.

    """
    try:
        return json.loads(payload.decode())
    except (ValueError, RecursionError):
        message = f"the engine sent {len(payload)} bytes that are not JSON; is it the right engine?"
        raise EngineProtocolError(message) from None


def read_value(value: object, kind: type[_T]) -> _T:
    """Return a JSON value as a value of a type.

    Raises:
        EngineProtocolError: it has another shape.

    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise _unexpected(error) from None
    except (OverflowError, RecursionError, UnicodeError):
        message = "the engine sent a number out of range, half a character, or too deep a nesting"
        raise EngineProtocolError(message) from None


def clamp_logprob(value: float | None) -> float:
    """Return a log probability that JSON can carry; no number at all counts as the least likely."""
    if value is None or not value > LEAST_LOGPROB:  # NaN is greater than nothing
        return LEAST_LOGPROB
    return min(value, 0.0)


def _unexpected(error: msgspec.ValidationError) -> EngineProtocolError:
    """Return the error for JSON of another shape: msgspec names types and places, never values."""
    text = str(error)
    found = _PLACE.fullmatch(text)
    fault, path = (found["fault"], found["path"]) if found else (text, "")
    where = f" at {path}" if path else ""
    message = f"the engine sent an unexpected value{where}: {fault[:1].lower()}{fault[1:]}"
    return EngineProtocolError(message)
