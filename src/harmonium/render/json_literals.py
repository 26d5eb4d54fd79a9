"""JSON values in compact form, as serde_json writes them. Knows nothing of schemas.

Source: what both published renderers print for defaults, by differential test.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harmonium.errors import SchemaError
from harmonium.render.text_rules import TextRules, escape_line_ends

_U64 = 2**64
_I64 = -(2**63)
_MAX_POWER = 308
_PLAIN_DIGITS = 16
_PLAIN_ZEROS = -5


def json_literal(value: object, rules: TextRules) -> str:
    """Write a JSON value on one line, without spaces.

    Integers beyond 64 bits become floats, as they do for serde_json.

    Raises:
        SchemaError: no JSON (``schema_invalid``), a value that contains itself, or one beyond the
            limits on depth and size.

    Example:
        >>> json_literal({"a": [1, 2.0, None]}, TextRules())
        '{"a":[1,2.0,null]}'

    """
    writer = _Writer(rules)
    try:
        writer.write(value, 0)
    except RecursionError:
        message = "a value in a JSON Schema is nested deeper than Python's recursion limit allows"
        raise SchemaError(message, code="schema_too_deep") from None
    return "".join(writer.parts)


@dataclass(slots=True)
class _Writer:
    rules: TextRules
    parts: list[str] = field(default_factory=list)
    chars: int = 0
    open_ids: set[int] = field(default_factory=set)

    def write(self, value: object, depth: int) -> None:
        if value is None or isinstance(value, str | int | float):
            self._add(self.scalar(value))
            return
        if not isinstance(value, Mapping | list | tuple):
            raise not_json(value)
        if id(value) in self.open_ids:
            message = "a value in a JSON Schema contains itself"
            raise SchemaError(message, code="schema_cycle")
        if depth > self.rules.limits.schema_depth:
            message = "a value in a JSON Schema is nested too deep; see Limits.schema_depth"
            raise SchemaError(message, code="schema_too_deep")
        self.open_ids.add(id(value))
        self._write_items(value, depth + 1)
        self.open_ids.remove(id(value))

    def _write_items(self, value: Mapping[object, object] | Sequence[object], depth: int) -> None:
        if isinstance(value, Mapping):
            self._add("{")
            for index, (key, item) in enumerate(value.items()):
                self._add(("," if index else "") + self.string(key_text(key)) + ":")
                self.write(item, depth)
            self._add("}")
            return
        self._add("[")
        for index, item in enumerate(value):
            if index:
                self._add(",")
            self.write(item, depth)
        self._add("]")

    def scalar(self, value: str | float | None) -> str:
        if isinstance(value, str):
            return self.string(value)
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        rules = self.rules
        return number(value, exponent_sign=rules.exponent_sign, as_read=rules.as_read)

    def string(self, text: str) -> str:
        literal = json.dumps(text, ensure_ascii=False)
        return escape_line_ends(literal) if self.rules.extensions else literal

    def _add(self, text: str) -> None:
        self.chars += len(text)
        if self.chars > self.rules.limits.schema_chars:
            message = "a value in a JSON Schema is too large; see Limits.schema_chars"
            raise SchemaError(message, code="schema_too_large")
        self.parts.append(text)


def number(value: float, *, exponent_sign: bool, as_read: bool = True) -> str:
    """Write a number as serde_json does: shortest digits, ``.0`` on whole floats.

    Args:
        value: the number; integers beyond 64 bits are written as floats.
        exponent_sign: write ``1e+300`` instead of ``1e300``.
        as_read: write what serde_json takes the number for when it reads it, which is off by one
            in the last place for some floats of 16 or 17 digits.

    Raises:
        SchemaError: it is infinite or no number (``schema_invalid``).

    Example:
        >>> number(1e300, exponent_sign=True), number(2.0, exponent_sign=True)
        ('1e+300', '2.0')

    """
    if isinstance(value, int) and _I64 <= value < _U64:
        return int.__repr__(value)
    try:
        wide = float(value)
    except OverflowError:
        wide = math.inf
    if as_read and math.isfinite(wide):
        wide = math.copysign(_as_read(abs(value)), wide)
    if not math.isfinite(wide):
        message = "a JSON Schema has a number that JSON cannot hold; give a finite one"
        raise SchemaError(message)
    return _float_text(wide, exponent_sign=exponent_sign)


def _as_read(value: float) -> float:
    """Read a number's text as serde_json does: digits as an integer, scaled by a power of ten."""
    if isinstance(value, int):
        digits, power = int.__repr__(value), 0
    else:
        mantissa, _, exponent = float.__repr__(value).partition("e")
        whole, _, fraction = mantissa.partition(".")
        digits, power = whole + fraction, int(exponent or 0) - len(fraction)
    kept = len(digits)
    while int(digits[:kept]) >= _U64:
        kept -= 1
    power += len(digits) - kept
    scaled = float(int(digits[:kept]))
    while power < -_MAX_POWER:
        scaled /= float(f"1e{_MAX_POWER}")
        power += _MAX_POWER
    scale = float(f"1e{abs(power)}")  # not 10.0 ** power, which is not the nearest float
    return scaled * scale if power >= 0 else scaled / scale


def _float_text(value: float, *, exponent_sign: bool) -> str:
    """Write the shortest digits that read back the same, with an exponent beyond 16 digits."""
    if value == 0:
        return float.__repr__(value)
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = float.__repr__(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point <= _PLAIN_DIGITS:
        padded = digits.ljust(point, "0")
        return f"{sign}{padded[:point]}.{padded[point:] or '0'}"
    if _PLAIN_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    head = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    plus = "+" if exponent_sign and power > 0 else ""
    return f"{sign}{head}e{plus}{power}"


def key_text(key: object) -> str:
    """Return an object's key as the json module writes it: numbers, booleans and None as words.

    Raises:
        SchemaError: it is none of these (``schema_invalid``).

    """
    if isinstance(key, str):
        return str.__str__(key)
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    raise not_json(key)


def not_json(value: object) -> SchemaError:
    """Build the error for a value that JSON has no form for."""
    return SchemaError(f"a JSON Schema holds a {type(value).__name__}, which is not JSON")
