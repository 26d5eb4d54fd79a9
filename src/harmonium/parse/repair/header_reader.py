"""The choice of header reader: the exact one, or the repairing one behind it.

The exact one goes first, for speed and for safety: a header that a renderer could have written is
never reinterpreted, unless it means nothing as it stands (`_is_settled`): ``to=assistant`` in an
assistant's message, a tool's name as a channel, a declared tool without ``functions.``.
"""

from __future__ import annotations

from typing import Literal

from harmonium.errors import ParseError
from harmonium.model import Role, is_known_tool
from harmonium.parse.events import Span
from harmonium.parse.fields import Field
from harmonium.parse.header import Header, read_strictly
from harmonium.parse.repair.header_repair import Deviation, HeaderRepair
from harmonium.parse.repair.header_words import (
    CHANNELS,
    ROLES,
    FieldReader,
    is_known_type,
)
from harmonium.parse.tool_names import ToolNames

Policy = Literal["repair", "strict"]


def read_header(
    fields: tuple[Field, ...], given_role: Role | None, tools: ToolNames, policy: Policy
) -> tuple[Header, tuple[Deviation, ...]]:
    """Read a header that a message token ended.

    Raises:
        ParseError: the header breaks the grammar and `policy` is ``strict``.

    """
    broken: tuple[Deviation, ...] = ()
    try:
        header = read_strictly(fields, given_role, tools)
    except ParseError as error:
        if policy == "strict":
            raise
        span = Span(fields[0].span.start, fields[-1].span.end)
        broken = (Deviation(error.code, span, "", "read all the same"),)
    else:
        if policy == "strict" or _is_settled(header, tools):
            return header, ()
    repaired = HeaderRepair(fields, given_role, tools, complete=True).read()
    return repaired.header, repaired.deviations or broken


_LONGEST_ROLE_PART = 200
"""Characters of the longest text before a marker that is read as the role part of a header: the
longest that has been waited for (role, ``to=`` and a name) has under 180. What is longer is prose.
"""


def reads_as_header(field: Field, tools: ToolNames) -> bool:
    """Return whether the text before a marker consists of header words, and not of prose."""
    text = field.text.rstrip()
    if not text or len(text) > _LONGEST_ROLE_PART:
        return False
    reading = FieldReader(field, tools, skip_unknown=True, is_role_given=False).read()
    known = any(word.kind != "unknown" for word in reading.words)
    return reading.end >= len(text) and (known or not any(map(str.isspace, text)))


def _is_settled(header: Header, tools: ToolNames) -> bool:
    """Return whether a grammatical header also means what it says, as far as models go."""
    if header.author.role is Role.TOOL:
        answers = header.recipient not in {None, "all"}
        is_tool = answers or is_known_tool(header.author.name or "")
        return is_tool and tools.recipient(header.recipient or "") is None
    if header.author.role is not Role.ASSISTANT:
        return True
    known_channel = header.channel is None or header.channel in CHANNELS
    known_type = header.content_type is None or is_known_type(header.content_type)
    return known_channel and known_type and _is_settled_recipient(header.recipient, tools)


def _is_settled_recipient(recipient: str | None, tools: ToolNames) -> bool:
    if recipient is None:
        return True
    if recipient in ROLES or recipient == "functions":
        return False
    whole = tools.read(recipient, 0)[0] == recipient
    return whole and tools.recipient(recipient) in {None, recipient}
