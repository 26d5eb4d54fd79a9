"""The route ``/v1/responses``. What a request means is in `harmonium.openai`."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import TypeVar, cast

from harmonium.engines import Capabilities
from harmonium.errors import RequestError
from harmonium.gateway.errors import ErrorResponse, RefusedError
from harmonium.gateway.generation.decoders import EventDecoder, api_logprobs
from harmonium.gateway.generation.planning import EngineRequestSpec, ParamNames, Plan, make_plan
from harmonium.gateway.generation.runner import ChoiceUpdate, EngineClock, GenerationRunner, Outlet
from harmonium.gateway.http.direct_write import TextSayer
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject
from harmonium.openai import (
    AnswerLogprob,
    ResponsesRequest,
    ResponsesSetup,
    ResponseStream,
    response_answer,
    response_byte_stream,
    responses_request,
)
from harmonium.openai.requests.json_fields import read_text
from harmonium.parse import Event

T = TypeVar("T")
Items = Sequence[Mapping[str, object]]

_FIELDS = ParamNames(prompt="input", max_tokens="max_output_tokens", shape="text.format")
_TOLD = {429: "rate_limit_exceeded"}
"""HTTP status -> the code of a failed response; the API knows few, ``server_error`` for others."""


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
        message = "responses are not stored here; send the whole conversation as input"
        raise RequestError(message, param=param, code="unsupported_parameter")
    found = service.store.get(read_text(name, param), owner)
    if found is None:
        message = "that response is not kept here any more; send the whole conversation as input"
        raise RefusedError(message, 404, code="previous_response_not_found", param=param)
    return found.items


def _check(asked: ResponsesRequest, service: Service, *, explicit: bool) -> None:
    if asked.values["background"]:
        message = "responses are not made in the background here; leave it out, or stream"
        raise RequestError(message, param="background", code="unsupported_parameter")
    if explicit and service.store is None:
        message = "responses are not stored here; give store: false, or leave it out"
        raise RequestError(message, param="store", code="unsupported_parameter")
    if asked.tools.built_in or asked.tools.servers:
        message = "this server runs no tools itself; give functions or custom tools alone"
        raise RequestError(message, param="tools", code="unsupported_parameter")


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


class ResponsesJob:
    """A response: as events, or whole.

    Args:
        asked: the request.
        before: the items of the response it goes on from.
        plan: what is asked for, and of whom.
        service: the gateway's parts.
        record: what is remembered of the request.

    """

    def __init__(
        self,
        asked: ResponsesRequest,
        before: Items,
        plan: Plan,
        service: Service,
        record: RequestRecord,
    ) -> None:
        self.streamed = asked.values["stream"] is True
        self.is_last = False
        self._asked = asked
        self._before = before
        self._plan = plan
        self._service = service
        self._record = record
        self._stream: ResponseStream[bytes] | None = None
        self._began = b""  # the first events, which go out with the engine's first words

    def pieces(
        self, clock: EngineClock, outlet: Outlet | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Return the events, or the response; see `AnswerSource`."""
        service = self._service
        parser = service.encoding.parser(
            policy=service.settings.policy, tools=self._asked.tools.parser_tools
        )
        reading = EventDecoder(parser)
        generation = GenerationRunner(
            self._plan.generator, self._plan.requests, [reading], self._record, clock
        )
        if not self.streamed:
            return self._whole(generation)
        stream = response_byte_stream(self._asked, service.answer_context, service.response_options)
        self._stream = stream
        if outlet is not None:
            sayer = TextSayer(
                reading.take_text, lambda delta: stream.feed((delta,)), outlet, clock, self._record
            )
            generation.say_at_once(sayer.take)
        return self._events(generation, stream)

    def failed(self, failure: ErrorResponse) -> bytes:
        """Return ``response.failed``, and the stream's end."""
        record, service = self._record, self._service
        stream = self._stream or response_byte_stream(
            self._asked, service.answer_context, service.response_options
        )
        begun = self._began if self._stream is not None else stream.start()
        return begun + stream.fail(
            failure.message,
            _TOLD.get(failure.status, "server_error"),
            input_tokens=record.prompt_tokens or 0,
            cached_tokens=record.cached_tokens,
        )

    async def _events(
        self, generation: GenerationRunner[list[Event]], stream: ResponseStream[bytes]
    ) -> AsyncGenerator[bytes, None]:
        record = self._record
        self._began = stream.start()
        async with generation.opened(lambda: self._note(stream)) as pieces:
            async for piece in pieces:
                sent = self._began + stream.feed(piece.said, self._logprobs(piece))
                self._began = b""
                if piece.finish is not None:
                    self._note(stream)
                    sent += record.repairs_comment + self._finish(stream, piece)
                    self.is_last = True
                if sent:
                    yield sent

    async def _whole(
        self, generation: GenerationRunner[list[Event]]
    ) -> AsyncGenerator[bytes, None]:
        service = self._service
        answer = response_answer(self._asked, service.answer_context, service.response_options)
        async with generation.opened(lambda: self._note(answer)) as pieces:
            async for piece in pieces:
                answer.feed(piece.said, self._logprobs(piece))
                if piece.finish is not None:
                    self._finish(answer, piece)
        body = self._record.with_repairs(answer.response)
        yield json.dumps(body, separators=(",", ":")).encode("ascii")

    def _finish(self, stream: ResponseStream[T], piece: ChoiceUpdate[list[Event]]) -> T:
        record, service = self._record, self._service
        sent = stream.finish(
            piece.finish or "stop",
            input_tokens=record.prompt_tokens or 0,
            cached_tokens=record.cached_tokens,
            now=int(service.now()),
        )
        if service.store is not None and self._asked.values["store"]:
            before = (*self._before, *self._asked.items)
            service.store.put(stream.response, before, stream.stored_items(), record.owner)
        return sent

    def _logprobs(self, piece: ChoiceUpdate[list[Event]]) -> list[AnswerLogprob]:
        return api_logprobs(piece.logprobs, self._service.token_bytes) if piece.logprobs else []

    def _note(self, stream: ResponseStream[T]) -> None:
        record = self._record
        codes = (repair.code for repair in stream.repairs)
        record.on_answer(codes, stream.usage().reasoning_tokens)
