"""Tools read back from a prompt: their names, and a value of each parameter's type.

Knows the TypeScript that prompts print, which says less than the schema it came from: bounds,
patterns and formats are not in it.
"""

from __future__ import annotations

import json
import re

_NAMESPACE = re.compile(r"^namespace (\S+) \{$|^type (\S+) = \((?:_: )?", re.MULTILINE)
_BLANK = re.compile(r"(?:\s|//[^\n]*)*")
_KEY = re.compile(r"([^\n]*?)(\?)?:(?=\s)")
_DEFAULT = re.compile(r",[ \t]*// default: ([^\n]*)")
_WORD = re.compile(r"[^\s{}\[\]()|,;<>]+")
_WORDS: dict[str, object] = {
    "string": "no model is here",
    "number": 1,
    "boolean": True,
    "null": None,
    "any": None,
}
_read_json = json.JSONDecoder().raw_decode


def signatures(text: str) -> dict[str, object]:
    """Return each tool that a developer message declares, with arguments it would take.

    Args:
        text: the message's text.

    Returns:
        Recipient (``functions.get_weather``) -> a value of its parameters' type.

    """
    found: dict[str, object] = {}
    namespace = "functions"
    _, _, tools = text.partition("# Tools\n")
    for match in _NAMESPACE.finditer(tools):
        if match[1]:
            namespace = match[1]
        else:
            found[f"{namespace}.{match[2]}"] = _arguments(tools, match.end())
    return found


def _arguments(text: str, place: int) -> object:
    if text.startswith(")", place):
        return {}
    try:
        return _TypeReader(text, place).read_type()
    except (ValueError, RecursionError, IndexError):
        return {}


class _TypeReader:
    """A reader of one type, which makes a value: a union's first, an object's required keys."""

    def __init__(self, text: str, place: int) -> None:
        self._text = text
        self._place = place

    def read_type(self) -> object:
        self._skip_bars()
        value = self._read_variant()
        while self._skip_bars():
            self._read_variant()
        return value

    def _skip_bars(self) -> bool:
        """Pass the bar before a variant, and those before a union that is the variant's first."""
        is_there = False
        while self._skip("|"):
            is_there = True
        return is_there

    def _read_variant(self) -> object:
        value = self._read_one()
        while self._text.startswith("[]", self._place):
            self._place += 2
            value = [value]
        return value

    def _read_one(self) -> object:
        if self._skip("("):
            value = self.read_type()
            self._expect(")")
            return value
        self._pass_blank()
        try:
            value, self._place = _read_json(self._text, self._place)
        except ValueError:
            return self._read_object() if self._skip("{") else self._read_word()
        return value

    def _read_word(self) -> object:
        match = _WORD.match(self._text, self._place)
        if match is None:
            raise ValueError
        self._place = match.end()
        if match[0] == "Array":
            self._place += len("<any>")
            return []
        return _WORDS.get(match[0], {})

    def _read_object(self) -> dict[str, object]:
        made: dict[str, object] = {}
        while not self._skip("}"):
            key, is_needed = self._read_key()
            value = self.read_type()
            default = _DEFAULT.match(self._text, self._place)
            if default is not None:
                value = _or_json(default[1], value)
            self._expect(",")
            if is_needed:
                made[key] = value
        return made

    def _read_key(self) -> tuple[str, bool]:
        self._pass_blank()
        match = _KEY.match(self._text, self._place)
        if match is None:
            raise ValueError
        self._place = match.end()
        key = match[1]
        if key.startswith('"'):
            key = str(json.loads(key))
        return key, match[2] is None

    def _pass_blank(self) -> None:
        match = _BLANK.match(self._text, self._place)
        self._place = match.end() if match else self._place

    def _skip(self, sign: str) -> bool:
        """Pass blanks, and a sign if it stands there."""
        self._pass_blank()
        is_there = self._text.startswith(sign, self._place)
        self._place += len(sign) if is_there else 0
        return is_there

    def _expect(self, sign: str) -> None:
        if not self._skip(sign):
            raise ValueError


def _or_json(text: str, otherwise: object) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return otherwise
