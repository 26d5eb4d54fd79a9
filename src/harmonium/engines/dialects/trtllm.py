"""Dialect of TensorRT-LLM: completions without detokenizing. Knows nothing of connections.

Source: ``trtllm-serve``, whose completions route takes and gives ids with ``detokenize`` false.
"""

from __future__ import annotations

from harmonium.engines.dialects.token_completions import decode_chunk
from harmonium.engines.protocol import GenerationRequest
from harmonium.engines.remote.dialect import Decoder, Dialect, HttpRequest, same_names


class TrtllmDialect(Dialect):
    """TensorRT-LLM; its log probabilities name tokens by text, so there are none here."""

    kind = "trtllm"
    param_names = same_names(
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

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in TensorRT-LLM's form."""
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
        return HttpRequest("/v1/completions", body | self.sampling_fields(request.sampling))

    def make_decoder(self, request: GenerationRequest) -> Decoder:  # noqa: ARG002  (as the others)
        """Return the decoder of one stream."""
        return decode_chunk
