"""Own which header reader has the word: the exact one, or the repairing one behind it."""

from __future__ import annotations

from typing import Literal

from harmonium.errors import ParseError
from harmonium.model.names import is_known_tool
from harmonium.model.roles import Role
from harmonium.parse.fields import Field
from harmonium.parse.header import Header, read_strictly
from harmonium.parse.repair import Deviation, HeaderRepair
from harmonium.parse.tool_names import ToolNames
from harmonium.parse.words import CHANNELS, ROLES, is_known_type

Policy = Literal["repair", "strict"]


def read_header(
    fields: tuple[Field, ...], sticky: Role | None, tools: ToolNames, policy: Policy
) -> tuple[Header, tuple[Deviation, ...]]:
    """Read a header that a message token ended.

    Raises:
        ParseError: the header breaks the grammar and `policy` is ``strict``.

    """
    try:
        header = read_strictly(fields, sticky, tools)
    except ParseError:
        if policy == "strict":
            raise
    else:
        if policy == "strict" or _is_settled(header, tools):
            return header, ()
    repaired = HeaderRepair(fields, sticky, tools, complete=True).read()
    return repaired.header, repaired.deviations


def _is_settled(header: Header, tools: ToolNames) -> bool:
    """Tell whether a grammatical header also means what it says, as far as models go."""
    author, channel, recipient, content_type = header
    if author.role is Role.TOOL:
        return recipient not in {None, "all"} or is_known_tool(author.name or "")
    if author.role is not Role.ASSISTANT:
        return True
    if channel is not None and channel not in CHANNELS:
        return False
    if content_type is not None and not is_known_type(content_type):
        return False
    if recipient is None:
        return True
    return recipient not in ROLES and tools.recipient(recipient) in {None, recipient}
