"""Dialect of Ollama: ``/api/generate`` in raw mode; text in, text out, one line per chunk.

Knows nothing of connections; lossy as `completions` is.
"""

from __future__ import annotations

import msgspec

from harmonium.engines.protocol import Capabilities, GenerationRequest
from harmonium.engines.remote.dialect import (
    Decoder,
    Dialect,
    HttpRequest,
    StreamDelta,
    finish_reason,
    same_names,
)
from harmonium.engines.remote.error_mapping import raise_stream_error
from harmonium.engines.remote.model_list import JSONSource
from harmonium.engines.remote.payload import Payload, payload_reader, read_value
from harmonium.engines.remote.text_tokens import TextToIds, prompt_text, stop_strings


class _Line(Payload, gc=False):
    response: str | None = None
    done: bool | None = None
    done_reason: str | None = None


class _Model(msgspec.Struct, gc=False):
    name: str = ""


class _ModelList(msgspec.Struct, gc=False):
    models: list[_Model] | None = None


_read = payload_reader(_Line)


class OllamaDialect(Dialect):
    """Ollama."""

    kind = "ollama"
    framing = "lines"
    health_path = "/api/version"
    param_names = same_names(
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "seed",
    ) | {"repetition_penalty": "repeat_penalty"}
    is_lossy = True

    async def fetch_capabilities(self, server: JSONSource) -> Capabilities:
        """Ask for the models, which have a list of their own."""
        answer = await server.get("/api/tags")
        models = read_value(answer, _ModelList).models if isinstance(answer, dict) else None
        return self.capabilities([model.name for model in models or () if model.name], None)

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in Ollama's form; raises as `prompt_text`."""
        options = self.sampling_fields(request.sampling)
        options["stop"] = stop_strings(self.tokenizer)
        if room is not None:
            options["num_predict"] = room
        body = {
            "model": request.model,
            "prompt": prompt_text(request.prompt, self.tokenizer),
            "raw": True,
            "stream": True,
            "options": options,
        }
        return HttpRequest("/api/generate", body)

    def make_decoder(self, request: GenerationRequest) -> Decoder:  # noqa: ARG002  (as the others)
        """Return the decoder of one stream."""
        coder = TextToIds(self._limits.engine_line_bytes, self.tokenizer)

        def decode(payload: bytes) -> StreamDelta:
            line = _read(payload)
            if line.error:
                raise_stream_error(line.error)
            text = line.response or ""
            if not line.done:
                return StreamDelta(tuple(coder.feed(text)))
            reason = finish_reason(line.done_reason or "stop")
            return StreamDelta(tuple(coder.end(text)), reason=reason)

        return decode
