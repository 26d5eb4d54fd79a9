"""The route ``/v1/chat/completions``. What a request means is in `harmonium.openai`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request

from harmonium.engines import Capabilities, TokenLogprob
from harmonium.errors import RequestError
from harmonium.gateway.errors import ErrorResponse
from harmonium.gateway.generation.answer_source import AnswerSource
from harmonium.gateway.generation.decoders import EventDecoder, api_logprobs
from harmonium.gateway.generation.planning import EngineRequestSpec, ParamNames, Plan, make_plan
from harmonium.gateway.generation.stop_strings import EventStops
from harmonium.gateway.http.streaming_response import AnswerResponse
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.receive import log_prompt, receive
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject
from harmonium.openai import (
    DONE,
    Adapter,
    AnswerLogprob,
    ChatAnswer,
    ChatRequest,
    ChatStream,
    EngineFinish,
    chat_byte_stream,
    chat_request,
    error_event,
)
from harmonium.parse import Event

_FIELDS = ParamNames(prompt="messages", max_tokens="max_completion_tokens")


async def chat(service: Service, request: Request, record: RequestRecord) -> AnswerResponse:
    """Serve ``POST /v1/chat/completions``."""
    body, service, capabilities, size = await receive(service, request, record)

    def prepare() -> AnswerSource:
        asked, prompt = read_chat(body, service, record.owner)
        record.on_adapted(one.code for one in asked.adaptations)
        plan = chat_plan(asked, prompt, capabilities, service, record)
        log_prompt(service, record, prompt)
        return chat_answer(asked, plan, service, record)

    return AnswerResponse(await service.run_cpu_bound(size, prepare), service, record)


def read_chat(
    body: JSONObject, service: Service, owner: str | None = None
) -> tuple[ChatRequest, list[int]]:
    """Read a chat request, and render its prompt; `owner` is whose histories may be found.

    Raises:
        RequestError: something in it is wrong, or cannot be honoured here.

    """
    asked = chat_request(
        body,
        service.prompt_settings(),
        tolerance=service.settings.tolerance,
        histories=service.chat_histories.scoped(owner),
    )
    if asked.passthrough.get("store"):
        message = "this server does not store chat completions; leave store out"
        refusal = RequestError(message, param="store", code="unsupported_parameter")
        adapter = Adapter(service.settings.tolerance, asked.adaptations)
        adapter.adapt("store", refusal)
        asked = replace(asked, adaptations=tuple(adapter.found))
    return asked, asked.render(service.encoding, service.settings.profile)


def chat_plan(
    asked: ChatRequest,
    prompt: list[int],
    capabilities: Capabilities,
    service: Service,
    record: RequestRecord,
) -> Plan:
    """Build the plan of engine requests.

    Raises:
        HarmoniumError: the model is unknown, a bound is passed, or the engine cannot do it.

    """
    sampling, answer = asked.sampling, asked.answer
    model = service.find_model(asked.model, capabilities)
    record.on_model(model.id, stream=asked.stream)
    wanted = EngineRequestSpec(
        model=model.engine_name,
        prompt=prompt,
        fields=_FIELDS,
        choices=answer.n,
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        seed=sampling.seed,
        presence_penalty=sampling.presence_penalty,
        frequency_penalty=sampling.frequency_penalty,
        logit_bias=sampling.logit_bias,
        top_k=sampling.top_k,
        min_p=sampling.min_p,
        repetition_penalty=sampling.repetition_penalty,
        logprobs=answer.top_logprobs if answer.logprobs else None,
        stop=sampling.stop,
        shape=None if asked.answer_format is None else asked.answer_format.shape,
        tool_choice=asked.tool_choice,
        tools={asked.names.harmony_name(tool.name): tool for tool in asked.tools},
    )
    return make_plan(wanted, capabilities, service, record)


def chat_answer(
    asked: ChatRequest, plan: Plan, service: Service, record: RequestRecord
) -> AnswerSource:
    """Return the source of a chat completion: in chunks, or whole."""
    names, stops = asked.names, asked.sampling.stop
    decoders = [
        EventDecoder(
            service.encoding.parser(policy=service.settings.policy, tools=names.declared),
            EventStops(stops, names) if stops else None,
        )
        for _ in plan.requests
    ]
    writer = (_ChunkWriter if asked.stream else _BodyWriter)(asked, service, record)
    return AnswerSource(plan, decoders, writer, record, is_streaming=asked.stream)


class _Writer:
    """What a streamed and a whole chat completion have in common."""

    def __init__(
        self,
        answer: ChatStream[bytes] | ChatAnswer,
        service: Service,
        record: RequestRecord,
    ) -> None:
        self._answer = answer
        self._token_bytes = service.token_bytes
        self._record = record

    def record_answer(self) -> None:
        """Record what was repaired, and how much was reasoning."""
        answer = self._answer
        codes = (repair.code for choice in range(answer.n) for repair in answer.repairs(choice))
        self._record.on_answer(codes, answer.usage(0).reasoning_tokens)

    def fail(self, failure: ErrorResponse) -> bytes:
        """Return the error's event, and the stream's end."""
        return error_event(failure.error) + DONE

    def _logprobs(self, entries: Sequence[TokenLogprob]) -> Sequence[AnswerLogprob]:
        return api_logprobs(entries, self._token_bytes) if entries else ()


class _ChunkWriter(_Writer):
    """Writer of chunks."""

    def __init__(self, asked: ChatRequest, service: Service, record: RequestRecord) -> None:
        self._stream = chat_byte_stream(asked, service.answer_context, service.chat_options)
        super().__init__(self._stream, service, record)

    def feed(
        self,
        choice: int,
        content: list[Event],
        logprobs: Sequence[TokenLogprob],
        finish: EngineFinish | None,
    ) -> bytes:
        """Return the chunks of some events, and of the choice's end."""
        chunks = self._stream.feed(content, choice, self._logprobs(logprobs))
        if finish is not None:
            chunks += self._stream.finish(finish, choice)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def end(self) -> bytes:
        """Return the chunk with the usage, if it was asked for, and the stream's end."""
        record = self._record
        last = self._stream.end(record.prompt_tokens or 0, record.cached_tokens)
        return b"".join([*last, record.repairs_comment, DONE])


class _BodyWriter(_Writer):
    """Writer of one chat completion."""

    def __init__(self, asked: ChatRequest, service: Service, record: RequestRecord) -> None:
        self._whole = ChatAnswer(asked, service.answer_context, service.chat_options)
        super().__init__(self._whole, service, record)

    def feed(
        self,
        choice: int,
        content: list[Event],
        logprobs: Sequence[TokenLogprob],
        finish: EngineFinish | None,
    ) -> bytes:
        """Add some events; there is nothing to send yet."""
        self._whole.feed(content, choice, self._logprobs(logprobs))
        if finish is not None:
            self._whole.finish(finish, choice)
        return b""

    def end(self) -> bytes:
        """Return the whole completion as JSON."""
        record = self._record
        body = self._whole.to_dict(record.prompt_tokens or 0, record.cached_tokens)
        return json.dumps(record.with_repairs(body), separators=(",", ":")).encode("ascii")
