"""Dialect of SGLang: ``/generate``, whose chunks hold either new ids or all ids so far.

Knows nothing of connections. Source: SGLang's native API; ``output_ids`` hold all ids so far unless
the server streams incrementally, and nothing in a chunk says which, but its count of tokens.
"""

from __future__ import annotations

import json

from harmonium.engines.protocol import (
    Capabilities,
    FinishReason,
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    StructuralTag,
    TokenLogprob,
)
from harmonium.engines.remote.dialect import (
    Asker,
    Framing,
    HttpRequest,
    Reader,
    StreamDelta,
    by_likelihood,
    ignored_fields,
    spelled,
)
from harmonium.engines.remote.json_fields import (
    get_count,
    get_object,
    get_str,
    ids_in,
    list_in,
    log_probability,
    refuse,
    token_id,
)
from harmonium.engines.remote.model_list import context_of, list_models, names_of
from harmonium.json_types import JSONMapping

_MOST_LOGPROBS = 20
_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "repetition_penalty": "repetition_penalty",
    "seed": "sampling_seed",
    "logit_bias": "logit_bias",
    "stop_token_ids": "stop_token_ids",
}
_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "abort": "abort"}


class SglangDialect:
    """Speak to SGLang."""

    kind = "sglang"
    framing: Framing = "events"
    omits_stop_token = True
    health_path = "/health"

    async def probe(self, server: Asker) -> Capabilities:
        """Ask for the models."""
        models = await list_models(server)
        return Capabilities(
            models=names_of(models),
            max_context=context_of(models),
            constraints=frozenset({"json_object", "json_schema", "structural_tag", "grammar"}),
            logprobs=_MOST_LOGPROBS,
            ignored=ignored_fields(_NAMES, "max_tokens", "logprobs"),
        )

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Put a request in SGLang's words."""
        sampling = spelled(request.sampling, _NAMES)
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

    def reader(self, request: GenerationRequest) -> Reader:
        """Build the reader of one stream."""
        return _SglangReader(request.sampling.logprobs)

    def abort_request(self, request_id: str) -> HttpRequest:
        """End by name."""
        return HttpRequest("/abort_request", {"rid": request_id})


class _SglangReader:
    """Read one stream, and find out whether its ids come anew or from the beginning."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._given = 0
        self._is_cumulative: bool | None = None

    def __call__(self, said: JSONMapping) -> StreamDelta | None:
        meta = get_object(said, "meta_info")
        ids = ids_in(said, "output_ids")
        begin = self._begin(len(ids), get_count(meta, "completion_tokens"))
        fresh = ids[begin:]
        self._given += len(fresh)
        end = meta.get("finish_reason")
        ending = get_object(meta, "finish_reason") if end is not None else {}
        matched = ending.get("matched")
        word = get_str(ending, "type")
        return StreamDelta(
            fresh,
            self._logprobs(meta, fresh),
            _REASONS.get(word, "stop") if word else None,
            matched if type(matched) is int else None,
            get_count(meta, "cached_tokens"),
        )

    def _begin(self, size: int, total: int | None) -> int:
        """Return where the new ids begin among those of a chunk."""
        if total is None:
            return refuse("completion_tokens", "a count", None)
        if self._given and self._is_cumulative is None:
            fresh = total - self._given
            if size > max(fresh, 0):
                self._is_cumulative = True
            elif fresh > 0:
                self._is_cumulative = False
        return min(self._given, size) if self._is_cumulative else 0

    def _logprobs(
        self, meta: JSONMapping, fresh: tuple[int, ...]
    ) -> tuple[TokenLogprob, ...] | None:
        """Return the last entries, one per new id; entries are new or cumulative, as ids are."""
        if self._most is None:
            return None
        if not fresh:
            return ()
        chosen = list_in(meta, "output_token_logprobs")[-len(fresh) :]
        tops = list_in(meta, "output_top_logprobs")[-len(fresh) :]
        if not self._most or len(tops) != len(chosen):
            tops = [None] * len(chosen)
        return tuple(
            TokenLogprob(token, _pair(own)[1], self._top(top))
            for token, own, top in zip(fresh, chosen, tops, strict=False)
        )

    def _top(self, top: object) -> tuple[tuple[int, float], ...]:
        if not isinstance(top, list):
            return ()
        return by_likelihood([_pair(entry) for entry in top], self._most)


def _pair(entry: object) -> tuple[int, float]:
    """Read ``[log probability, token id, text]``."""
    if isinstance(entry, list) and len(entry) > 1:
        return token_id(entry[1], "a log probability's token"), log_probability(entry[0])
    return refuse("a log probability", "an array of two or three", entry)
