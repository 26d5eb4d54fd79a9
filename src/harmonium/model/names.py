"""The words allowed in a header or a tools block. Knows nothing of messages.

A header is words between special tokens, a tools block is one line per fact. A name that held
white space, a quote, a bracket, ``=``, ``<`` or a control character could open a second field or
leave its line, so names are made of letters, marks, digits and a few signs, in any script.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from harmonium.errors import InvalidNameError, Position
from harmonium.limits import DEFAULT_LIMITS

ROLE_WORDS = frozenset({"user", "assistant", "system", "developer", "tool"})
CHANNEL_WORDS = frozenset({"analysis", "commentary", "final"})
CONSTRAIN_MARK = "<|constrain|>"

_INNER_SIGNS = frozenset("_-.:/@+")
_OUTER_SIGNS = frozenset("_-")


def _is_name_character(character: str) -> bool:
    return character in _INNER_SIGNS or unicodedata.category(character)[0] in "LMN"


@lru_cache(maxsize=4096)
def _fault(name: str) -> str | None:
    """Return what makes `name` invalid, or None. Never quotes more than one character."""
    if not name:
        return "is empty"
    if len(name) > DEFAULT_LIMITS.name_chars:
        return f"has {len(name)} characters; at most {DEFAULT_LIMITS.name_chars} are allowed"
    for index, character in enumerate(name):
        if not _is_name_character(character):
            return f"has {character!a} at character {index}; use letters, digits and _ - . : / @ +"
    for character in (name[0], name[-1]):
        if character in _INNER_SIGNS and character not in _OUTER_SIGNS:
            return f"begins or ends with {character!a}; begin and end with a letter, digit, _ or -"
    return None


def check_name(name: object, what: str) -> str:
    """Return `name` if Harmony can carry it as one word.

    Args:
        name: the candidate.
        what: what it names, for the error, such as ``"recipient"``.

    Raises:
        InvalidNameError: it is no string, empty, too long, or has a character that could end
            a header field, a line or an identifier.

    """
    if type(name) is not str:
        if not isinstance(name, str):
            message = f"{what} must be a string, not {type(name).__name__}"
            raise InvalidNameError(message, position=Position(path=what))
        name = str(name)
    fault = _fault(name) if len(name) <= DEFAULT_LIMITS.name_chars else _fault.__wrapped__(name)
    if fault is not None:
        message = f"{what} {fault}"
        raise InvalidNameError(message, position=Position(path=what))
    return name


def check_tool_author(name: str) -> str:
    """Return `name` if it can stand in the role place of a tool message.

    Raises:
        InvalidNameError: it reads as a role (``user``, ``user:x``) or as a channel.

    """
    check_name(name, "tool name")
    if name.partition(":")[0] in ROLE_WORDS or name in CHANNEL_WORDS:
        message = "tool name reads as a role or a channel; choose another name for the tool"
        raise InvalidNameError(message, position=Position(path="tool name"))
    return name


def check_content_type(content_type: str) -> str:
    """Return `content_type` if it is one word, with or without one leading ``<|constrain|>``."""
    check_name(str(content_type).removeprefix(CONSTRAIN_MARK), "content type")
    return content_type


def is_known_tool(name: str) -> bool:
    """Return whether a word in the role place can only be a tool: ``functions.x`` or ``python``."""
    return "." in name or name in {"python", "browser"}
