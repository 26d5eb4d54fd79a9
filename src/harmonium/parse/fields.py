"""Own how the tokens of a header fall into fields, and which token a character came from.

A field is what stands behind one structural token: the role part behind the start token, then any
number of channel and content-type parts. Structure comes from ids alone; what the text spells
never matters here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from harmonium.parse.events import Span


class Place(Enum):
    """Name which structural token opened a field."""

    ROLE = "role"
    CHANNEL = "channel"
    CONSTRAIN = "constrain"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Field:
    """Hold one field of a header.

    Args:
        place: which structural token opened it.
        text: what stands behind that token, decoded; broken UTF-8 becomes U+FFFD.
        span: its tokens, the structural token included (the first field of a generation has none).
        pieces: the bytes of each token behind the structural one.

    """

    place: Place
    text: str
    span: Span
    pieces: tuple[bytes, ...]

    @property
    def text_start(self) -> int:
        """Index of the first token behind the structural one."""
        return self.span.end - len(self.pieces)

    def token_at(self, offset: int) -> int:
        """Give the index of the first token that begins at or behind character `offset`."""
        ahead = len(self.text[:offset].encode("utf-8", "surrogatepass"))
        index = self.text_start
        for piece in self.pieces:
            if ahead <= 0:
                break
            ahead -= len(piece)
            index += 1
        return index

    def boundaries(self) -> frozenset[int]:
        """Give the character offsets at which a token ends."""
        ends: set[int] = set()
        size = 0
        for piece in self.pieces:
            size += len(piece.decode("utf-8", "replace"))
            ends.add(size)
        return frozenset(ends)


def split_fields(
    tokens: Sequence[tuple[Place | None, bytes]], start: int, *, sticky: bool
) -> tuple[Field, ...]:
    """Cut header tokens into fields.

    Args:
        tokens: for each token the place it opens (None for text) and its bytes as text.
        start: index of the first of them in the stream.
        sticky: the role came from outside, so that a role field without tokens stands first.

    """
    fields: list[Field] = []
    place, first = Place.ROLE, start
    pieces: list[bytes] = []
    opened = sticky

    def finish(end: int) -> None:
        if opened:
            text = b"".join(pieces).decode("utf-8", "replace")
            fields.append(Field(place, text, Span(first, end), tuple(pieces)))

    for index, (opens, piece) in enumerate(tokens, start):
        if opens is None:
            opened = True
            pieces.append(piece)
            continue
        finish(index)
        place, first, pieces, opened = opens, index, [], True
    finish(start + len(tokens))
    return tuple(fields)
