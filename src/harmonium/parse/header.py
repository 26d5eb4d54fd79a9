"""Headers, and their strict reading: exactly the forms that the renderer writes.

The forms of every profile are accepted: the recipient stands in the role part or behind the
channel, the content type behind its token or as a plain last word. Repairs nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from harmonium.errors import InvalidNameError, ParseError, Position
from harmonium.model import (
    CHANNEL_WORDS,
    ROLE_WORDS,
    Author,
    Role,
    check_name,
    check_tool_author,
    is_known_tool,
    unchecked,
)
from harmonium.parse.fields import Field, Place
from harmonium.parse.tool_names import ToolNames


class Header(NamedTuple):
    """Author, channel, recipient and content type of a message."""

    author: Author
    channel: str | None = None
    recipient: str | None = None
    content_type: str | None = None


ROLE_AUTHORS = {role: unchecked(Author, role=role, name=None) for role in Role}

_FIELD = re.compile(r"(?P<head>[^ ]*)(?: to=(?P<to>[^ ]*))?(?: (?P<type>[^ ]+))?(?P<space> )?")
_EXPECTED = {
    Place.ROLE: ("role[:name][ to=recipient][ type]",),
    Place.CHANNEL: ("channel[ to=recipient][ type]",),
    Place.CONSTRAIN: ("type",),
}
_ORDERS = {
    (Place.ROLE,),
    (Place.ROLE, Place.CHANNEL),
    (Place.ROLE, Place.CONSTRAIN),
    (Place.ROLE, Place.CHANNEL, Place.CONSTRAIN),
}


def _fail(code: str, message: str, field: Field) -> ParseError:
    position = Position(token=field.span.start, state="header")
    return ParseError(message, code=code, position=position, expected=_EXPECTED[field.place])


def read_strictly(fields: tuple[Field, ...], given_role: Role | None, tools: ToolNames) -> Header:
    """Read a complete header.

    Args:
        fields: the header's fields.
        given_role: the role when it came from outside the stream, else None.
        tools: the declared tools, which may stand in the role place.

    Raises:
        ParseError: anything that no profile renders.

    """
    order = tuple(field.place for field in fields)
    if order not in _ORDERS:
        doubled = order.count(Place.CHANNEL) > 1
        code = "repeated_channel" if doubled else "repeated_type"
        raise _fail(code, "a header has one role, then at most one channel and type", fields[-1])
    found: dict[str, str] = {}
    for field, following in zip(fields, (*fields[1:], None), strict=True):
        _read_field(field, following, found)
    for what, (name, code) in _NAMES.items():
        if what in found:
            _check(found[what], name, code, fields[-1])
    author = _read_author(found, fields[0], given_role, tools)
    return Header(author, found.get("channel"), found.get("to"), found.get("type"))


_NAMES = {
    "channel": ("channel", "garbled_channel"),
    "to": ("recipient", "garbled_recipient"),
    "type": ("content type", "unknown_type"),
}


def _read_field(field: Field, following: Field | None, found: dict[str, str]) -> None:
    if field.place is Place.CONSTRAIN:
        found["type"] = field.text
        return
    match = _FIELD.fullmatch(field.text)
    before_type = following is not None and following.place is Place.CONSTRAIN
    if match is None:
        raise _fail("extra_words", "words that mean nothing stand in a header", field)
    if (match["space"] is not None) != before_type:
        raise _fail("header_space", "white space is missing or stands where none may be", field)
    found[field.place.value] = match["head"]
    if match["to"] is not None:
        if "to" in found:
            raise _fail("repeated_recipient", "a header has two recipients", field)
        found["to"] = match["to"]
    if match["type"] is not None:
        if following is not None:
            raise _fail("misplaced_type", "a plain content type is the header's last word", field)
        found["type"] = match["type"]


def _check(name: str, what: str, code: str, field: Field) -> None:
    try:
        check_name(name, what)
    except InvalidNameError as error:
        raise _fail(code, error.message, field) from None


def _read_author(
    found: dict[str, str], field: Field, given_role: Role | None, tools: ToolNames
) -> Author:
    head = found["role"]
    if given_role is not None:
        if head:
            raise _fail("missing_header", "text stands where the header should begin", field)
        return ROLE_AUTHORS[given_role]
    if not head:
        raise _fail("missing_role", "a header begins without a role", field)
    role, colon, name = head.partition(":")
    if role in ROLE_WORDS and role != Role.TOOL.value:
        if not colon:
            return ROLE_AUTHORS[Role(role)]
        _check(name, "author name", "garbled_role", field)
        return Author(Role(role), name)
    addressed = found.get("to", "all") != "all"
    known = is_known_tool(head) or tools.is_declared(head)
    try:
        check_tool_author(head)
    except InvalidNameError:
        known = addressed = False
    if head in CHANNEL_WORDS or not (addressed or known):
        raise _fail("unknown_role", "the role is none of the five and no tool", field)
    return Author(Role.TOOL, head)
