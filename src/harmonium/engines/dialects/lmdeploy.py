"""Dialect of lmdeploy: ``/generate``, whose chunks hold only new ids.

Knows nothing of connections. Source: lmdeploy's ``api_server``.
"""

from __future__ import annotations

from functools import partial

import msgspec

from harmonium.engines.protocol import GenerationRequest, TokenLogprob
from harmonium.engines.remote.dialect import (
    Decoder,
    Dialect,
    HttpRequest,
    StreamDelta,
    finish_reason,
    same_names,
)
from harmonium.engines.remote.error_mapping import raise_stream_error
from harmonium.engines.remote.payload import Payload, TokenId, clamp_logprob, payload_reader


class _Finish(msgspec.Struct, gc=False):
    type: str | None = None


class _ChosenToken(msgspec.Struct, array_like=True, gc=False):
    """An array: log probability, token id."""

    logprob: float | None


class _Meta(msgspec.Struct, gc=False):
    finish_reason: _Finish | None = None
    output_token_logprobs: list[_ChosenToken] | None = None


class _Chunk(Payload, gc=False):
    output_ids: tuple[TokenId, ...] | None = None
    meta_info: _Meta | None = None


_read = payload_reader(_Chunk)


class LmdeployDialect(Dialect):
    """lmdeploy, which returns the chosen token's log probability and no alternatives."""

    kind = "lmdeploy"
    param_names = same_names(
        "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "stop_token_ids"
    )
    other_params = frozenset({"max_tokens", "logprobs"})
    max_logprobs = 0

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in lmdeploy's form."""
        body: dict[str, object] = {
            "input_ids": list(request.prompt),
            "stream": True,
            "skip_special_tokens": False,
            "spaces_between_special_tokens": False,
            "include_stop_str_in_output": True,
        }
        if room is not None:
            body["max_tokens"] = room
        if request.sampling.logprobs is not None:
            body["return_logprob"] = True
        return HttpRequest("/generate", body | self.sampling_fields(request.sampling))

    def make_decoder(self, request: GenerationRequest) -> Decoder:
        """Return the decoder of one stream."""
        return partial(_decode, request.sampling.logprobs is not None)


def _decode(wants_logprobs: bool, payload: bytes) -> StreamDelta:  # noqa: FBT001  (partial's)
    chunk = _read(payload)
    if chunk.error:
        raise_stream_error(chunk.error)
    ids, meta = chunk.output_ids or (), chunk.meta_info
    if meta is None:
        return StreamDelta(ids)
    end = meta.finish_reason
    logprobs = None
    if wants_logprobs:
        pairs = zip(ids, meta.output_token_logprobs or (), strict=False)
        logprobs = tuple(TokenLogprob(token, clamp_logprob(own.logprob)) for token, own in pairs)
    return StreamDelta(ids, logprobs, finish_reason(end.type) if end else None)
