"""Segments, the product of the renderer: what is structure and what is text. No token ids.

User text is only ever a `Text`, and a `Text` only ever becomes ordinary tokens: whatever it
spells, it cannot become a special token.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

SpecialName = Literal["start", "end", "message", "channel", "constrain", "call", "return_"]
Field = Literal["role", "recipient", "channel", "content_type", "content", "end"]


class Origin(NamedTuple):
    """Where a segment comes from.

    Args:
        message: the message's index in the conversation as it was given (dropped messages
            count); None for the prompt of the next message, which no message has written yet.
        field: the part of the message the segment prints. `role` includes the author's name.
        role: the author's role.
        channel: the message's channel, on each of its segments.
        part: the index of the content the text comes from; None outside contents.

    """

    message: int | None
    field: Field
    role: str
    channel: str | None = None
    part: int | None = None


class Special(NamedTuple):
    """Stand for one special token, named by the part it plays in the format."""

    name: SpecialName
    origin: Origin

    @property
    def text(self) -> str:
        """The token as o200k_harmony spells it.

        >>> Special("return_", Origin(0, "end", "assistant")).text
        '<|return|>'
        """
        return f"<|{self.name.rstrip('_')}|>"


class Text(NamedTuple):
    """Text that is encoded on its own, as ordinary text."""

    text: str
    origin: Origin


Segment = Special | Text
