"""Segments to token ids. Knows nothing of messages.

Each text is encoded on its own and as ordinary text: token boundaries follow the segments, and
no text becomes a special token.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from harmonium.errors import VocabularyError
from harmonium.render.segments import Segment, Special
from harmonium.tokens import FormatTokens


class SegmentEncoder(Protocol):
    """What encoding needs of a tokenizer; every tokenizer of harmonium has it."""

    @property
    def format(self) -> FormatTokens | None:
        """Which ids play the parts of the format; None when the encoding has none."""

    def encode_ordinary(self, text: str) -> list[int]:
        """Encode text, none of it as a special token."""


def format_of(tokenizer: SegmentEncoder) -> FormatTokens:
    """Return the tokenizer's format tokens.

    Raises:
        VocabularyError: the encoding has none (code ``no_format_tokens``).

    """
    if tokenizer.format is None:
        message = "this encoding has no Harmony tokens; use o200k_harmony or give it a format"
        raise VocabularyError(message, code="no_format_tokens")
    return tokenizer.format


def encode_segments(segments: Iterable[Segment], tokenizer: SegmentEncoder) -> list[int]:
    """Return the token ids of segments, one after another.

    Raises:
        VocabularyError: the encoding has no tokens for the format.

    """
    return [token for piece in encode_pieces(segments, tokenizer) for token in piece]


def encode_pieces(segments: Iterable[Segment], tokenizer: SegmentEncoder) -> list[list[int]]:
    """Return the token ids of each segment; see `encode_segments`. Empty texts give empty lists."""
    ids = format_of(tokenizer)
    encode = tokenizer.encode_ordinary
    return [
        [getattr(ids, segment.name)] if isinstance(segment, Special) else encode(segment.text)
        for segment in segments
    ]
