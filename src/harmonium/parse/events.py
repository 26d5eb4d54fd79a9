"""The events of the parser: immutable, each with its token span.

Token spans are half-open and count from the first id ever fed. The spans of ``MessageStarted``,
``ContentDelta``, ``MessageEnded`` and of every ``Repaired`` with ``discarded=True`` lie side by
side and cover each input token exactly once; any other ``Repaired`` points into the header that
the next of these covers, or at the place between two tokens where one was missing.
Events are named tuples: constant, comparable, and cheap enough to make one for every token.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from harmonium.model import Author, Message

Stop = Literal["end", "call", "return"]


class Span(NamedTuple):
    """Token indices ``start`` up to but not including ``end``."""

    start: int
    end: int


class MessageStarted(NamedTuple):
    """A header is complete: who speaks, where, to whom. The span is the header's."""

    author: Author
    channel: str | None
    recipient: str | None
    content_type: str | None
    span: Span


class ContentDelta(NamedTuple):
    """Some content: whole characters only. The span is that of the tokens they came from."""

    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The tokens the text came from."""
        return Span(self.start, self.end)


class MessageEnded(NamedTuple):
    """The message is complete. The span is the stop token's, empty when there was none.

    ``stop`` names the stop token; None when the message ended without one. ``truncated`` is True
    when the stream ended inside the message.
    """

    message: Message
    stop: Stop | None
    truncated: bool
    span: Span


class Repaired(NamedTuple):
    """The tokens deviated from Harmony, and what was done about it (policy ``repair``).

    ``code`` is stable; ``text`` is what was found there, special tokens by name; ``action`` says
    what was done. ``discarded`` is True when these tokens belong to no message.
    """

    code: str
    span: Span
    text: str
    action: str
    discarded: bool


Event = MessageStarted | ContentDelta | MessageEnded | Repaired
