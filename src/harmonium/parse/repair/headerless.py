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
from harmonium.parse.repair.header_words import CHANNELS, ROLES
from harmonium.parse.tool_names import ToolNames

FEWEST_LETTERS = 4
"""Fewer letters than this behind a garbled header are no content."""

_NEXT_STRIPPED = re.compile(r"assistant(?=analysis|commentary|final|\s?to=\S)")
_FIRST_STRIPPED = re.compile(
    r"(?:assistant)?(?:analysis|commentary|final)\s*\n|assistant(?:analysis|commentary|final)"
)
_CHANNEL_WORD = re.compile("analysis|commentary|final")
_ROLE_WORD = re.compile(r"assistant(?![^\S\n]?[a-z])")


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
    fields: tuple[Field, ...],
    sticky: Role | None,
    tools: ToolNames,
    stop: Stop | None,
    *,
    loose: bool = False,
) -> Recovery:
    """Find the content in a header that ended without a message token.

    Args:
        fields: the header's fields, at least one.
        sticky: the role when it came from outside the stream.
        tools: the declared tools.
        stop: the stop token that ended it, or None (a start token or the end of the stream).
        loose: no start token opened it: it is text behind a message, or before any.

    """
    repaired = HeaderRepair(fields, sticky, tools, complete=False).read()
    field = fields[-1]
    rest = field.text[repaired.rest :]
    if len(fields) == 1 and field.place is Place.ROLE:
        if not _has_exact_shape(field, repaired, rest, stop):
            return _headerless(field, sticky, repaired, tools, loose=loose)
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


def _has_exact_shape(field: Field, repaired: RepairedHeader, rest: str, stop: Stop | None) -> bool:
    """Return whether text without any token before it can only be a header run into its content."""
    if not repaired.exact:
        return False
    if repaired.header.recipient is not None:
        return rest.lstrip()[:1] == "{" or stop == "call" or bool(_NEXT_STRIPPED.search(rest))
    runs_on = not rest[:1].isspace() and bool(rest)
    return runs_on or bool(_FIRST_STRIPPED.match(field.text) or _NEXT_STRIPPED.search(rest))


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _is_object(text: str) -> bool:
    stripped = text.strip()
    return stripped.startswith("{") and stripped.endswith("}")


def _is_content(rest: str, repaired: RepairedHeader, field: Field, stop: Stop | None) -> bool:
    """Return whether the words are content.

    A call's content must look like arguments or end with the call token: prose is never executed.
    Behind a constrain token only a known type makes what follows content. How short the rest is
    counts only where the header was garbled (vllm-project/vllm#45736: ``final{"a":1}``).
    """
    looks_like_data = rest.lstrip()[:1] in {"{", "["}
    if repaired.header.recipient is not None:
        return (
            _is_object(rest)
            or stop == "call"
            or (looks_like_data and _letters(rest) >= FEWEST_LETTERS)
        )
    if not any(map(str.isprintable, rest.strip())):
        return False
    if field.place is Place.CONSTRAIN and repaired.header.content_type is None:
        return looks_like_data
    if looks_like_data or (repaired.header.channel in CHANNELS and not repaired.garbled):
        return True
    return _letters(rest) >= FEWEST_LETTERS


def _headerless(
    field: Field, sticky: Role | None, repaired: RepairedHeader, tools: ToolNames, *, loose: bool
) -> Recovery:
    """Read text without a header as an answer: final if nothing follows.

    Where a stripped header stands further on, it is cut there.
    """
    author, offset = ROLE_AUTHORS[sticky or Role.ASSISTANT], 0
    if loose:
        role = _ROLE_WORD.match(field.text)
        offset = 0 if role is None else role.end()
    elif sticky is None and field.text.startswith(tuple(ROLES)):
        author, offset = repaired.header.author, repaired.rest
    answers = author.role is Role.ASSISTANT
    if answers and _NEXT_STRIPPED.search(field.text, offset):
        return _stripped(field, repaired, tools, ROLE_HEADER, offset)
    text = field.text[offset:]
    shown = any(map(str.isalnum, text)) if loose or text.lstrip()[:1] in {"{", "["} else True
    if not text.strip() or not shown:
        return Recovery()
    if sticky is None and not loose and not _is_data(text) and _letters(text) < FEWEST_LETTERS:
        return Recovery()
    header = Header(author, "final" if answers else None)
    body = field.token_at(offset) if offset else field.text_start
    return Recovery((Recovered("missing_header", header, text, field.span, body, answers),))


ROLE_HEADER = Header(ROLE_AUTHORS[Role.ASSISTANT], "analysis")
"""Of text without a header that a stripped one follows: not the answer, so it is not shown."""


def _is_data(text: str) -> bool:
    return text.lstrip()[:1] in {"{", "["}


def _stripped(
    field: Field,
    repaired: RepairedHeader,
    tools: ToolNames,
    header: Header | None = None,
    offset: int | None = None,
) -> Recovery:
    """Cut stripped output at each ``assistant`` that runs into a channel word or a recipient.

    White space around a cut belonged to no message: a server or template put it there.
    """
    header = repaired.header if header is None else header
    offset = repaired.rest if offset is None else offset
    found: list[Recovered] = []
    begin = field.span.start
    for start, end in _parts(field.text, offset):
        if start > 0:
            header, offset = _read_part(field, start, end, tools)
        text = field.text[offset:end]
        is_last = end == len(field.text)
        if header.recipient is None:
            text = text.lstrip() if is_last else text.strip()
        body = field.token_at(offset)
        last = field.span.end if is_last else field.token_at(end)
        span = Span(begin, max(last, body))
        if not text and header.recipient is None and not is_last:
            continue
        found.append(Recovered("stripped_tokens", header, text, span, body, doubtful=False))
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
    channel = _CHANNEL_WORD.match(part.text)
    if repaired.exact or channel is None:
        return repaired.header, start + repaired.rest
    # the content runs into the channel word in lower case: ``assistantfinalhello``
    return repaired.header._replace(channel=channel.group()), start + channel.end()
