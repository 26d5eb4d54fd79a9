"""The fields of a header, and the token that each of their characters came from.

A field is what stands behind one structural token: the role part behind the start token, then any
number of channel and content-type parts. Structure comes from ids alone; what the text spells
never matters here.
"""

from __future__ import annotations

import codecs
from bisect import bisect_left, bisect_right
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
    """One field of a header.

    Args:
        place: which structural token opened it.
        text: what stands behind that token, decoded; broken UTF-8 becomes U+FFFD.
        span: its tokens, the structural token included (the first field of a generation has none).
        begins: for each token behind the structural one, the offset in `text` where it begins.

    """

    place: Place
    text: str
    span: Span
    begins: tuple[int, ...] = ()

    @property
    def text_start(self) -> int:
        """Index of the first token behind the structural one."""
        return self.span.end - len(self.begins)

    def token_at(self, offset: int) -> int:
        """Return the index of the first token that begins at or behind character `offset`."""
        return self.text_start + bisect_left(self.begins, offset)

    def token_holding(self, offset: int) -> int:
        """Return the index of the token that character `offset` came from."""
        return self.text_start + max(bisect_right(self.begins, offset) - 1, 0)

    def token_ends_at(self, offset: int) -> bool:
        """Return whether character `offset` is where a token begins or the text ends."""
        place = bisect_left(self.begins, offset)
        return offset == (self.begins[place] if place < len(self.begins) else len(self.text))


def split_fields(
    tokens: Sequence[tuple[Place | None, bytes]], start: int, *, is_role_given: bool
) -> tuple[Field, ...]:
    """Cut header tokens into fields.

    Args:
        tokens: for each token the place it opens (None for text) and its bytes as text.
        start: index of the first of them in the stream.
        is_role_given: the role came from outside, so that a role field without tokens stands first.

    """
    heads = [place for place, (opens, _) in enumerate(tokens) if opens is not None]
    if is_role_given or not heads or heads[0] > 0:
        heads.insert(0, -1)
    fields: list[Field] = []
    for head, following in zip(heads, (*heads[1:], len(tokens)), strict=True):
        opens = Place.ROLE if head < 0 else tokens[head][0]
        pieces = [piece for _, piece in tokens[head + 1 : following]]
        text, begins = _decode(pieces)
        span = Span(start + max(head, 0), start + following)
        fields.append(Field(opens or Place.ROLE, text, span, begins))
    return tuple(fields)


def _decode(pieces: list[bytes]) -> tuple[str, tuple[int, ...]]:
    """Decode tokens together, and tell where in the text each begins."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    texts: list[str] = []
    begins: list[int] = []
    length = 0
    for piece in pieces:
        begins.append(length)
        texts.append(decoder.decode(piece))
        length += len(texts[-1])
    texts.append(decoder.decode(b"", final=True))
    return "".join(texts), tuple(begins)
