"""Dialect of vLLM: its completions route, and its route of token ids in and out.

Source: vLLM 0.11 and later for ``/v1/completions`` with ``return_token_ids``; the route
``/inference/v1/generate`` as of 2026, where its OpenAPI page lists it together with its way to
abort.
"""

from __future__ import annotations

import msgspec

from harmonium.engines.dialects.token_completions import completion_decoder
from harmonium.engines.protocol import (
    Capabilities,
    Constraint,
    GenerationRequest,
    Grammar,
    JsonObject,
    JsonSchema,
    StructuralTag,
)
from harmonium.engines.remote.dialect import Decoder, Dialect, HttpRequest, same_names
from harmonium.engines.remote.model_list import JSONSource
from harmonium.engines.remote.payload import read_value
from harmonium.errors import EngineProtocolError

_GENERATE, _ABORT = "/inference/v1/generate", "/inference/v1/abort_requests"


class VllmDialect(Dialect):
    """vLLM, over whichever of its two routes the server has.

    Its grammars take markers for the text they spell: a structural tag may name them, and a string
    in JSON may hold them, unless their logits are biased away.
    """

    kind = "vllm"
    omits_stop_token = False
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
        "logprobs",
        "stop_token_ids",
    )
    constraints = frozenset({"json_object", "json_schema", "structural_tag", "grammar"})
    max_logprobs = 20
    has_token_route = False

    async def fetch_capabilities(self, server: JSONSource) -> Capabilities:
        """Ask for the models, and for the routes."""
        capabilities = await super().fetch_capabilities(server)
        self.has_token_route = await _has_token_route(server)
        return capabilities

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in vLLM's form; no room is null, which fills the context."""
        sampling: dict[str, object] = self.sampling_fields(request.sampling)
        sampling |= {"max_tokens": room, "skip_special_tokens": False}
        if request.constraint is not None:
            sampling["structured_outputs"] = structured_outputs(request.constraint)
        body: dict[str, object] = {
            "model": request.model,
            "request_id": request.request_id,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_token_ids": True,
        }
        prompt = list(request.prompt)
        if self.has_token_route:
            sampling["detokenize"] = False
            own: dict[str, object] = {"token_ids": prompt, "output_mode": "tokens"}
            own["sampling_params"] = sampling
            return HttpRequest(_GENERATE, body | own)
        if request.sampling.logprobs is not None:
            sampling["return_tokens_as_token_ids"] = True
        own = {"prompt": prompt, "add_special_tokens": False}
        return HttpRequest("/v1/completions", body | own | sampling)

    def make_decoder(self, request: GenerationRequest) -> Decoder:
        """Return the decoder of one stream."""
        return completion_decoder(request.sampling.logprobs)

    def abort_request(self, request_id: str) -> HttpRequest | None:
        """Return the request that aborts; only the token route has one.

        vLLM 0.32 knows the generation by a longer name than it was given; it passes over those
        it does not know.
        """
        if not self.has_token_route:
            return None
        return HttpRequest(_ABORT, {"request_ids": [request_id, f"generate-tokens-{request_id}"]})


def structured_outputs(constraint: Constraint) -> dict[str, object]:
    """Return vLLM's form of a constraint on the whole completion."""
    match constraint:
        case JsonObject():
            return {"json_object": True}
        case JsonSchema(schema=schema):
            return {"json": dict(schema)}
        case StructuralTag(json=tag):
            return {"structural_tag": tag}
        case Grammar(text=text):
            return {"grammar": text}


class _OpenAPI(msgspec.Struct, gc=False):
    paths: dict[str, object] | None = None


async def _has_token_route(server: JSONSource) -> bool:
    """Return whether the OpenAPI page lists the route; it may be switched off, or too large."""
    try:
        page = await server.get("/openapi.json")
    except EngineProtocolError:
        return False
    paths = (read_value(page, _OpenAPI).paths if isinstance(page, dict) else None) or {}
    return _GENERATE in paths and _ABORT in paths
