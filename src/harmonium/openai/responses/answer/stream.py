"""The lifecycle of a response: start, items, end, and the order of its events.

The whole answer is what this fold leaves behind, so it cannot differ from the stream. It runs no
tools: the caller does, and says what they answered; the model's next turn then goes on in the
same response.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from harmonium.errors import HarmoniumError, InvalidInputError
from harmonium.json_types import JSONObject
from harmonium.model import Message
from harmonium.openai.answers.context import AnswerContext
from harmonium.openai.answers.finish import EngineFinish
from harmonium.openai.answers.logprobs import AnswerLogprob
from harmonium.openai.answers.usage import TokenUsage
from harmonium.openai.responses.answer.item_builder import ItemFold
from harmonium.openai.responses.answer.items import (
    ALL_INCLUDES,
    RUN_BY_SERVER,
    Item,
    PendingCall,
    ToolResult,
)
from harmonium.openai.responses.answer.response_object import Envelope, ResponseStatus
from harmonium.openai.responses.answer.sinks import PaddedSink, Sink
from harmonium.openai.responses.options import ResponseOptions
from harmonium.openai.responses.request.request import ResponsesRequest
from harmonium.parse import Event, Repaired

T = TypeVar("T")


_ENDS: Mapping[EngineFinish, tuple[ResponseStatus, str | None]] = {
    "stop": ("completed", None),
    "length": ("incomplete", "max_output_tokens"),
    "content_filter": ("incomplete", "content_filter"),
}


class ResponseStream(Generic[T]):
    """Turn parser events into the events of one response, as they come.

    `response_event_stream` and `response_byte_stream` make one. Call `start`, then `feed`; at the
    end of each turn of the model `end_turn`, and where calls are pending, `tool_started` and
    `tool_finished` before the next turn's events; once, at the end, `finish`, `fail`, `cancel` or
    `error`. What they give is the events that this makes, in the form of the sink.

    Args:
        request: the request answered.
        seam: the time, and where ids come from.
        sink: what events are written to.
        options: what the server decides.

    """

    def __init__(
        self,
        request: ResponsesRequest,
        answer_context: AnswerContext,
        sink: Sink[T],
        options: ResponseOptions | None = None,
    ) -> None:
        chosen = options or ResponseOptions()
        self._request = request
        self._seam = answer_context
        self._sink = PaddedSink(sink, answer_context.padding) if _is_padded(request) else sink
        model = chosen.model or str(request.values["model"] or "")
        self._envelope = Envelope(
            answer_context.new_id("resp_"), answer_context.now, model, request.values
        )
        self._fold = ItemFold(request, answer_context.new_id, self._sink, chosen)
        limit = request.values["max_tool_calls"]
        self._limit = limit if isinstance(limit, int) else None
        self._stage: ResponseStatus | None = None
        self._final: JSONObject | None = None

    @property
    def id(self) -> str:
        """The response's id."""
        return self._envelope.id

    @property
    def messages(self) -> list[Message]:
        """What the model said and the server's tools answered: what its next turn reads."""
        return self._fold.messages

    @property
    def repairs(self) -> tuple[Repaired, ...]:
        """What the parser repaired, in order."""
        return tuple(self._fold.output.repairs)

    @property
    def response(self) -> JSONObject:
        """The Response object as it stands; after the end, as the terminal event has it."""
        if self._final is not None:
            return self._final
        return self._envelope.response(self._stage or "queued", self._public_items())

    @property
    def pending_calls(self) -> tuple[PendingCall, ...]:
        """The calls that wait for the server to run a tool, up to ``max_tool_calls`` in all.

        Calls of tools that the request does not offer are never among them.
        """
        return tuple(self._waiting(self._runnable()))

    @property
    def surplus_calls(self) -> tuple[PendingCall, ...]:
        """The calls that wait to be answered, and are not to be run.

        They are those beyond ``max_tool_calls``, and those of tools that the request does not
        offer. A `ToolResult` that has failed and says so lets the model end its answer.
        """
        runnable = {item.index for item in self._runnable()}
        served = (item for item in self._fold.items if item.kind in RUN_BY_SERVER)
        return tuple(self._waiting(item for item in served if item.index not in runnable))

    def stored_items(self) -> list[JSONObject]:
        """Return the items with all that `include` may have left out: what a store keeps."""
        return [item.to_dict(self._request.include | ALL_INCLUDES) for item in self._fold.items]

    def usage(self, input_tokens: int = 0, cached_tokens: int = 0) -> TokenUsage:
        """Return the usage so far; the prompt's counts come from the engine."""
        output = self._fold.output
        return TokenUsage(
            input_tokens, output.output_tokens, output.reasoning_tokens, cached_tokens
        )

    def start(self) -> T:
        """Begin: ``created``, then ``queued`` in the background, else ``in_progress``.

        Not in the background, what the server itself says comes at once: the lists of its tools,
        and the calls that were approved, which are then pending.
        """
        self._begin()
        return self._sink.take()

    def feed(self, events: Iterable[Event], logprobs: Sequence[AnswerLogprob] = ()) -> T:
        """Process the parser's next events, including those of ``Parser.close``.

        Args:
            events: the events; each turn of the model has a parser of its own.
            logprobs: those of the next tokens, if asked for; no later than the events.

        """
        self._run()
        self._fold.feed(events, logprobs)
        return self._sink.take()

    def end_turn(self, engine: EngineFinish = "stop") -> T:
        """End a turn of the model, with the engine's reason; then `pending_calls` is known.

        Engines that keep the stop token to themselves leave the last message looking cut off:
        it is complete when the engine says ``stop``.
        """
        self._run()
        self._fold.close_turn(engine)
        return self._sink.take()

    def tool_started(self, output_index: int) -> T:
        """Mark the tool of a pending call as running.

        Raises:
            InvalidInputError: no such call is pending.

        """
        self._run()
        self._fold.start_tool(output_index)
        return self._sink.take()

    def tool_finished(self, output_index: int, result: ToolResult) -> T:
        """Set the result of the tool of a pending call; its item is then complete.

        Raises:
            InvalidInputError: no such call is pending.

        """
        self._run()
        self._fold.finish_tool(output_index, result)
        return self._sink.take()

    def refuse(self, text: str) -> T:
        """Add a refusal in the server's name, after ending the open item.

        The models say their own refusals as any text; this is for a server that will not let an
        answer through.
        """
        self._run()
        self._fold.refuse(text)
        return self._sink.take()

    def finish(
        self,
        engine: EngineFinish = "stop",
        *,
        input_tokens: int = 0,
        cached_tokens: int = 0,
        now: int | None = None,
    ) -> T:
        """End the response with the engine's reason.

        Args:
            engine: why the engine stopped; only ``length`` says that a limit was met.
            input_tokens: tokens of the prompt, as the engine reports them.
            cached_tokens: those that it had in its cache.
            now: seconds since the epoch; when the response was created unless given.

        """
        self._close_all(engine)
        status, reason = _ENDS[engine]
        when = self._seam.now if now is None else now
        return self._end(
            status,
            completed_at=when if status == "completed" else None,
            incomplete=reason,
            usage=self.usage(input_tokens, cached_tokens),
        )

    def fail(
        self,
        message: str,
        code: str = "server_error",
        *,
        input_tokens: int = 0,
        cached_tokens: int = 0,
    ) -> T:
        """End the response because something here failed; `message` is shown to the client."""
        self._close_all("length")
        usage = self.usage(input_tokens, cached_tokens)
        return self._end("failed", error={"code": code, "message": message}, usage=usage)

    def cancel(self, *, input_tokens: int = 0, cached_tokens: int = 0) -> T:
        """End the response because the client wants no more of it.

        The API has no event of that name: ``response.incomplete`` carries the cancelled response.
        """
        self._close_all("length")
        return self._end("cancelled", usage=self.usage(input_tokens, cached_tokens))

    def error(self, error: HarmoniumError) -> T:
        """End the stream with an ``error`` event instead of a response.

        The event has the error's own code; the response has ``server_error``, since the API knows
        few codes there.
        """
        self._close_all("length")
        told: JSONObject = {
            "code": error.code,
            "message": error.message,
            "param": error.position.path,
        }
        failure = {"code": "server_error", "message": error.message}
        self._final = self._envelope.response("failed", self._public_items(), error=failure)
        self._sink.event({"type": "error", **told, "sequence_number": 0})
        self._sink.end()
        return self._sink.take()

    # What the events are made of

    def _runnable(self) -> list[Item]:
        served = (item for item in self._fold.items if item.kind in RUN_BY_SERVER)
        offered = [item for item in served if self._request.offers(item.recipient)]
        return offered[: self._limit]

    def _waiting(self, items: Iterable[Item]) -> Iterator[PendingCall]:
        for item in items:
            if item.is_pending and item.header is not None:
                yield PendingCall(item.index, item.id, item.recipient, item.text)

    def _begin(self) -> None:
        if self._stage is not None:
            return
        in_background = self._request.values["background"] is True
        self._stage = "queued" if in_background else "in_progress"
        self._lifecycle("response.created")
        self._lifecycle(f"response.{self._stage}")
        if not in_background:
            self._fold.lead()

    def _run(self) -> None:
        """Make sure that the response has begun, is in progress, and has not ended."""
        if self._stage == "in_progress" and self._final is None:
            return
        if self._final is not None:
            message = "the response has ended; make a new stream for the next one"
            raise InvalidInputError(message, code="response_ended")
        self._begin()
        if self._stage == "queued":
            self._stage = "in_progress"
            self._lifecycle("response.in_progress")
            self._fold.lead()

    def _lifecycle(self, name: str) -> None:
        self._sink.event({"type": name, "sequence_number": 0, "response": self.response})

    def _close_all(self, engine: EngineFinish) -> None:
        self._run()
        self._fold.close_all(engine)

    def _public_items(self) -> list[JSONObject]:
        return [item.to_dict(self._request.include) for item in self._fold.items]

    def _end(
        self,
        status: ResponseStatus,
        *,
        usage: TokenUsage,
        completed_at: int | None = None,
        incomplete: str | None = None,
        error: JSONObject | None = None,
    ) -> T:
        self._final = self._envelope.response(
            status,
            self._public_items(),
            completed_at=completed_at,
            incomplete=incomplete,
            error=error,
            usage=usage,
        )
        self._lifecycle(f"response.{'incomplete' if status == 'cancelled' else status}")
        self._sink.end()
        return self._sink.take()


def _is_padded(request: ResponsesRequest) -> bool:
    options = request.values["stream_options"]
    return isinstance(options, Mapping) and options.get("include_obfuscation") is True
