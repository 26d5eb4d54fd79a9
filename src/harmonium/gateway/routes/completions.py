"""The route ``/v1/completions``. What a request means is in `harmonium.openai.completions`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from starlette.requests import Request

from harmonium.engines import Capabilities, TokenLogprob
from harmonium.gateway.errors import ErrorResponse
from harmonium.gateway.generation.answer_source import AnswerSource
from harmonium.gateway.generation.decoders import TextDecoder
from harmonium.gateway.generation.planning import EngineRequestSpec, ParamNames, Plan, make_plan
from harmonium.gateway.generation.stop_strings import TextStops
from harmonium.gateway.http.streaming_response import AnswerResponse
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.receive import log_prompt, receive
from harmonium.gateway.service import Service
from harmonium.openai import (
    DONE,
    CompletionAnswer,
    CompletionRequest,
    CompletionStream,
    CompletionTokenLogprob,
    EngineFinish,
    TokenUsage,
    completion_request,
    error_event,
)

_FIELDS = ParamNames(prompt="prompt", max_tokens="max_tokens", logprobs="logprobs")


async def completions(service: Service, request: Request, record: RequestRecord) -> AnswerResponse:
    """Serve ``POST /v1/completions``."""
    body, service, capabilities, size = await receive(service, request, record)

    def prepare() -> AnswerSource:
        asked = completion_request(body, service.encoding)
        plan = completion_plan(asked, capabilities, service, record)
        log_prompt(service, record, list(asked.prompt))
        return completion_source(asked, plan, service, record)

    return AnswerResponse(await service.run_cpu_bound(size, prepare), service, record)


def completion_plan(
    asked: CompletionRequest, capabilities: Capabilities, service: Service, record: RequestRecord
) -> Plan:
    """Build the plan of engine requests.

    Raises:
        HarmoniumError: the model is unknown, a bound is passed, or the engine cannot do it.

    """
    model = service.find_model(asked.model, capabilities)
    record.on_model(model.id, stream=asked.stream)
    wanted = EngineRequestSpec(
        model=model.engine_name,
        prompt=asked.prompt,
        fields=_FIELDS,
        choices=asked.n,
        max_tokens=asked.max_tokens,
        temperature=asked.temperature,
        top_p=asked.top_p,
        seed=asked.seed,
        presence_penalty=asked.presence_penalty,
        frequency_penalty=asked.frequency_penalty,
        logit_bias=asked.logit_bias,
        logprobs=asked.logprobs,
        stop=asked.stop,
    )
    return make_plan(wanted, capabilities, service, record)


def completion_source(
    asked: CompletionRequest, plan: Plan, service: Service, record: RequestRecord
) -> AnswerSource:
    """Return the source of text completions: in chunks, or whole."""
    decoders = [TextDecoder(service.token_bytes, TextStops(asked.stop)) for _ in plan.requests]
    writer = (_ChunkWriter if asked.stream else _BodyWriter)(asked, service, record)
    return AnswerSource(plan, decoders, writer, record, is_streaming=asked.stream)


class _Writer:
    """What streamed and whole text completions have in common."""

    def __init__(self, service: Service, record: RequestRecord) -> None:
        self._token_bytes = service.token_bytes
        self._record = record

    def record_answer(self) -> None:
        """Record nothing: text is neither repaired nor reasoning."""

    def fail(self, failure: ErrorResponse) -> bytes:
        """Return the error's event, and the stream's end."""
        return error_event(failure.error) + DONE

    def _spell(self, token: int) -> str:
        return self._token_bytes(token).decode("utf-8", "replace")

    def _usage(self) -> TokenUsage:
        record = self._record
        return TokenUsage(record.prompt_tokens or 0, record.output_tokens, 0, record.cached_tokens)


class _ChunkWriter(_Writer):
    """Writer of chunks."""

    def __init__(self, asked: CompletionRequest, service: Service, record: RequestRecord) -> None:
        super().__init__(service, record)
        self._stream = CompletionStream(asked, service.answer_context, self._spell)

    def feed(
        self,
        choice: int,
        content: str,
        logprobs: Sequence[TokenLogprob],
        finish: EngineFinish | None,
    ) -> bytes:
        """Return the chunk of some text."""
        return self._stream.feed(content, choice, _logprobs(logprobs), finish)

    def end(self) -> bytes:
        """Return the chunk with the usage, if it was asked for, and the stream's end."""
        return self._stream.end(self._usage()) + DONE


class _BodyWriter(_Writer):
    """Writer of one whole body."""

    def __init__(self, asked: CompletionRequest, service: Service, record: RequestRecord) -> None:
        super().__init__(service, record)
        self._whole = CompletionAnswer(asked, service.answer_context, self._spell)

    def feed(
        self,
        choice: int,
        content: str,
        logprobs: Sequence[TokenLogprob],
        finish: EngineFinish | None,
    ) -> bytes:
        """Add some text; there is nothing to send yet."""
        self._whole.feed(content, choice, _logprobs(logprobs), finish)
        return b""

    def end(self) -> bytes:
        """Return the whole body as JSON."""
        body = self._whole.to_dict(self._usage())
        return json.dumps(body, separators=(",", ":")).encode("ascii")


def _logprobs(entries: Sequence[TokenLogprob]) -> Iterator[CompletionTokenLogprob]:
    return (CompletionTokenLogprob(one.token_id, one.logprob, one.top) for one in entries)
