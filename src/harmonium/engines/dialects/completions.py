"""Dialect of any server with ``/v1/completions``: text in, text out; structure may be lost.

Knows nothing of connections. A server that strips special tokens from what it generates leaves no
Harmony to read: the parser's repairs then guess, and say so.
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
from harmonium.engines.remote.model_list import context_of, list_models, names_of
from harmonium.engines.remote.text_tokens import TextToIds, prompt_text
from harmonium.json_types import JSONMapping
from harmonium.limits import DEFAULT_LIMITS, Limits

_NAMES = {
    name: name for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed")
}
_REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length"}


class CompletionsDialect:
    """Speak text to a server of OpenAI's completions API, with the fields that API has."""

    kind = "completions"
    framing: Framing = "events"
    omits_stop_token = True
    health_path = "/v1/models"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limit = limits.engine_line_bytes

    async def probe(self, server: Asker) -> Capabilities:
        """Ask for the models."""
        models = await list_models(server)
        return Capabilities(
            models=names_of(models),
            max_context=context_of(models),
            lossy=True,
            ignored=ignored_fields(_NAMES, "max_tokens"),
        )

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Put a request in the API's words; raises as `prompt_text`."""
        body: dict[str, object] = {
            "model": request.model,
            "prompt": prompt_text(request.prompt),
            "stream": True,
            "stop": ["<|return|>", "<|call|>"],
            "skip_special_tokens": False,
        }
        if room is not None:
            body["max_tokens"] = room
        return HttpRequest("/v1/completions", body | spelled(request.sampling, _NAMES))

    def reader(self, request: GenerationRequest) -> Reader:  # noqa: ARG002  (the protocol's)
        """Build the reader of one stream."""
        coder = TextToIds(self._limit)
        return lambda said: _read(said, coder)

    def abort_request(self, request_id: str) -> None:  # noqa: ARG002  (the protocol's)
        """Return None: closing the connection is the only way."""
        return


def _read(said: JSONMapping, coder: TextToIds) -> StreamDelta | None:
    choices = objects(list_in(said, "choices"), "a choice")
    if not choices:
        return None
    text = get_str(choices[0], "text")
    word = get_str(choices[0], "finish_reason")
    ids = coder.end(text) if word else coder.feed(text)
    return StreamDelta(tuple(ids), reason=_REASONS.get(word, "stop") if word else None)
