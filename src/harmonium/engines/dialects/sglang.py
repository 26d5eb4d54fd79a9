"""Dialect of SGLang: ``/generate``, whose chunks carry either new ids or all ids so far.

Knows nothing of connections. Source: SGLang's native API.

Theory of operation. ``output_ids`` are cumulative unless the server streams incrementally, and no
field says which. But each chunk carries ``completion_tokens``, the count of all ids so far. With
`given` ids taken and a count of `total`, a chunk of new ids has ``total - given`` of them, and a
longer one must repeat old ids. So the first chunk behind others decides, for the rest of the
stream. A chunk that adds nothing (``total == given``, no ids) fits both readings, and leaves the
decision to the next.
"""

from __future__ import annotations

import json

import msgspec

from harmonium.engines.protocol import (
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    StructuralTag,
    TokenLogprob,
)
from harmonium.engines.remote.dialect import (
    Decoder,
    Dialect,
    HttpRequest,
    StreamDelta,
    finish_reason,
    most_likely,
    same_names,
)
from harmonium.engines.remote.error_mapping import raise_stream_error
from harmonium.engines.remote.payload import (
    Count,
    Payload,
    TokenId,
    clamp_logprob,
    payload_reader,
)
from harmonium.errors import EngineProtocolError


class _TokenEntry(msgspec.Struct, array_like=True, gc=False):
    """An array: log probability, token id, and the token's text or null."""

    logprob: float | None
    token: TokenId


class _Finish(msgspec.Struct, gc=False):
    type: str | None = None
    matched: TokenId | str | None = None


class _Meta(msgspec.Struct, gc=False):
    completion_tokens: Count | None = None
    cached_tokens: Count | None = None
    finish_reason: _Finish | None = None


class _MetaWithLogprobs(_Meta, gc=False):
    output_token_logprobs: list[_TokenEntry] | None = None
    output_top_logprobs: list[list[_TokenEntry] | None] | None = None


class _Chunk(Payload, gc=False):
    output_ids: tuple[TokenId, ...] | None = None
    meta_info: _Meta | None = None


class _ChunkWithLogprobs(Payload, gc=False):
    output_ids: tuple[TokenId, ...] | None = None
    meta_info: _MetaWithLogprobs | None = None


_read_plain = payload_reader(_Chunk)
_read_with_logprobs = payload_reader(_ChunkWithLogprobs)


class SglangDialect(Dialect):
    """SGLang."""

    kind = "sglang"
    param_names = same_names(
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "logit_bias",
        "stop_token_ids",
    ) | {"seed": "sampling_seed"}
    other_params = frozenset({"max_tokens", "logprobs"})
    constraints = frozenset({"json_object", "json_schema", "structural_tag", "grammar"})
    max_logprobs = 20

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in SGLang's form."""
        sampling = self.sampling_fields(request.sampling)
        sampling |= {"skip_special_tokens": False, "no_stop_trim": True}
        if room is not None:
            sampling["max_new_tokens"] = room
        match request.constraint:
            case JsonObject():
                sampling["json_schema"] = '{"type":"object"}'
            case JsonSchema(schema=schema):
                sampling["json_schema"] = json.dumps(dict(schema))
            case StructuralTag(json=tag):
                sampling["structural_tag"] = tag
            case Grammar(text=text):
                sampling["ebnf"] = text
            case _:
                pass
        body: dict[str, object] = {
            "rid": request.request_id,
            "input_ids": list(request.prompt),
            "sampling_params": sampling,
            "stream": True,
        }
        if request.sampling.logprobs is not None:
            body |= {"return_logprob": True, "logprob_start_len": -1}
            body["top_logprobs_num"] = request.sampling.logprobs
        return HttpRequest("/generate", body)

    def make_decoder(self, request: GenerationRequest) -> Decoder:
        """Return the decoder of one stream."""
        return _SglangDecoder(request.sampling.logprobs)

    def abort_request(self, request_id: str) -> HttpRequest:
        """Return the request that ends a generation by its id."""
        return HttpRequest("/abort_request", {"rid": request_id})


class _SglangDecoder:
    """The decoder of one stream, which finds out whether its ids are new or cumulative."""

    __slots__ = ("_given", "_is_cumulative", "_most", "_read")

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._read = _read_plain if most is None else _read_with_logprobs
        self._given = 0
        self._is_cumulative: bool | None = None

    def __call__(self, payload: bytes) -> StreamDelta:
        chunk = self._read(payload)
        if chunk.error:
            raise_stream_error(chunk.error)
        ids, meta = chunk.output_ids or (), chunk.meta_info
        if meta is None or meta.completion_tokens is None:
            message = "the engine sent a chunk without `meta_info.completion_tokens`"
            raise EngineProtocolError(message)
        fresh = ids[self._begin(len(ids), meta.completion_tokens) :]
        self._given += len(fresh)
        end, reason, matched = meta.finish_reason, None, None
        if end is not None:
            reason = finish_reason(end.type)
            matched = end.matched if isinstance(end.matched, int) else None
        logprobs = self._logprobs(meta, fresh) if isinstance(meta, _MetaWithLogprobs) else None
        return StreamDelta(fresh, logprobs, reason, matched, meta.cached_tokens)

    def _begin(self, size: int, total: int) -> int:
        """Return where the new ids begin among those of a chunk."""
        if self._given and self._is_cumulative is None:
            fresh = total - self._given
            if size > max(fresh, 0):
                self._is_cumulative = True
            elif fresh > 0:
                self._is_cumulative = False
        return min(self._given, size) if self._is_cumulative else 0

    def _logprobs(
        self, meta: _MetaWithLogprobs, fresh: tuple[int, ...]
    ) -> tuple[TokenLogprob, ...]:
        """Return the last entries, one per new id; entries are new or cumulative, as ids are."""
        if not fresh:
            return ()
        chosen = (meta.output_token_logprobs or [])[-len(fresh) :]
        tops = (meta.output_top_logprobs or [])[-len(fresh) :]
        if not self._most or len(tops) != len(chosen):
            tops = [None] * len(chosen)
        return tuple(
            TokenLogprob(token, clamp_logprob(own.logprob), self._top(top))
            for token, own, top in zip(fresh, chosen, tops, strict=False)
        )

    def _top(self, top: list[_TokenEntry] | None) -> tuple[tuple[int, float], ...]:
        pairs = [(entry.token, clamp_logprob(entry.logprob)) for entry in top or ()]
        return most_likely(pairs, self._most or 0)
