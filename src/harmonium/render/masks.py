"""Which tokens an assistant produced, for training. Does not know how text is printed.

A model is asked to continue after ``<|start|>assistant`` and stops at ``<|call|>`` or
``<|return|>``. So of an assistant's message it produced

- the rest of the header: recipient, channel, content type, with their special tokens;
- ``<|message|>``, the content, and the token that ends the message;
- ``<|start|>`` and the role, only when it went on by itself: when the message before, among
  those printed, is an assistant's and ended with ``<|end|>``.

Messages of everybody else, and the prompt of a message still to be written, are not produced.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from harmonium.errors import InvalidInputError, Position
from harmonium.render.encode import SegmentEncoder, encode_pieces
from harmonium.render.segments import Segment, Special


class MaskedTokens(NamedTuple):
    """Token ids, and for each whether it counts; both lists are equally long."""

    ids: list[int]
    mask: list[bool]


def produced_segments(
    segments: Sequence[Segment], channels: Collection[str | None] | None = None
) -> list[bool]:
    """Return for each segment whether an assistant produced it.

    Args:
        segments: a rendered conversation.
        channels: the channels that count, such as ``{"final"}``; None among them stands for
            messages without a channel. All channels when omitted.

    Raises:
        InvalidInputError: `channels` is a bare string.

    """
    if isinstance(channels, str):
        message = 'channels must be a collection of channel names, such as {"final"}'
        raise InvalidInputError(message, position=Position(path="channels"))
    out: list[bool] = []
    goes_on = went_on = False
    for segment in segments:
        origin = segment.origin
        by_assistant = origin.role == "assistant" and origin.message is not None
        wanted = channels is None or origin.channel in channels
        if isinstance(segment, Special) and segment.name == "start":
            went_on = goes_on
        if isinstance(segment, Special) and origin.field == "end":
            goes_on = by_assistant and segment.name == "end"
        out.append(by_assistant and wanted and (went_on or origin.field != "role"))
    return out


def token_mask(
    segments: Sequence[Segment],
    tokenizer: SegmentEncoder,
    *,
    channels: Collection[str | None] | None = None,
) -> MaskedTokens:
    """Encode segments and tell for each token whether an assistant produced it.

    Args:
        segments: a rendered conversation, usually for training.
        tokenizer: what the texts are encoded with.
        channels: the channels that count; all when omitted, see `produced_segments`.

    Raises:
        InvalidInputError: `channels` is a bare string.
        VocabularyError: the encoding has no tokens for the format.

    """
    pieces = encode_pieces(segments, tokenizer)
    produced = produced_segments(segments, channels)
    return MaskedTokens(
        [token for piece in pieces for token in piece],
        [made for piece, made in zip(pieces, produced, strict=True) for _ in piece],
    )
