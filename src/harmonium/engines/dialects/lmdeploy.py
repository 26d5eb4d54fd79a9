"""Own lmdeploy's words: ``/generate``, whose ids come anew in each chunk.

Knows nothing of connections. Source: lmdeploy's ``api_server``.
"""

from __future__ import annotations

from harmonium.engines.protocol import (
    Capabilities,
    FinishReason,
    GenerationRequest,
    TokenLogprob,
)
from harmonium.engines.remote.dialect import (
    Asker,
    Delta,
    Framing,
    Question,
    Reader,
    ignored_fields,
    spelled,
)
from harmonium.engines.remote.json_fields import (
    Json,
    ids_in,
    list_in,
    log_probability,
    object_in,
    refuse,
    text_in,
)
from harmonium.engines.remote.model_list import context_of, list_models, names_of

_NAMES = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "repetition_penalty": "repetition_penalty",
    "stop_token_ids": "stop_token_ids",
}
_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "abort": "abort"}


class LmdeployDialect:
    """Speak to lmdeploy, which tells the chosen token's log probability and no alternatives."""

    kind = "lmdeploy"
    framing: Framing = "events"
    omits_stop = True
    health_path = "/health"

    async def probe(self, server: Asker) -> Capabilities:
        """Ask for the models."""
        models = await list_models(server)
        return Capabilities(
            models=names_of(models),
            max_context=context_of(models),
            logprobs=0,
            ignored=ignored_fields(_NAMES, "max_tokens", "logprobs"),
        )

    def question(self, request: GenerationRequest, room: int | None) -> Question:
        """Put a request in lmdeploy's words."""
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
        return Question("/generate", body | spelled(request.sampling, _NAMES))

    def reader(self, request: GenerationRequest) -> Reader:
        """Make the reader of one stream."""
        wants_logprobs = request.sampling.logprobs is not None
        return lambda said: _read(said, wants_logprobs=wants_logprobs)

    def abortion(self, request_id: str) -> None:  # noqa: ARG002  (the protocol's)
        """Know no way but to close the connection."""
        return


def _read(said: Json, *, wants_logprobs: bool) -> Delta:
    meta = object_in(said, "meta_info")
    ids = ids_in(said, "output_ids")
    word = text_in(object_in(meta, "finish_reason"), "type")
    entries = list_in(meta, "output_token_logprobs") if wants_logprobs else ()
    pairs = zip(ids, entries, strict=False)
    return Delta(
        ids,
        tuple(TokenLogprob(token, _of(entry)) for token, entry in pairs),
        _REASONS.get(word, "stop") if word else None,
    )


def _of(entry: object) -> float:
    """Read ``[log probability, token id]``."""
    if isinstance(entry, list) and entry:
        return log_probability(entry[0])
    return refuse("a log probability", "an array of two", entry)
