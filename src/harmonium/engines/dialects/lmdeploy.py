"""Dialect of lmdeploy: ``/generate``, whose chunks hold only new ids.

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
    Framing,
    HttpRequest,
    Reader,
    StreamDelta,
    ignored_fields,
    spelled,
)
from harmonium.engines.remote.json_fields import (
    get_object,
    get_str,
    ids_in,
    list_in,
    log_probability,
    refuse,
)
from harmonium.engines.remote.model_list import context_of, list_models, names_of
from harmonium.json_types import JSONMapping

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
    omits_stop_token = True
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

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
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
        return HttpRequest("/generate", body | spelled(request.sampling, _NAMES))

    def reader(self, request: GenerationRequest) -> Reader:
        """Build the reader of one stream."""
        wants_logprobs = request.sampling.logprobs is not None
        return lambda said: _read(said, wants_logprobs=wants_logprobs)

    def abort_request(self, request_id: str) -> None:  # noqa: ARG002  (the protocol's)
        """Return None: closing the connection is the only way."""
        return


def _read(said: JSONMapping, *, wants_logprobs: bool) -> StreamDelta:
    meta = get_object(said, "meta_info")
    ids = ids_in(said, "output_ids")
    word = get_str(get_object(meta, "finish_reason"), "type")
    entries = list_in(meta, "output_token_logprobs") if wants_logprobs else ()
    pairs = zip(ids, entries, strict=False)
    return StreamDelta(
        ids,
        tuple(TokenLogprob(token, _of(entry)) for token, entry in pairs),
        _REASONS.get(word, "stop") if word else None,
    )


def _of(entry: object) -> float:
    """Read ``[log probability, token id]``."""
    if isinstance(entry, list) and entry:
        return log_probability(entry[0])
    return refuse("a log probability", "an array of two", entry)
