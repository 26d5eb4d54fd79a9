"""Dialect of Ollama: ``/api/generate`` in raw mode; text in, text out, one line per chunk.

Knows nothing of connections; lossy as `completions` is.
"""

from __future__ import annotations

from harmonium.engines.protocol import Capabilities, FinishReason, GenerationRequest
from harmonium.engines.remote.dialect import (
    Asker,
    Framing,
    HttpRequest,
    Reader,
    StreamDelta,
    ignored_fields,
    spelled,
)
from harmonium.engines.remote.json_fields import get_str, list_in, objects
from harmonium.engines.remote.text_tokens import TextToIds, prompt_text
from harmonium.json_types import JSONMapping
from harmonium.limits import DEFAULT_LIMITS, Limits

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
_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class OllamaDialect:
    """Speak text to Ollama."""

    kind = "ollama"
    framing: Framing = "lines"
    omits_stop_token = True
    health_path = "/api/version"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limit = limits.engine_line_bytes

    async def probe(self, server: Asker) -> Capabilities:
        """Ask for the models."""
        answer = await server.get("/api/tags")
        listed = list_in(answer, "models") if isinstance(answer, dict) else ()
        return Capabilities(
            models=tuple(get_str(model, "name") for model in objects(listed, "a model")),
            lossy=True,
            ignored=ignored_fields(_NAMES, "max_tokens"),
        )

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Put a request in Ollama's words; raises as `prompt_text`."""
        options = spelled(request.sampling, _NAMES)
        options["stop"] = ["<|return|>", "<|call|>"]
        if room is not None:
            options["num_predict"] = room
        body = {
            "model": request.model,
            "prompt": prompt_text(request.prompt),
            "raw": True,
            "stream": True,
            "options": options,
        }
        return HttpRequest("/api/generate", body)

    def reader(self, request: GenerationRequest) -> Reader:  # noqa: ARG002  (the protocol's)
        """Build the reader of one stream."""
        coder = TextToIds(self._limit)
        return lambda said: _read(said, coder)

    def abort_request(self, request_id: str) -> None:  # noqa: ARG002  (the protocol's)
        """Return None: closing the connection is the only way."""
        return


def _read(said: JSONMapping, coder: TextToIds) -> StreamDelta:
    text = get_str(said, "response")
    if said.get("done") is not True:
        return StreamDelta(tuple(coder.feed(text)))
    word = get_str(said, "done_reason")
    return StreamDelta(tuple(coder.end(text)), reason=_REASONS.get(word, "stop"))
