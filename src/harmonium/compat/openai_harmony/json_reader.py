"""JSON as the compiled module reads it: values, positions and error texts.

Used where a caller hands over JSON text, and to say what is wrong with a conversation that could
not be taken as it is: there the library's users see line and column of that JSON. Positions are
in bytes of UTF-8. Knows nothing of messages; `json_messages` does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isinf

from harmonium.compat.openai_harmony.process_settings import profile
from harmonium.compat.openai_harmony.quirks import quoted
from harmonium.render.json_literals import number

_MAX_DEPTH = 128
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
_SPACE = re.compile(rb"[ \n\t\r]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_ESCAPES = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_IDENTS = ((b"null", None), (b"true", True), (b"false", False))


class JSONFault(Exception):  # noqa: N818  (never leaves this room)
    """What is wrong with the JSON; `where` is a byte offset, or None while unknown."""

    def __init__(self, what: str, where: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where


def described(value: object) -> str:
    """Return the name of a JSON value for an error."""
    match value:
        case bool():
            return f"boolean `{str(value).lower()}`"
        case int():
            return f"integer `{value}`"
        case float():
            return f"floating point `{number(value, exponent_sign=profile() == 'oss')}`"
        case str():
            return f"string {quoted(value)}"
        case _:
            return {type(None): "null", list: "sequence"}.get(type(value), "map")


def wrong_type(value: object, expected: str) -> JSONFault:
    """Build the error for a value of the wrong type, without a position."""
    return JSONFault(f"invalid type: {described(value)}, expected {expected}")


class JSONReader:
    """Reader of one JSON text, from left to right.

    Methods that read something raise `JSONFault` at the first fault.
    """

    def __init__(self, text: str) -> None:
        self._data = text.encode()
        self._place = 0
        self._depth = 0

    # ---- positions

    def located(self, fault: JSONFault) -> str:
        """Describe a fault with its line and column."""
        where = self._place if fault.where is None else min(fault.where, len(self._data))
        line = self._data.count(b"\n", 0, where) + 1
        column = where - (self._data.rfind(b"\n", 0, where) + 1)
        return f"{fault.what} at line {line} column {column}"

    def pinned(self, fault: JSONFault) -> JSONFault:
        """Return the fault with this position, unless it has one."""
        if fault.where is None:
            fault.where = self._place
        return fault

    def _here(self, what: str) -> JSONFault:
        return JSONFault(what, self._place)

    def _ahead(self, what: str) -> JSONFault:
        return JSONFault(what, self._place + 1)

    def _next(self) -> str:
        """Skip white space and return the next byte, "" at the end."""
        self._place = _SPACE.match(self._data, self._place).end()  # type: ignore[union-attr]
        return chr(self._data[self._place]) if self._place < len(self._data) else ""

    # ---- structure

    def entries(self, *once: str) -> Iterator[str]:
        """Read a map's keys, the place at each value when one is given; ends behind the map.

        Args:
            once: keys that may not come twice.

        Raises:
            JSONFault: the text is no map, or one that is broken.

        """
        self.enter()
        seen: set[str] = set()
        first = True
        while (byte := self._next()) != "}":
            self._separate(byte, first=first, closing="}")
            key = self._key()
            if key in seen:
                raise self.abandon(JSONFault(f"duplicate field `{key}`"), "}")
            if key in once:
                seen.add(key)
            if (byte := self._next()) != ":":
                raise self._ahead("expected `:`" if byte else "EOF while parsing an object")
            self._place += 1
            yield key
            first = False
        self._leave()

    def _key(self) -> str:
        if self._next() != '"':
            raise self._ahead("key must be a string")
        return self._string()

    def places(self) -> Iterator[int]:
        """Count a list's items, the place at each when it is counted; ends behind the list."""
        self.enter()
        count = 0
        while (byte := self._next()) != "]":
            self._separate(byte, first=not count, closing="]")
            yield count
            count += 1
        self._leave()

    def _separate(self, byte: str, *, first: bool, closing: str) -> None:
        kind = "an object" if closing == "}" else "a list"
        if not byte:
            what = f"EOF while parsing {kind}"
            raise self._ahead(what)
        if first:
            return
        if byte != ",":
            what = f"expected `,` or `{closing}`"
            raise self._ahead(what)
        self._place += 1
        after = self._next()
        if after == closing:
            raise self._ahead("trailing comma")
        if not after:
            raise self._ahead("EOF while parsing a value")

    def enter(self) -> None:
        """Step into the map or list here."""
        self._depth += 1
        if self._depth >= _MAX_DEPTH:
            raise self._ahead("recursion limit exceeded")
        self._place += 1

    def _leave(self) -> None:
        self._depth -= 1
        self._place += 1

    def abandon(self, fault: JSONFault, closing: str) -> JSONFault:
        """Pin a fault inside a map or list: behind it if it ends here, behind a list's comma."""
        if fault.where is None:
            byte = self._next()
            if byte == closing:
                self._place += 1
            elif byte == "," and closing == "]":
                self._place += 1
                self._next()
        return self.pinned(fault)

    def end(self) -> None:
        """Check that nothing follows."""
        if self._next():
            raise self._ahead("trailing characters")

    # ---- values

    def peek(self) -> str:
        """Return the first byte of a value without consuming it."""
        byte = self._next()
        if not byte:
            raise self._ahead("EOF while parsing a value")
        return byte

    def refuse(self, expected: str) -> JSONFault:
        """Build the error for a wrong type, placed after a scalar or before a list or map."""
        byte = self.peek()
        if byte in {"[", "{"}:
            return self.pinned(wrong_type([] if byte == "[" else {}, expected))
        return self.pinned(wrong_type(self.scalar(), expected))

    def string(self, expected: str = "a string") -> str:
        """Read a string."""
        if self.peek() != '"':
            raise self.refuse(expected)
        return self._string()

    def optional_string(self) -> str | None:
        """Read a string or null."""
        if self.peek() == "n":
            self.scalar()
            return None
        return self.string()

    def value(self) -> object:
        """Read any value into dicts, lists, strings, numbers, booleans and None."""
        byte = self.peek()
        if byte == "{":
            return {key: self.value() for key in self.entries()}
        if byte == "[":
            return [self.value() for _ in self.places()]
        return self.scalar()

    def scalar(self) -> object:
        """Read a value that is no list or map."""
        byte = self.peek()
        if byte == '"':
            return self._string()
        for word, value in _IDENTS:
            if byte == chr(word[0]):
                return self._ident(word, value)
        if byte in "-0123456789":
            return self._number()
        raise self._ahead("expected value")

    def _ident(self, word: bytes, value: object) -> object:
        for expected in word:
            if self._place >= len(self._data):
                raise self._here("EOF while parsing a value")
            self._place += 1
            if self._data[self._place - 1] != expected:
                raise self._here("expected ident")
        return value

    def _number(self) -> int | float:
        start = self._place
        self._place += self._data.startswith(b"-", start)
        first = self._place
        self._digits(first, here=True)
        if self._data.startswith(b"0", first) and self._place > first + 1:
            self._place = first + 1
            raise self._ahead("invalid number")
        if self._data[self._place : self._place + 1] == b".":
            self._digits(self._place + 1)
        if self._data[self._place : self._place + 1] in {b"e", b"E"}:
            sign = self._data[self._place + 1 : self._place + 2] in {b"+", b"-"}
            self._digits(self._place + 1 + sign, here=True)
        digits = self._data[start : self._place]
        found = _as_number(digits)
        if isinf(found):
            raise self._here("number out of range")
        return found

    def _digits(self, place: int, *, here: bool = False) -> None:
        """Move behind digits, of which there must be some."""
        end = _DIGITS.match(self._data, place).end()  # type: ignore[union-attr]
        if end == place:
            self._place = place
            if place >= len(self._data):
                raise self._here("EOF while parsing a value")
            self._place += here
            raise self._here("invalid number") if here else self._ahead("invalid number")
        self._place = end

    def _string(self) -> str:
        self._place += 1
        parts: list[str] = []
        while True:
            run = _PLAIN.match(self._data, self._place)
            parts.append(run[0].decode())  # type: ignore[index]  # it matches always
            self._place = run.end()  # type: ignore[union-attr]
            byte = self._byte()
            if byte == '"':
                return "".join(parts)
            if byte != "\\":
                raise self._here("control character (\\u0000-\\u001F) found while parsing a string")
            parts.append(self._escape())

    def _byte(self) -> str:
        if self._place >= len(self._data):
            raise self._here("EOF while parsing a string")
        self._place += 1
        return chr(self._data[self._place - 1])

    def _escape(self) -> str:
        byte = self._byte()
        if byte != "u":
            if byte not in _ESCAPES:
                raise self._here("invalid escape")
            return _ESCAPES[byte]
        unit = self._hex()
        if unit in _LOW:
            raise self._here("lone leading surrogate in hex escape")
        if unit not in _HIGH:
            return chr(unit)
        for expected in "\\u":
            if self._byte() != expected:
                raise self._here("unexpected end of hex escape")
        low = self._hex()
        if low not in _LOW:
            raise self._here("lone leading surrogate in hex escape")
        return chr(0x10000 + (_HIGH.index(unit) << 10) + _LOW.index(low))

    def _hex(self) -> int:
        found = _HEX.match(self._data, self._place)
        if found is None:
            missing = self._place + 4 > len(self._data)
            self._place = min(self._place + 4, len(self._data))
            raise self._here("EOF while parsing a string" if missing else "invalid escape")
        self._place += 4
        return int(found[0], 16)


def _as_number(digits: bytes) -> int | float:
    """Return 64-bit integers as int and all other numbers as float."""
    if digits.lstrip(b"-").isdigit() and digits != b"-0":
        number = int(digits) if len(digits) <= len(str(1 << 64)) else 1 << 64
        if -(1 << 63) <= number < 1 << 64:
            return number
    return float(digits)


def read_json(text: str, what: str, read: Callable[[JSONReader], object]) -> object:
    """Read a whole JSON text with `read`.

    Raises:
        ValueError: it cannot be read, in the published library's words.

    """
    reader = JSONReader(text)
    try:
        found = read(reader)
        reader.end()
    except JSONFault as fault:
        message = f"invalid {what} JSON: {reader.located(fault)}"
        raise ValueError(message) from None
    return found
