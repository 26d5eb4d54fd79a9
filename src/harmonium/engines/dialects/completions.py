"""Dialect of any server with ``/v1/completions``: text in, text out; structure may be lost.

Knows nothing of connections. A server that strips special tokens from what it generates leaves no
Harmony to read: the parser's repairs then guess, and say so.
"""

from __future__ import annotations

import msgspec

from harmonium.engines.protocol import GenerationRequest
from harmonium.engines.remote.dialect import (
    Decoder,
    Dialect,
    HttpRequest,
    StreamDelta,
    finish_reason,
    same_names,
)
from harmonium.engines.remote.error_mapping import raise_stream_error
from harmonium.engines.remote.payload import Payload, payload_reader
from harmonium.engines.remote.text_tokens import TextToIds, prompt_text, stop_strings


class _Choice(msgspec.Struct, gc=False):
    text: str | None = None
    finish_reason: str | None = None


class _Completion(Payload, gc=False):
    choices: list[_Choice] | None = None


_read = payload_reader(_Completion)


class CompletionsDialect(Dialect):
    """A server of OpenAI's completions API, with the fields that API has."""

    kind = "completions"
    health_path = "/v1/models"
    param_names = same_names(
        "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed"
    )
    is_lossy = True

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in the API's form; raises as `prompt_text`."""
        body: dict[str, object] = {
            "model": request.model,
            "prompt": prompt_text(request.prompt, self.tokenizer),
            "stream": True,
            "stop": stop_strings(self.tokenizer),
            "skip_special_tokens": False,
        }
        if room is not None:
            body["max_tokens"] = room
        return HttpRequest("/v1/completions", body | self.sampling_fields(request.sampling))

    def make_decoder(self, request: GenerationRequest) -> Decoder:  # noqa: ARG002  (as the others)
        """Return the decoder of one stream."""
        coder = TextToIds(self._limits.engine_line_bytes, self.tokenizer)

        def decode(payload: bytes) -> StreamDelta | None:
            completion = _read(payload)
            if completion.error:
                raise_stream_error(completion.error)
            if not completion.choices:
                return None
            choice = completion.choices[0]
            text = choice.text or ""
            if choice.finish_reason:
                reason = finish_reason(choice.finish_reason)
                return StreamDelta(tuple(coder.end(text)), reason=reason)
            return StreamDelta(tuple(coder.feed(text)))

        return decode
