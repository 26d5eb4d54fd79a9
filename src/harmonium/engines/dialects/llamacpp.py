"""Dialect of llama.cpp: ``/completion``, which may omit the id that ended a generation.

Knows nothing of connections. Source: llama.cpp's server; it ends without ``[DONE]``, and tells a
token's alternatives only when asked for one or more. Its stream leaves out ids: see
`MissingTokenRecovery`.
"""

from __future__ import annotations

from harmonium.engines.dialects.llamacpp_missing_ids import MissingTokenRecovery
from harmonium.engines.protocol import (
    Capabilities,
    FinishReason,
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    SamplingParams,
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
    objects,
    token_id,
)
from harmonium.engines.remote.model_list import list_models, names_of
from harmonium.json_types import JSONMapping

_MOST_LOGPROBS = 20
_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "repetition_penalty": "repeat_penalty",
    "seed": "seed",
}
_REASONS: dict[str, FinishReason] = {"eos": "stop", "word": "stop", "limit": "length"}


class LlamacppDialect:
    """Speak to llama.cpp's own server.

    Its list of stop ids is the model's, which for gpt-oss holds the two that matter; a call to
    stop at others cannot be made. Its grammars take markers for the text they spell: a string in
    JSON may hold them, unless their logits are biased away.
    """

    kind = "llamacpp"
    framing: Framing = "events"
    omits_stop_token = True
    health_path = "/health"

    async def probe(self, server: Asker) -> Capabilities:
        """Ask for the models, and for the size of a slot's context."""
        models = await list_models(server)
        properties = await server.get("/props")
        held = properties if isinstance(properties, dict) else {}
        return Capabilities(
            models=names_of(models),
            max_context=get_count(get_object(held, "default_generation_settings"), "n_ctx"),
            constraints=frozenset({"json_object", "json_schema", "grammar"}),
            logprobs=_MOST_LOGPROBS,
            ignored=ignored_fields(_NAMES, "max_tokens", "logprobs", "logit_bias"),
        )

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Put a request in llama.cpp's words."""
        sampling = request.sampling
        body = spelled(sampling, _NAMES)
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

    def reader(self, request: GenerationRequest) -> Reader:
        """Build the reader of one stream."""
        sampling, unsent = request.sampling, MissingTokenRecovery()
        return lambda said: _read(said, sampling, unsent)

    def abort_request(self, request_id: str) -> None:  # noqa: ARG002  (the protocol's)
        """Return None: closing the connection is the only way."""
        return


def _read(said: JSONMapping, sampling: SamplingParams, unsent: MissingTokenRecovery) -> StreamDelta:
    """Read a chunk. The last one repeats no ids, unless the server does not stream at all."""
    ids = ids_in(said, "tokens")
    before = unsent.before(ids, get_str(said, "content"), get_count(said, "tokens_predicted"))
    is_last = said.get("stop") is True
    return StreamDelta(
        before + ids,
        _logprobs(said, before, ids, sampling.logprobs),
        _REASONS.get(get_str(said, "stop_type"), "stop") if is_last else None,
        None,
        _cached(said) if is_last else None,
    )


def _cached(said: JSONMapping) -> int | None:
    """Return the prompt tokens that came from the cache: all but those that were evaluated."""
    return get_count(get_object(said, "timings"), "cache_n")


def _logprobs(
    said: JSONMapping, before: tuple[int, ...], ids: tuple[int, ...], most: int | None
) -> tuple[TokenLogprob, ...] | None:
    """Read the log probabilities; ids that were not sent have none, and get 0 as inferred ones."""
    if most is None:
        return None
    entries = objects(list_in(said, "completion_probabilities"), "a log probability")
    unsent = tuple([TokenLogprob(token, 0.0) for token in before])
    return unsent + tuple(
        TokenLogprob(token, log_probability(entry.get("logprob")), _top(entry, most))
        for token, entry in zip(ids, entries, strict=False)
    )


def _top(entry: JSONMapping, most: int) -> tuple[tuple[int, float], ...]:
    found = objects(list_in(entry, "top_logprobs"), "an alternative")
    pairs = [
        (token_id(each.get("id"), "an alternative"), log_probability(each.get("logprob")))
        for each in found
    ]
    return by_likelihood(pairs, most)
