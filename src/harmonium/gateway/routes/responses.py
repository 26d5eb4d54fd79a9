"""The route ``/v1/responses``. What a request means is in `harmonium.openai`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar, cast

from starlette.requests import Request

from harmonium.engines import Capabilities, TokenLogprob
from harmonium.errors import RequestError
from harmonium.gateway.errors import ErrorResponse, RefusedError
from harmonium.gateway.generation.answer_source import AnswerSource
from harmonium.gateway.generation.decoders import EventDecoder, api_logprobs
from harmonium.gateway.generation.planning import EngineRequestSpec, ParamNames, Plan, make_plan
from harmonium.gateway.http.streaming_response import AnswerResponse
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.receive import log_prompt, receive
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject
from harmonium.openai import (
    AnswerLogprob,
    EngineFinish,
    ResponsesRequest,
    ResponsesSetup,
    ResponseStream,
    read_text,
    response_answer,
    response_byte_stream,
    responses_request,
)
from harmonium.parse import Event

T = TypeVar("T")
Items = Sequence[Mapping[str, object]]

_FIELDS = ParamNames(prompt="input", max_tokens="max_output_tokens", shape="text.format")
_TOLD = {429: "rate_limit_exceeded"}
"""HTTP status -> the code of a failed response; the API knows few, ``server_error`` for others."""


async def responses(service: Service, request: Request, record: RequestRecord) -> AnswerResponse:
    """Serve ``POST /v1/responses``."""
    body, service, capabilities, size = await receive(service, request, record)

    def prepare() -> AnswerSource:
        context = capabilities.max_context
        asked, prompt, before = read_responses(body, service, record.owner, context)
        record.on_adapted(one.code for one in asked.adaptations)
        plan = responses_plan(asked, prompt, capabilities, service, record)
        log_prompt(service, record, prompt)
        return response_source(asked, before, plan, service, record)

    return AnswerResponse(await service.run_cpu_bound(size, prepare), service, record)


def read_responses(
    body: JSONObject, service: Service, owner: str | None, context: int | None = None
) -> tuple[ResponsesRequest, list[int], Items]:
    """Read a Responses request, and render its prompt; give the items before it as well.

    Args:
        body: the request.
        service: the gateway's parts.
        owner: whose stored responses may be used.
        context: how many tokens the model takes; where ``truncation`` says so, the prompt is cut
            to leave room for one.

    Raises:
        RequestError: something in it is wrong, or cannot be honoured here.
        RefusedError: the response that it goes on from is not kept here.

    """
    before = _items_before(body, service, owner)
    store = service.store
    setup = ResponsesSetup(
        prompt=service.prompt_settings(),
        defaults=_defaults(service),
        cipher=service.cipher,
        previous=before,
        find_item=lambda name: None if store is None else store.item(name, owner),
        histories=service.response_histories.scoped(owner),
        tolerance=service.settings.tolerance,
        runs_tools=False,
    )
    asked = responses_request(body, setup)
    _check(asked, service, explicit=body.get("store") is True)
    limit = None if context is None else context - 1
    return asked, asked.render(service.encoding, service.settings.profile, limit), before


def _defaults(service: Service) -> dict[str, object]:
    settings = service.settings
    values: dict[str, object] = {"store": service.store is not None}
    if settings.temperature is not None:
        values["temperature"] = settings.temperature
    if settings.top_p is not None:
        values["top_p"] = settings.top_p
    return values


def _items_before(body: JSONObject, service: Service, owner: str | None) -> Items:
    name = body.get("previous_response_id")
    if name is None:
        return ()
    param = "previous_response_id"
    if service.store is None:
        message = "this server does not store responses; send the whole conversation as input"
        raise RequestError(message, param=param, code="unsupported_parameter")
    found = service.store.get(read_text(name, param), owner)
    if found is None:
        message = "no response with this id is stored here; send the whole conversation as input"
        raise RefusedError(message, 404, code="previous_response_not_found", param=param)
    return found.items


def _check(asked: ResponsesRequest, service: Service, *, explicit: bool) -> None:
    if asked.values["background"]:
        message = "background responses are not supported; leave background out, or stream"
        raise RequestError(message, param="background", code="unsupported_parameter")
    if explicit and service.store is None:
        message = "this server does not store responses; send store: false, or leave it out"
        raise RequestError(message, param="store", code="unsupported_parameter")


def responses_plan(
    asked: ResponsesRequest,
    prompt: list[int],
    capabilities: Capabilities,
    service: Service,
    record: RequestRecord,
) -> Plan:
    """Build the plan of engine requests.

    Raises:
        HarmoniumError: the model is unknown, a bound is passed, or the engine cannot do it.

    """
    values = asked.values
    name = str(values["model"])
    if not name:
        raise RequestError("model is required", param="model", code="missing_required_parameter")
    model = service.find_model(name, capabilities)
    record.on_model(model.id, stream=asked.values["stream"] is True)
    wants_logprobs = "message.output_text.logprobs" in asked.include
    wanted = EngineRequestSpec(
        model=model.engine_name,
        prompt=prompt,
        fields=_FIELDS,
        max_tokens=cast("int | None", values["max_output_tokens"]),
        temperature=_given_number(asked, "temperature"),
        top_p=_given_number(asked, "top_p"),
        presence_penalty=cast("float | None", values["presence_penalty"]) or None,
        frequency_penalty=cast("float | None", values["frequency_penalty"]) or None,
        logprobs=cast("int", values["top_logprobs"]) if wants_logprobs else None,
        shape=asked.response_format,
        tool_choice=asked.tool_choice,
        tools={asked.tools.names.harmony_name(tool.name): tool for tool in asked.tools.declared},
    )
    return make_plan(wanted, capabilities, service, record)


def _given_number(asked: ResponsesRequest, name: str) -> float | None:
    """Return a number that the request itself gives; what it leaves out is not for us to choose."""
    return cast("float | None", asked.values[name]) if name in asked.given else None


def response_source(
    asked: ResponsesRequest, before: Items, plan: Plan, service: Service, record: RequestRecord
) -> AnswerSource:
    """Return the source of a response: as events, or whole; `before` holds the items before it."""
    tools = asked.tools.parser_tools
    decoder = EventDecoder(service.encoding.parser(policy=service.settings.policy, tools=tools))
    is_streaming = asked.values["stream"] is True
    writer = (_EventWriter if is_streaming else _BodyWriter)(asked, before, service, record)
    return AnswerSource(plan, [decoder], writer, record, is_streaming=is_streaming)


class _Writer(Generic[T]):
    """What a streamed and a whole response have in common."""

    def __init__(
        self,
        stream: ResponseStream[T],
        asked: ResponsesRequest,
        before: Items,
        service: Service,
        record: RequestRecord,
    ) -> None:
        self._stream = stream
        self._asked = asked
        self._before = before
        self._service = service
        self._record = record

    def record_answer(self) -> None:
        """Record what was repaired, and how much was reasoning."""
        codes = (repair.code for repair in self._stream.repairs)
        self._record.on_answer(codes, self._stream.usage().reasoning_tokens)

    def _finish(self, reason: EngineFinish) -> T:
        """End the response, and store it where that is asked for."""
        record, service, stream = self._record, self._service, self._stream
        last = stream.finish(
            reason,
            input_tokens=record.prompt_tokens or 0,
            cached_tokens=record.cached_tokens,
            now=int(service.now()),
        )
        if service.store is not None and self._asked.values["store"]:
            before = (*self._before, *self._asked.items)
            service.store.put(stream.response, before, stream.stored_items(), record.owner)
        return last

    def _logprobs(self, entries: Sequence[TokenLogprob]) -> Sequence[AnswerLogprob]:
        return api_logprobs(entries, self._service.token_bytes) if entries else ()


class _EventWriter(_Writer[bytes]):
    """Writer of a response's events; the first ones go out with the engine's first tokens."""

    def __init__(
        self, asked: ResponsesRequest, before: Items, service: Service, record: RequestRecord
    ) -> None:
        stream = response_byte_stream(asked, service.answer_context, service.response_options)
        super().__init__(stream, asked, before, service, record)
        self._begun = stream.start()

    def feed(
        self,
        _: int,
        content: list[Event],
        logprobs: Sequence[TokenLogprob],
        finish: EngineFinish | None,
    ) -> bytes:
        """Return the events of some parser events, and of the response's end."""
        data = self._stream.feed(content, self._logprobs(logprobs))
        if self._begun:
            data, self._begun = self._begun + data, b""
        if finish is not None:
            self.record_answer()
            data += self._record.repairs_comment + self._finish(finish)
        return data

    def end(self) -> bytes:
        """Return nothing: the last `feed` has ended the stream."""
        return b""

    def fail(self, failure: ErrorResponse) -> bytes:
        """Return ``response.failed``, and the stream's end."""
        record = self._record
        return self._begun + self._stream.fail(
            failure.message,
            _TOLD.get(failure.status, "server_error"),
            input_tokens=record.prompt_tokens or 0,
            cached_tokens=record.cached_tokens,
        )


class _BodyWriter(_Writer[None]):
    """Writer of one whole response."""

    def __init__(
        self, asked: ResponsesRequest, before: Items, service: Service, record: RequestRecord
    ) -> None:
        answer = response_answer(asked, service.answer_context, service.response_options)
        super().__init__(answer, asked, before, service, record)

    def feed(
        self,
        _: int,
        content: list[Event],
        logprobs: Sequence[TokenLogprob],
        finish: EngineFinish | None,
    ) -> bytes:
        """Add some parser events; there is nothing to send yet."""
        self._stream.feed(content, self._logprobs(logprobs))
        if finish is not None:
            self._finish(finish)
        return b""

    def end(self) -> bytes:
        """Return the whole response as JSON."""
        body = self._record.with_repairs(self._stream.response)
        return json.dumps(body, separators=(",", ":")).encode("ascii")

    def fail(self, _: ErrorResponse) -> bytes:
        """Return nothing: a body that has not begun is an error of its own."""
        return b""
