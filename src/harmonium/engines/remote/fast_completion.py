"""Fast decoding of the payload that makes up most of a stream: new ids and nothing else.

A payload that is anything but usual is not read here at all: the dialect's own reading, which
checks everything and explains, decides what it is. So a stream means the same with and without
this file; only what nobody reads, such as the engine's own text, is not looked at.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

_Token = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class _Choice(msgspec.Struct, gc=False):
    """One choice of a payload; a field typed None makes the payload unusual when it is set."""

    token_ids: tuple[_Token, ...]
    logprobs: None = None
    finish_reason: None = None


class _Completion(msgspec.Struct, gc=False):
    choices: tuple[_Choice]
    usage: None = None
    error: None = None


_decode_completion = msgspec.json.Decoder(_Completion).decode


def read_usual_completion(payload: bytes) -> tuple[int, ...] | None:
    """Return the ids of a completion's chunk that brings nothing else; None for any other payload.

    >>> read_usual_completion(b'{"choices": [{"token_ids": [5, 6], "finish_reason": null}]}')
    (5, 6)
    >>> read_usual_completion(b'{"choices": [{"token_ids": [7], "finish_reason": "stop"}]}')
    """
    try:
        return _decode_completion(payload).choices[0].token_ids
    except (msgspec.MsgspecError, RecursionError):
        return None
