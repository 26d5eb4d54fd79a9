"""The reading of a header that no message token ended: content, an answer, or nothing.

Three things happen in the field: the message token is missing and content follows the header words
at once (vllm-project/vllm#45736; corpus: json-without-message, toolcall-no-message); there is no
header at all (sgl-project/sglang#31019; corpus: refusal-no-header, json-behind-analysis); a server
stripped every special token, and only the exact run-together shape of header words tells messages
apart (corpus: stripped-call, glued-call-and-final-behind-end).

Prose is the danger in all three: ``final`` is an English word, and an answer may begin with a
tool's name (corpus: prose-begins-with-tool, answer-is-a-tools-name). So each shape asks for more
than words: a capital or a line end behind a channel, arguments or a call token behind a recipient.

Knows nothing of the state of a stream.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from json import JSONDecoder
from typing import NamedTuple

from harmonium.model import Role
from harmonium.parse.events import Span, Stop
from harmonium.parse.fields import Field, Place
from harmonium.parse.header import ROLE_AUTHORS, Header
from harmonium.parse.repair.header_repair import Deviation, HeaderRepair, RepairedHeader
from harmonium.parse.repair.header_words import CHANNELS, ROLES
from harmonium.parse.repair.spelt_markers import SpeltMessage, read_spelt
from harmonium.parse.tool_names import ToolNames

FEWEST_LETTERS = 4
"""Fewer letters than this behind a garbled header are no content: what is left over there is a
sign, an article or the end of a word."""

_NEXT_STRIPPED = re.compile(
    r"assistant(?=analysis|commentary|final|\s?to=[^\s{]{1,128}\s?(?:json|code|commentary|analysis|\{))"
)
_FIRST_STRIPPED = re.compile(
    r"(?:assistant)?(?:analysis|commentary|final)\s*\n|assistant(?:analysis|commentary|final)"
)
_LONGEST_HEADER = 400
"""Characters that the header of a stripped message is looked for in: a name has 256 at most, and
the words around it under 60."""
_DECODER = JSONDecoder()
_LONGEST_BLANKS = 80
"""Blanks before JSON that are looked past, so that a run of blanks is not read again and again."""
_BLANKS = re.compile(r"\s*")
_SPELT_MESSAGE = re.compile(r"\s*<\|message\|>")
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
    given_role: Role | None,
    tools: ToolNames,
    stop: Stop | None,
    *,
    loose: bool = False,
) -> Recovery:
    """Find the content in a header that ended without a message token.

    Args:
        fields: the header's fields, at least one.
        given_role: the role when it came from outside the stream.
        tools: the declared tools.
        stop: the stop token that ended it, or None (a start token or the end of the stream).
        loose: no start token opened it: it is text behind a message, or before any.

    """
    field = fields[-1]
    if len(fields) == 1 and field.place is Place.ROLE and (spelt := read_spelt(field, tools)):
        return Recovery(tuple(_recovered(spelt, field)))
    repaired = HeaderRepair(fields, given_role, tools, complete=False).read()
    repaired = _without_spelt_message(repaired, field)
    rest = field.text[repaired.rest :]
    if len(fields) == 1 and field.place is Place.ROLE:
        if not _has_exact_shape(field, repaired, rest, stop):
            return _headerless(field, given_role, repaired, tools, loose=loose)
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


def _without_spelt_message(repaired: RepairedHeader, field: Field) -> RepairedHeader:
    """Return the header with a message token spelt as text behind it counted as part of it."""
    spelt = _SPELT_MESSAGE.match(field.text, repaired.rest)
    return repaired if spelt is None else repaired._replace(rest=spelt.end())


def _recovered(parts: Iterable[SpeltMessage], field: Field) -> Iterator[Recovered]:
    begin = field.span.start
    for part in parts:
        body = max(begin, field.token_at(part.start))
        last = field.span.end if part.is_last else max(body, field.token_at(part.end))
        text = field.text[part.start : part.end]
        yield Recovered("spelt_tokens", part.header, text, Span(begin, last), body, doubtful=False)
        begin = last


def recover_overlong(
    fields: tuple[Field, ...], given_role: Role | None, tools: ToolNames
) -> Recovered | None:
    """Find where content begins in a header that went on for too long; None when nowhere.

    What cannot be trusted goes to the analysis channel: neither shown nor executed.
    """
    repaired = HeaderRepair(fields, given_role, tools, complete=False).read()
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
    if not any(map(str.isprintable, rest.strip())) or "to=".startswith(rest.strip()):
        return False
    if field.place is Place.CONSTRAIN and repaired.header.content_type is None:
        return looks_like_data
    if looks_like_data or (repaired.header.channel in CHANNELS and not repaired.garbled):
        return True
    return _letters(rest) >= FEWEST_LETTERS


def _headerless(
    field: Field,
    given_role: Role | None,
    repaired: RepairedHeader,
    tools: ToolNames,
    *,
    loose: bool,
) -> Recovery:
    """Read text without a header as an answer: final if nothing follows.

    Where a stripped header stands further on, it is cut there.
    """
    author, offset = ROLE_AUTHORS[given_role or Role.ASSISTANT], 0
    if loose:
        role = _ROLE_WORD.match(field.text)
        offset = 0 if role is None else role.end()
    elif given_role is None and field.text.startswith(tuple(ROLES)):
        author, offset = repaired.header.author, repaired.rest
    answers = author.role is Role.ASSISTANT
    if answers and _part_end(field.text, offset)[1] is not None:
        return _stripped(field, repaired, tools, ROLE_HEADER, offset)
    text = field.text[offset:]
    if not (_says_something(text) or (given_role is not None and text.strip())):
        return Recovery()
    header = Header(author, "final" if answers else None)
    body = field.token_at(offset) if offset else field.text_start
    return Recovery((Recovered("missing_header", header, text, field.span, body, answers),))


ROLE_HEADER = Header(ROLE_AUTHORS[Role.ASSISTANT], "analysis")
"""Of text without a header that a stripped one follows: not the answer, so it is not shown."""


def _says_something(text: str) -> bool:
    """Return whether text is more than signs: JSON, or with a letter, a digit or an emoji."""
    return _is_data(text) or any(
        sign.isalnum() or unicodedata.category(sign) == "So" for sign in text
    )


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
    following: int | None = 0
    while following is not None:
        if following > 0:
            header, offset = _read_part(field, following, tools)
        end, following = _part_end(field.text, offset)
        text = field.text[offset:end]
        is_last = following is None
        if header.recipient is None:
            text = text.lstrip() if is_last else text.strip()
        body = field.token_at(offset)
        last = field.span.end if is_last else field.token_at(end)
        span = Span(begin, max(last, body))
        if text or header.recipient is not None or is_last:
            found.append(Recovered("stripped_tokens", header, text, span, body, doubtful=False))
            begin = span.end
    return Recovery(tuple(found), repaired.deviations)


def _part_end(text: str, content: int) -> tuple[int, int | None]:
    """Return where a stripped message ends, and where the header of the next begins, if any.

    What JSON spells is its own.
    """
    if _is_data(text[content : content + _LONGEST_BLANKS]):
        begin = _BLANKS.match(text, content)
        with suppress(ValueError, RecursionError):  # no JSON: then the next header ends it
            content = _DECODER.raw_decode(text, content if begin is None else begin.end())[1]
    found = _NEXT_STRIPPED.search(text, content)
    return (len(text), None) if found is None else found.span()


def _read_part(field: Field, start: int, tools: ToolNames) -> tuple[Header, int]:
    part = Field(Place.ROLE, field.text[start : start + _LONGEST_HEADER], field.span)
    repaired = HeaderRepair((part,), Role.ASSISTANT, tools, complete=False).read()
    channel = _CHANNEL_WORD.match(part.text)
    if repaired.exact or channel is None:
        return repaired.header, start + repaired.rest
    # the content runs into the channel word in lower case: ``assistantfinalhello``
    return repaired.header._replace(channel=channel.group()), start + channel.end()
