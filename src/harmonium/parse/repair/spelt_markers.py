"""Output whose special tokens all came as ordinary text: ``<|channel|>final<|message|>Hi``.

Some servers detokenize and encode again without special tokens. Structure is known by token id
alone, so this is read only where a whole text has no structure of its own, and begins with a header
that is spelt out. What content spells stays content: a message ends only at a stop marker that the
next message or the end of the text follows. Knows nothing of tokens.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from harmonium.model import Role
from harmonium.parse.fields import Field, Place
from harmonium.parse.header import Header
from harmonium.parse.repair.header_repair import HeaderRepair
from harmonium.parse.tool_names import ToolNames

_LONGEST_HEADER = 400
"""Characters of the longest header that is looked for: as in `headerless`, with its markers."""
_START = "<|start|>"
_MESSAGE = "<|message|>"
_MARKER = re.compile(r"<\|(channel|constrain)\|>")
_END = re.compile(r"<\|(?:end|call|return)\|>(?=\s*(?:<\|start\|>|\Z))")
_OPENS = re.compile(r"\s*(?:<\|start\|>)?[\w\s=.:/\-]{0,200}<\|(?:channel|constrain|message)\|>")


class SpeltMessage(NamedTuple):
    """A message of spelt markers: its header, and where its content starts and ends in the text."""

    header: Header
    start: int
    end: int
    is_last: bool


def read_spelt(field: Field, tools: ToolNames) -> tuple[SpeltMessage, ...]:
    """Return the messages of a text that spells its markers, none where it does not."""
    text = field.text
    if _OPENS.match(text) is None:
        return ()
    found: list[SpeltMessage] = []
    position = 0
    while position < len(text):
        body = text.find(_MESSAGE, position, position + _LONGEST_HEADER)
        if body < 0:
            break
        header = _read_header(text[position:body], field, tools, is_first=not found)
        body += len(_MESSAGE)
        stop = _END.search(text, body)
        end, position = (len(text), len(text)) if stop is None else stop.span()
        found.append(SpeltMessage(header, body, end, is_last=position == len(text)))
    if found and position < len(text):  # what follows is no header: it stays with the last message
        found[-1] = found[-1]._replace(end=len(text), is_last=True)
    return tuple(found)


def _read_header(text: str, field: Field, tools: ToolNames, *, is_first: bool) -> Header:
    words = text.strip().removeprefix(_START)
    given_role = Role.ASSISTANT if is_first and not text.lstrip().startswith(_START) else None
    role, *rest = _MARKER.split(words)
    parts = [Field(Place.ROLE, role, field.span)]
    parts += [
        Field(Place(place), words, field.span)
        for place, words in zip(rest[::2], rest[1::2], strict=True)
    ]
    return HeaderRepair(tuple(parts), given_role, tools, complete=True).read().header
