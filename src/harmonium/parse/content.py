"""The text of the open message: incremental UTF-8, deltas with spans, snapshots.

A character split over tokens is held back until it is whole; an invalid sequence becomes U+FFFD,
exactly as ``bytes.decode(errors="replace")`` would have it for the message as a whole.
"""

from __future__ import annotations

from codecs import utf_8_decode
from typing import NamedTuple

from harmonium.model import Author
from harmonium.parse.events import ContentDelta
from harmonium.parse.header import Header


class OpenMessage:
    """Show the message that is being received, as it was at one moment.

    Taking one costs O(1) whatever the length; ``text`` is joined when it is first read.
    """

    __slots__ = ("_count", "_pieces", "_text", "header")

    def __init__(self, header: Header, pieces: list[str]) -> None:
        self.header = header
        self._pieces = pieces
        self._count = len(pieces)
        self._text: str | None = None

    @property
    def author(self) -> Author:
        """Who speaks."""
        return self.header.author

    @property
    def channel(self) -> str | None:
        """The channel, or None."""
        return self.header.channel

    @property
    def recipient(self) -> str | None:
        """The recipient, or None."""
        return self.header.recipient

    @property
    def content_type(self) -> str | None:
        """The content type, or None."""
        return self.header.content_type

    @property
    def text(self) -> str:
        """The content so far."""
        if self._text is None:
            self._text = "".join(self._pieces[: self._count])
        return self._text

    def __repr__(self) -> str:
        return f"<OpenMessage {self.channel} of {self._count} deltas>"


class Decoded(NamedTuple):
    """What a token added, and whether a character is still incomplete behind it."""

    delta: ContentDelta | None
    partial: bool


class ContentBuffer:
    """Collect one message's content.

    ``pieces`` are the deltas' texts in order.
    """

    __slots__ = ("_begun", "_tail", "pieces")

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._tail = b""  # the beginning of a character that is not whole yet
        self._begun = 0  # its first token

    @property
    def has_half(self) -> bool:
        """Whether a character is incomplete."""
        return bool(self._tail)

    def add_bytes(self, piece: bytes, begin: int, end: int) -> Decoded:
        """Add the bytes of the tokens from `begin` to `end`, whole characters or not."""
        if not self._tail:
            self._begun = begin
        data = self._tail + piece
        text, used = utf_8_decode(data, "replace", False)  # noqa: FBT003  (more may come)
        self._tail = data[used:]
        start, partial = self._begun, used < len(data)
        if not text:
            return Decoded(None, partial)
        self._begun = end
        return Decoded(self.add_text(text, start, end), partial)

    def flush(self, index: int) -> ContentDelta | None:
        """Stop waiting for the rest of a character, before the token at `index`."""
        if not self._tail:
            return None
        text, self._tail = self._tail.decode("utf-8", "replace"), b""
        return self.add_text(text, self._begun, index)

    def add_text(self, text: str, start: int, end: int) -> ContentDelta:
        """Add the whole text of the tokens from `start` up to `end`."""
        self.pieces.append(text)
        return ContentDelta(text, start, end)

    @property
    def text(self) -> str:
        """The whole content so far."""
        return "".join(self.pieces)
