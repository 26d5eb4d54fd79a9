"""The reading of a header that no message token ended: content, an answer, or nothing.

Three things happen in the field: the message token is missing and content follows the header words
at once; there is no header at all (a refusal often comes so); a server stripped every special
token, and only the exact run-together shape of header words tells messages apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from harmonium.model import Role
from harmonium.parse.events import Span, Stop
from harmonium.parse.fields import Field, Place
from harmonium.parse.header import ROLE_AUTHORS, Header
from harmonium.parse.repair.header_repair import Deviation, HeaderRepair, RepairedHeader
from harmonium.parse.repair.header_words import ROLES
from harmonium.parse.tool_names import ToolNames

FEWEST_LETTERS = 4
"""Fewer letters than this behind a header are no content."""

_NEXT_STRIPPED = re.compile(r"assistant(?=(?:analysis|commentary|final)(?:[^\sa-z]| to=|\Z))")


class Recovered(NamedTuple):
    """A message found in a header.

    ``body`` is the token at which its content begins, ``end`` the one behind its last.
    ``doubtful`` content goes to the analysis channel when another message follows.
    """

    code: str
    header: Header
    text: str
    span: Span
    body: int
    doubtful: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a broken-off header amounts to: messages (none: discard it) and what was wrong."""

    messages: tuple[Recovered, ...] = ()
    deviations: tuple[Deviation, ...] = ()


def recover(
    fields: tuple[Field, ...], sticky: Role | None, tools: ToolNames, stop: Stop | None
) -> Recovery:
    """Find the content in a header that ended without a message token.

    Args:
        fields: the header's fields, at least one.
        sticky: the role when it came from outside the stream.
        tools: the declared tools.
        stop: the stop token that ended it, or None (a start token or the end of the stream).

    """
    repaired = HeaderRepair(fields, sticky, tools, complete=False).read()
    field = fields[-1]
    rest = field.text[repaired.rest :]
    if len(fields) == 1 and field.place is Place.ROLE:
        if not _has_exact_shape(repaired, rest):
            return _headerless(field, sticky, repaired)
        if repaired.header.recipient is None or _NEXT_STRIPPED.search(rest):
            return _stripped(field, repaired, tools)
    if not _is_content(rest, repaired, field, stop):
        return Recovery()
    body = max(field.token_at(repaired.rest), field.text_start)
    span = Span(fields[0].span.start, field.span.end)
    found = Recovered("missing_message", repaired.header, rest, span, body, repaired.garbled)
    if repaired.header.recipient is not None:
        found = found._replace(doubtful=False)
    return Recovery((found,), repaired.deviations)


def recover_overlong(
    fields: tuple[Field, ...], sticky: Role | None, tools: ToolNames
) -> Recovered | None:
    """Find where content begins in a header that went on for too long; None when nowhere.

    What cannot be trusted goes to the analysis channel: neither shown nor executed.
    """
    repaired = HeaderRepair(fields, sticky, tools, complete=False).read()
    field, header = fields[-1], repaired.header
    rest = field.text[repaired.rest :]
    if _letters(rest) < FEWEST_LETTERS:
        return None
    executable = header.recipient is not None and rest.lstrip()[:1] in {"{", "["}
    if not executable and (header.recipient is not None or repaired.garbled):
        header = header._replace(recipient=None, channel="analysis")
    body = max(field.token_at(repaired.rest), field.text_start)
    span = Span(fields[0].span.start, field.span.end)
    return Recovered("header_too_long", header, rest, span, body, doubtful=False)


def _has_exact_shape(repaired: RepairedHeader, rest: str) -> bool:
    """Return whether text without any token before it can only be a header run into its content."""
    if not repaired.exact:
        return False
    return repaired.header.recipient is not None or not rest[:1].isspace()


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _is_object(text: str) -> bool:
    stripped = text.strip()
    return stripped.startswith("{") and stripped.endswith("}")


def _is_content(rest: str, repaired: RepairedHeader, field: Field, stop: Stop | None) -> bool:
    """Return whether the words are content.

    A call's content must look like arguments or end with the call token: prose is never executed.
    Behind a constrain token only a known type makes what follows content.
    """
    looks_like_data = rest.lstrip()[:1] in {"{", "["}
    if repaired.header.recipient is not None and _is_object(rest):
        return True
    if _letters(rest) < FEWEST_LETTERS:
        return False
    if repaired.header.recipient is not None:
        return looks_like_data or stop == "call"
    if field.place is Place.CONSTRAIN and repaired.header.content_type is None:
        return looks_like_data
    return True


def _headerless(field: Field, sticky: Role | None, repaired: RepairedHeader) -> Recovery:
    """Read text without a header as an answer: final if nothing follows."""
    author = ROLE_AUTHORS[sticky] if sticky is not None else repaired.header.author
    offset = 0
    if sticky is None and field.text.startswith(tuple(ROLES)):
        offset = repaired.rest
    text = field.text[offset:]
    if not text.strip() or (sticky is None and _letters(text) < FEWEST_LETTERS):
        return Recovery()
    answers = author.role is Role.ASSISTANT
    header = Header(author, "final" if answers else None)
    body = field.token_at(offset) if offset else field.text_start
    return Recovery((Recovered("missing_header", header, text, field.span, body, answers),))


def _stripped(field: Field, repaired: RepairedHeader, tools: ToolNames) -> Recovery:
    """Cut stripped output at each ``assistant`` that runs into a channel word."""
    parts = list(_parts(field.text, repaired.rest))
    found: list[Recovered] = []
    header, offset = repaired.header, repaired.rest
    begin = field.span.start
    for start, end in parts:
        if start > 0:
            header, offset = _read_part(field, start, end, tools)
        body = field.token_at(offset)
        last = field.token_at(end) if end < len(field.text) else field.span.end
        span = Span(begin, max(last, body))
        found.append(
            Recovered("stripped_tokens", header, field.text[offset:end], span, body, doubtful=False)
        )
        begin = span.end
    return Recovery(tuple(found), repaired.deviations)


def _parts(text: str, content: int) -> Iterator[tuple[int, int]]:
    """Return the start of each message behind its ``assistant`` (0 for the first) and its end."""
    start = 0
    for match in _NEXT_STRIPPED.finditer(text, content):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _read_part(field: Field, start: int, end: int, tools: ToolNames) -> tuple[Header, int]:
    part = Field(Place.ROLE, field.text[start:end], field.span)
    repaired = HeaderRepair((part,), Role.ASSISTANT, tools, complete=False).read()
    return repaired.header, start + repaired.rest
