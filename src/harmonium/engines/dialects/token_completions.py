"""Chunks of a completions route that carries token ids, as vLLM and TensorRT-LLM write them.

Knows nothing of requests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Generic, TypeVar

import msgspec

from harmonium.engines.protocol import TokenLogprob
from harmonium.engines.remote.dialect import Decoder, StreamDelta, finish_reason, most_likely
from harmonium.engines.remote.error_mapping import raise_stream_error
from harmonium.engines.remote.payload import (
    Count,
    Payload,
    TokenId,
    clamp_logprob,
    payload_reader,
)
from harmonium.errors import EngineBrokenError, EngineProtocolError

_NAMED_ID = re.compile(r"token_id:(\d{1,9})", re.ASCII)


class _Choice(msgspec.Struct, gc=False):
    token_ids: tuple[TokenId, ...] | None = None
    finish_reason: str | None = None
    stop_reason: TokenId | str | None = None


class _Alternative(msgspec.Struct, gc=False):
    """A token by its id, or by the text ``token_id:5`` (``return_tokens_as_token_ids``)."""

    logprob: float | None = None
    token_id: TokenId | None = None
    token: str | None = None


class _Entry(_Alternative, gc=False):
    top_logprobs: list[_Alternative] | None = None


class _Logprobs(msgspec.Struct, gc=False):
    """Log probabilities in the form of chat (``content``) or of completions (the two arrays)."""

    content: list[_Entry] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float | None] | None] | None = None


class _ChoiceWithLogprobs(_Choice, gc=False):
    logprobs: _Logprobs | None = None


class _PromptDetails(msgspec.Struct, gc=False):
    cached_tokens: Count | None = None


class _Usage(msgspec.Struct, gc=False):
    prompt_tokens_details: _PromptDetails | None = None


_C = TypeVar("_C", bound=_Choice)


class _Completion(Payload, Generic[_C], gc=False):
    choices: list[_C] | None = None
    usage: _Usage | None = None


_read_plain = payload_reader(_Completion[_Choice])
_read_with_logprobs = payload_reader(_Completion[_ChoiceWithLogprobs])


def completion_decoder(logprobs: int | None) -> Decoder:
    """Return the decoder of one stream; log probabilities are read where they were asked for."""
    return decode_chunk if logprobs is None else partial(_decode_with_logprobs, logprobs)


def decode_chunk(payload: bytes) -> StreamDelta | None:
    """Decode a chunk: the one choice's new ids, or the usage behind them.

    >>> decode_chunk(b'{"choices": [{"token_ids": [5, 6], "finish_reason": null}]}').token_ids
    (5, 6)
    """
    return _delta(_read_plain(payload), None)


def _decode_with_logprobs(most: int, payload: bytes) -> StreamDelta | None:
    completion = _read_with_logprobs(payload)
    logprobs = None
    if completion.choices:
        choice = completion.choices[0]
        if choice.logprobs is not None:
            logprobs = _token_logprobs(choice.logprobs, choice.token_ids or (), most)
    return _delta(completion, logprobs)


def _delta(
    completion: _Completion[_C], logprobs: tuple[TokenLogprob, ...] | None
) -> StreamDelta | None:
    if completion.error:
        raise_stream_error(completion.error)
    usage, cached = completion.usage, None
    if usage is not None and usage.prompt_tokens_details is not None:
        cached = usage.prompt_tokens_details.cached_tokens
    if not completion.choices:
        return None if cached is None else StreamDelta(cached_tokens=cached)
    choice = completion.choices[0]
    if choice.finish_reason == "error":
        message = "the engine reported a failure in the middle of an answer; see its log"
        raise EngineBrokenError(message)
    stop = choice.stop_reason
    return StreamDelta(
        choice.token_ids or (),
        logprobs,
        finish_reason(choice.finish_reason),
        stop if isinstance(stop, int) else None,
        cached,
    )


def _token_logprobs(
    said: _Logprobs, ids: tuple[int, ...], most: int
) -> tuple[TokenLogprob, ...] | None:
    if said.content is not None:
        return tuple(
            TokenLogprob(token, clamp_logprob(entry.logprob), _top(entry, most))
            for token, entry in zip(ids, said.content, strict=False)
        )
    if said.token_logprobs is None:
        return None
    tops = said.top_logprobs or [None] * len(said.token_logprobs)
    return tuple(
        TokenLogprob(token, clamp_logprob(logprob), _top_by_name(top or {}, most))
        for token, logprob, top in zip(ids, said.token_logprobs, tops, strict=False)
    )


def _top(entry: _Entry, most: int) -> tuple[tuple[int, float], ...]:
    found = entry.top_logprobs or ()
    pairs = [(_alternative_id(each), clamp_logprob(each.logprob)) for each in found]
    return most_likely(pairs, most)


def _top_by_name(top: Mapping[str, float | None], most: int) -> tuple[tuple[int, float], ...]:
    pairs = [(_parse_id(name), clamp_logprob(logprob)) for name, logprob in top.items()]
    return most_likely(pairs, most)


def _alternative_id(entry: _Alternative) -> int:
    return _parse_id(entry.token or "") if entry.token_id is None else entry.token_id


def _parse_id(name: str) -> int:
    match = _NAMED_ID.fullmatch(name)
    if match is None:
        message = (
            "the engine sent an alternative token by its text, not as `token_id:` and a number"
        )
        raise EngineProtocolError(message)
    return int(match[1])
