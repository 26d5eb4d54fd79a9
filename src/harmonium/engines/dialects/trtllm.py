"""Dialect of TensorRT-LLM: completions without detokenizing. Knows nothing of connections.

Source: ``trtllm-serve``, whose completions route takes and gives ids with ``detokenize`` false.
"""

from __future__ import annotations

from harmonium.engines.dialects.vllm import read_completion
from harmonium.engines.protocol import Capabilities, GenerationRequest
from harmonium.engines.remote.dialect import (
    Asker,
    Framing,
    HttpRequest,
    Reader,
    ignored_fields,
    spelled,
)
from harmonium.engines.remote.model_list import context_of, list_models, names_of

_NAMES = {
    name: name
    for name in (
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "repetition_penalty",
        "seed",
        "logit_bias",
        "stop_token_ids",
    )
}


class TrtllmDialect:
    """Speak to TensorRT-LLM; its log probabilities name tokens by text, so there are none here."""

    kind = "trtllm"
    framing: Framing = "events"
    omits_stop_token = True
    health_path = "/health"

    async def probe(self, server: Asker) -> Capabilities:
        """Ask for the models."""
        models = await list_models(server)
        return Capabilities(
            models=names_of(models),
            max_context=context_of(models),
            ignored=ignored_fields(_NAMES, "max_tokens"),
        )

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Put a request in TensorRT-LLM's words."""
        body: dict[str, object] = {
            "model": request.model,
            "prompt": list(request.prompt),
            "stream": True,
            "stream_options": {"include_usage": True},
            "detokenize": False,
            "skip_special_tokens": False,
            "add_special_tokens": False,
        }
        if room is not None:
            body["max_tokens"] = room
        return HttpRequest("/v1/completions", body | spelled(request.sampling, _NAMES))

    def reader(self, request: GenerationRequest) -> Reader:
        """Build the reader of one stream."""
        sampling = request.sampling
        return lambda said: read_completion(said, sampling)

    def abort_request(self, request_id: str) -> None:  # noqa: ARG002  (the protocol's)
        """Return None: closing the connection is the only way."""
        return
