"""Dialect of llama.cpp: ``/completion``, which may omit the id that ended a generation.

Knows nothing of connections. Source: llama.cpp's server; it ends without ``[DONE]``, and tells a
token's alternatives only when asked for one or more. Its stream leaves out ids: see
`MissingTokenRecovery`.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from harmonium.engines.dialects.llamacpp_missing_ids import MissingTokenRecovery
from harmonium.engines.protocol import (
    Capabilities,
    FinishReason,
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    TokenLogprob,
)
from harmonium.engines.remote.dialect import (
    Decoder,
    Dialect,
    HttpRequest,
    StreamDelta,
    most_likely,
    same_names,
)
from harmonium.engines.remote.error_mapping import raise_stream_error
from harmonium.engines.remote.model_list import JSONSource
from harmonium.engines.remote.payload import (
    Count,
    Payload,
    TokenId,
    clamp_logprob,
    payload_reader,
    read_value,
)
from harmonium.tokens import Tokenizer

_STOPS_BY_LIMIT = "limit"


class _Alternative(msgspec.Struct, gc=False):
    id: TokenId
    logprob: float | None = None


class _TokenEntry(msgspec.Struct, gc=False):
    logprob: float | None = None
    top_logprobs: list[_Alternative] | None = None


class _Timings(msgspec.Struct, gc=False):
    cache_n: Count | None = None


class _Chunk(Payload, gc=False):
    tokens: tuple[TokenId, ...] | None = None
    content: str | None = None
    tokens_predicted: Count | None = None
    stop: bool | None = None
    stop_type: str | None = None
    timings: _Timings | None = None


class _ChunkWithLogprobs(_Chunk, gc=False):
    completion_probabilities: list[_TokenEntry] | None = None


class _Generation(msgspec.Struct, gc=False):
    n_ctx: Count | None = None


class _Properties(msgspec.Struct, gc=False):
    default_generation_settings: _Generation | None = None


_read_plain = payload_reader(_Chunk)
_read_with_logprobs = payload_reader(_ChunkWithLogprobs)


class LlamacppDialect(Dialect):
    """llama.cpp's own server.

    Its list of stop ids is the model's, which for gpt-oss has the two that matter; a call to
    stop at others cannot be made. Its grammars take markers for the text they spell: a string in
    JSON may hold them, unless their logits are biased away.
    """

    kind = "llamacpp"
    param_names = same_names(
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "seed",
    ) | {"repetition_penalty": "repeat_penalty"}
    other_params = frozenset({"max_tokens", "logprobs", "logit_bias"})
    constraints = frozenset({"json_object", "json_schema", "grammar"})
    max_logprobs = 20

    async def fetch_capabilities(self, server: JSONSource) -> Capabilities:
        """Ask for the models, and for a slot's context, which is what a request gets."""
        capabilities = await super().fetch_capabilities(server)
        properties = await server.get("/props")
        settings = None
        if isinstance(properties, dict):
            settings = read_value(properties, _Properties).default_generation_settings
        return replace(capabilities, max_context=settings.n_ctx if settings else None)

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in llama.cpp's form."""
        sampling = request.sampling
        body = self.sampling_fields(sampling)
        body |= {
            "prompt": list(request.prompt),
            "stream": True,
            "return_tokens": True,
            "cache_prompt": True,
            "n_predict": -1 if room is None else room,
        }
        if sampling.logprobs is not None:
            body["n_probs"] = max(1, sampling.logprobs)
        if sampling.logit_bias:
            body["logit_bias"] = [[token, bias] for token, bias in sampling.logit_bias.items()]
        match request.constraint:
            case JsonObject():
                body["json_schema"] = {"type": "object"}
            case JsonSchema(schema=schema):
                body["json_schema"] = dict(schema)
            case Grammar(text=text):
                body["grammar"] = text
            case _:
                pass
        return HttpRequest("/completion", body)

    def make_decoder(self, request: GenerationRequest) -> Decoder:
        """Return the decoder of one stream."""
        return _LlamacppDecoder(request.sampling.logprobs, self.tokenizer)


class _LlamacppDecoder:
    """The decoder of one stream; its last chunk has ids only where the server does not stream."""

    __slots__ = ("_missing", "_most", "_read")

    def __init__(self, most: int | None, tokenizer: Tokenizer) -> None:
        self._most = most
        self._read = _read_plain if most is None else _read_with_logprobs
        self._missing = MissingTokenRecovery(tokenizer)

    def __call__(self, payload: bytes) -> StreamDelta:
        chunk = self._read(payload)
        if chunk.error:
            raise_stream_error(chunk.error)
        ids = chunk.tokens or ()
        before = self._missing.before(ids, chunk.content or "", chunk.tokens_predicted)
        logprobs = None
        if isinstance(chunk, _ChunkWithLogprobs):
            logprobs = self._logprobs(chunk, before, ids)
        if not chunk.stop:
            return StreamDelta(before + ids, logprobs)
        reason: FinishReason = "length" if chunk.stop_type == _STOPS_BY_LIMIT else "stop"
        cached = chunk.timings.cache_n if chunk.timings else None
        return StreamDelta(before + ids, logprobs, reason, None, cached)

    def _logprobs(
        self, chunk: _ChunkWithLogprobs, before: tuple[int, ...], ids: tuple[int, ...]
    ) -> tuple[TokenLogprob, ...]:
        """Return the log probabilities; ids that were not sent have none, and get 0."""
        inferred = tuple([TokenLogprob(token, 0.0) for token in before])
        return inferred + tuple(
            TokenLogprob(token, clamp_logprob(entry.logprob), self._top(entry))
            for token, entry in zip(ids, chunk.completion_probabilities or (), strict=False)
        )

    def _top(self, entry: _TokenEntry) -> tuple[tuple[int, float], ...]:
        pairs = [(each.id, clamp_logprob(each.logprob)) for each in entry.top_logprobs or ()]
        return most_likely(pairs, self._most or 0)
