"""The route ``/v1/chat/completions``. What a request means is in `harmonium.openai`."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from harmonium.engines import Capabilities
from harmonium.errors import RequestError
from harmonium.gateway.errors import ErrorResponse
from harmonium.gateway.generation.decoders import EventDecoder, api_logprobs
from harmonium.gateway.generation.planning import EngineRequestSpec, ParamNames, Plan, make_plan
from harmonium.gateway.generation.runner import ChoiceUpdate, EngineClock, GenerationRunner, Outlet
from harmonium.gateway.generation.stop_strings import EventStops
from harmonium.gateway.http.direct_write import TextSayer
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject
from harmonium.openai import (
    DONE,
    AnswerLogprob,
    ChatAnswer,
    ChatRequest,
    ChatStream,
    chat_byte_stream,
    chat_request,
    error_event,
)
from harmonium.parse import Event

_FIELDS = ParamNames(prompt="messages", max_tokens="max_completion_tokens")


def read_chat(body: JSONObject, service: Service) -> tuple[ChatRequest, list[int]]:
    """Read a chat request, and render its prompt.

    Raises:
        RequestError: something in it is wrong, or cannot be honoured here.

    """
    asked = chat_request(body, service.prompt_settings())
    if asked.kept.get("store"):
        message = "chat completions are not stored here; leave store out"
        raise RequestError(message, param="store", code="unsupported_parameter")
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
        logprobs=answer.top_logprobs if answer.logprobs else None,
        stop=sampling.stop,
        shape=None if asked.answer_format is None else asked.answer_format.shape,
        tool_choice=asked.tool_choice,
        tools={asked.names.harmony_name(tool.name): tool for tool in asked.tools},
    )
    return make_plan(wanted, capabilities, service, record)


class ChatJob:
    """A chat completion: as chunks, or whole.

    Args:
        asked: the request.
        plan: what is asked for, choice by choice, and of whom.
        service: the gateway's parts.
        record: what is remembered of the request.

    """

    def __init__(
        self,
        asked: ChatRequest,
        plan: Plan,
        service: Service,
        record: RequestRecord,
    ) -> None:
        self.streamed = asked.stream
        self.is_last = False
        self._asked = asked
        self._plan = plan
        self._service = service
        self._record = record

    def pieces(
        self, clock: EngineClock, outlet: Outlet | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Return the chunks, or the completion; see `AnswerSource`."""
        readings = [self._reading() for _ in self._plan.requests]
        generation = GenerationRunner(
            self._plan.generator, self._plan.requests, readings, self._record, clock
        )
        if not self.streamed:
            return self._whole(generation)
        service = self._service
        stream = chat_byte_stream(self._asked, service.answer_context, service.chat_options)
        if outlet is not None:
            take_text = readings[0].take_text
            sayer = TextSayer(take_text, stream.feed_text, outlet, clock, self._record)
            generation.say_at_once(sayer.take)
        return self._chunks(generation, stream)

    def failed(self, failure: ErrorResponse) -> bytes:
        """Return the error's event, and the stream's end."""
        return error_event(failure.error) + DONE

    async def _chunks(
        self, generation: GenerationRunner[list[Event]], stream: ChatStream[bytes]
    ) -> AsyncGenerator[bytes, None]:
        record, open_choices = self._record, len(self._plan.requests)
        last: list[bytes] = []
        async with generation.opened(lambda: self._note(stream)) as pieces:
            async for piece in pieces:
                frames = stream.feed(piece.said, piece.choice, self._logprobs(piece))
                if piece.finish is not None:
                    frames += stream.finish(piece.finish, piece.choice)
                    open_choices -= 1
                if not open_choices:
                    last = frames  # goes out with what follows
                elif frames:
                    yield b"".join(frames)
        last += stream.end(record.prompt_tokens or 0, record.cached_tokens)
        self.is_last = True
        yield b"".join([*last, record.repairs_comment, DONE])

    async def _whole(
        self, generation: GenerationRunner[list[Event]]
    ) -> AsyncGenerator[bytes, None]:
        record, service = self._record, self._service
        answer = ChatAnswer(self._asked, service.answer_context, service.chat_options)
        async with generation.opened(lambda: self._note(answer)) as pieces:
            async for piece in pieces:
                answer.feed(piece.said, piece.choice, self._logprobs(piece))
                if piece.finish is not None:
                    answer.finish(piece.finish, piece.choice)
        body = answer.to_dict(record.prompt_tokens or 0, record.cached_tokens)
        yield json.dumps(record.with_repairs(body), separators=(",", ":")).encode("ascii")

    def _reading(self) -> EventDecoder:
        names, stops = self._asked.names, self._asked.sampling.stop
        parser = self._service.encoding.parser(
            policy=self._service.settings.policy, tools=names.declared
        )
        return EventDecoder(parser, EventStops(stops, names) if stops else None)

    def _logprobs(self, piece: ChoiceUpdate[list[Event]]) -> list[AnswerLogprob]:
        return api_logprobs(piece.logprobs, self._service.token_bytes) if piece.logprobs else []

    def _note(self, answer: ChatAnswer | ChatStream[bytes]) -> None:
        """Remember what was repaired, and how much was thought."""
        choices = range(len(self._plan.requests))
        codes = (repair.code for choice in choices for repair in answer.repairs(choice))
        self._record.on_answer(codes, answer.usage(0).reasoning_tokens)
