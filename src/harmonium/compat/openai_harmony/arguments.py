"""Arguments that the compiled module accepts, and its errors for all others.

Its functions take exact kinds (a string, a dict, an integer of 32 bits) and say so in fixed
words, which callers see as TypeError and OverflowError.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import index

LARGEST = 0xFFFF_FFFF
_LARGEST_LONG = 0x7FFF_FFFF_FFFF_FFFF


def token_of(value: object, name: str = "token") -> int:
    """Return a token id.

    Raises:
        TypeError: `value` is no integer.
        OverflowError: it is negative or has more than 32 bits.

    """
    if type(value) is int and 0 <= value <= LARGEST:
        return value
    try:
        number = index(value)  # type: ignore[arg-type]  # what cannot be one raises TypeError
    except TypeError as error:
        raise TypeError(_about(name, str(error))) from error.__cause__
    if not -_LARGEST_LONG - 1 <= number <= _LARGEST_LONG:
        message = "Python int too large to convert to C long"
        raise OverflowError(message)
    if not 0 <= number <= LARGEST:
        message = "out of range integral type conversion attempted"
        raise OverflowError(message)
    return int(number)


def tokens_of(values: object) -> list[int]:
    """Return a sequence of token ids as a list; see `token_of` for the errors."""
    if isinstance(values, str):
        raise TypeError(_about("tokens", "Can't extract `str` to `Vec`"))
    if not isinstance(values, Sequence):
        raise TypeError(_about("tokens", _not_a(values, "Sequence")))
    return [token_of(value, "tokens") for value in values]


def text_of(value: object, name: str) -> str:
    """Return a string that UTF-8 can carry.

    Raises:
        TypeError: `value` is no string.
        UnicodeEncodeError: it holds a lone surrogate.

    """
    if not isinstance(value, str):
        raise TypeError(_about(name, _not_a(value, "PyString")))
    if not value.isascii():
        value.encode()
    return value


def optional_text_of(value: object, name: str) -> str | None:
    """Return None or a string; see `text_of`."""
    return None if value is None else text_of(value, name)


def flag_of(value: object, name: str, *, default: bool) -> bool:
    """Return a bool, the default for None.

    Raises:
        TypeError: `value` is neither.

    """
    if value is None:
        return default
    if not isinstance(value, bool):
        raise TypeError(_about(name, _not_a(value, "PyBool")))
    return value


def option_of(options: object, key: str, name: str, *, default: bool) -> bool:
    """Look a flag up in an optional dict; a value that is no bool counts as absent.

    Raises:
        TypeError: `options` is neither None nor a dict.

    """
    if options is None:
        return default
    if not isinstance(options, dict):
        raise TypeError(_about(name, _not_a(options, "PyDict")))
    value = options.get(key)
    return value if isinstance(value, bool) else default


def allowed_special_of(values: object) -> list[str]:
    """Return the special tokens that text may spell.

    Raises:
        ValueError: they are no sequence of strings.

    """
    if values is None:
        return []
    fault = None
    if isinstance(values, str):
        fault = "TypeError: Can't extract `str` to `Vec`"
    elif not isinstance(values, Sequence):
        fault = f"TypeError: {_not_a(values, 'Sequence')}"
    else:
        fault = next((found for found in map(_text_fault, values) if found), None)
    if fault is not None:
        message = f"invalid allowed_special: {fault}"
        raise ValueError(message)
    return list(values)  # type: ignore[call-overload, no-any-return]  # a sequence, seen above


def _text_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return f"TypeError: {_not_a(value, 'PyString')}"
    try:
        value.encode()
    except UnicodeEncodeError as error:
        return f"UnicodeEncodeError: {error}"
    return None


def _not_a(value: object, kind: str) -> str:
    return f"'{type(value).__name__}' object cannot be converted to '{kind}'"


def _about(name: str, text: str) -> str:
    return f"argument '{name}': {text}"
