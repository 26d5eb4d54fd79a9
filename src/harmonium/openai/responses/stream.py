"""Own the order of a response's events: the fold of parser events into items and the response.

The whole answer is what this fold leaves behind, so it cannot differ from the stream. It runs no
tools: the caller does, and says what they answered; the model's next turn then goes on in the
same response.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from harmonium.errors import HarmoniumError, InvalidInputError
from harmonium.model import Author, Message, Role, TextContent
from harmonium.model.checks import unchecked
from harmonium.openai.endings import EngineFinish, is_whole
from harmonium.openai.ids import Seam
from harmonium.openai.logprobs import LogprobQueue, TokenLogprob
from harmonium.openai.output import ItemClosed, ItemOpened, ItemText, OutputEvent, OutputFold
from harmonium.openai.responses.browser import read_action
from harmonium.openai.responses.citations import CitationFinder
from harmonium.openai.responses.envelope import Envelope, ResponseStatus
from harmonium.openai.responses.frames import JSON, Frame, Sink
from harmonium.openai.responses.items import (
    EVERYTHING,
    LIVES,
    RUN_BY_SERVER,
    Item,
    PendingCall,
    Status,
    ToolResult,
)
from harmonium.openai.responses.options import ResponseOptions
from harmonium.openai.responses.request import ResponsesRequest
from harmonium.openai.responses.writer import ItemWriter
from harmonium.openai.usage import TokenUsage
from harmonium.parse import Event, MessageStarted, Repaired

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
        seam: Seam,
        sink: Sink[T],
        options: ResponseOptions | None = None,
    ) -> None:
        chosen = options or ResponseOptions()
        self._request = request
        self._seam = seam
        self._sink = sink
        self._options = chosen
        self._output = OutputFold(request.tools.names)
        self._writer = ItemWriter(sink, request.include, request.cipher, chosen.dialect)
        model = chosen.model or str(request.values["model"] or "")
        self._envelope = Envelope(seam.new_id("resp_"), seam.now, model, request.values)
        self._pages = dict(chosen.pages)
        self._logprobs = LogprobQueue()
        wants_logprobs = "message.output_text.logprobs" in request.include
        self._top = int(str(request.values["top_logprobs"])) if wants_logprobs else None
        self._stage: ResponseStatus | None = None
        self._items: list[Item] = []
        self._open: Item | None = None
        self._cut: ItemClosed | None = None
        self._frame: Frame | None = None
        self._slow_frame: Frame | None = None
        self._finder: CitationFinder | None = None
        self._has_called = False
        self._final: JSON | None = None
        self.messages: list[Message] = []
        """What the model said and the server's tools answered: what its next turn reads."""

    @property
    def id(self) -> str:
        """The response's id."""
        return self._envelope.id

    @property
    def repairs(self) -> tuple[Repaired, ...]:
        """What the parser repaired, in order."""
        return tuple(self._output.repairs)

    @property
    def response(self) -> JSON:
        """The Response object as it stands; after the end, as the terminal event has it."""
        if self._final is not None:
            return self._final
        return self._envelope.response(self._stage or "queued", self._public_items())

    @property
    def pending_calls(self) -> tuple[PendingCall, ...]:
        """The calls that wait for the server to run a tool, up to ``max_tool_calls`` in all."""
        limit = self._request.values["max_tool_calls"]
        calls = [item for item in self._items if item.route.kind in RUN_BY_SERVER]
        allowed = calls[:limit] if isinstance(limit, int) else calls
        return tuple(
            PendingCall(item.index, item.id, item.header.recipient or "", item.text)
            for item in allowed
            if item.is_pending
        )

    def stored_items(self) -> list[JSON]:
        """Give the items with all that `include` may have left out: what a store keeps."""
        return [item.to_dict(self._request.include | EVERYTHING) for item in self._items]

    def usage(self, input_tokens: int = 0, cached_tokens: int = 0) -> TokenUsage:
        """Give the usage so far; the prompt's counts come from the engine."""
        output = self._output
        return TokenUsage(
            input_tokens, output.output_tokens, output.reasoning_tokens, cached_tokens
        )

    def start(self) -> T:
        """Begin: ``created``, then ``queued`` in the background, else ``in_progress``."""
        self._begin()
        return self._sink.take()

    def feed(self, events: Iterable[Event], logprobs: Sequence[TokenLogprob] = ()) -> T:
        """Take the parser's next events, those of ``Parser.close`` included.

        Args:
            events: the events; each turn of the model has a parser of its own.
            logprobs: those of the next tokens, if asked for; no later than the events.

        """
        self._run()
        if logprobs:
            self._logprobs.add(logprobs)
        delta = self._sink.delta
        for event in self._output.feed(events):
            if type(event) is ItemText:
                if self._frame is not None:
                    delta(self._frame, event[1])
                elif self._open is not None:
                    self._add_text(self._open, event)
            else:
                self._turn(event)
        return self._sink.take()

    def end_turn(self, engine: EngineFinish = "stop") -> T:
        """End a turn of the model, with the engine's reason; then `pending_calls` is known.

        Engines that keep the stop token to themselves leave the last message looking cut off:
        it is complete when the engine says ``stop``.
        """
        self._close_turn(engine)
        self._output.begin_turn()
        return self._sink.take()

    def tool_started(self, output_index: int) -> T:
        """Say that the tool of a pending call runs now.

        Raises:
            InvalidInputError: no such call is pending.

        """
        self._writer.running(self._pending(output_index))
        return self._sink.take()

    def tool_finished(self, output_index: int, result: ToolResult) -> T:
        """Say what the tool of a pending call answered; its item is then complete.

        Raises:
            InvalidInputError: no such call is pending.

        """
        item = self._pending(output_index)
        self._writer.running(item)
        item.result = result
        self._pages.update(result.pages)
        self._writer.ran(item)
        header = item.header
        author = unchecked(Author, role=Role.TOOL, name=header.recipient)
        self._say(
            header._replace(author=author, recipient="assistant", content_type=None), result.text
        )
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

    def fail(self, message: str, code: str = "server_error") -> T:
        """End the response because something here failed; `message` is shown to the client."""
        self._close_all("length")
        return self._end("failed", error={"code": code, "message": message}, usage=self.usage())

    def cancel(self) -> T:
        """End the response because the client wants no more of it.

        The API has no event of that name: ``response.incomplete`` carries the cancelled response.
        """
        self._close_all("length")
        return self._end("cancelled", usage=self.usage())

    def error(self, error: HarmoniumError) -> T:
        """End the stream with an ``error`` event instead of a response."""
        self._close_all("length")
        fields = {"code": error.code, "message": error.message}
        self._final = self._envelope.response("failed", self._public_items(), error=fields)
        param = error.position.path
        self._sink.event({"type": "error", **fields, "param": param, "sequence_number": 0})
        self._sink.end()
        return self._sink.take()

    # What the events are made of

    def _begin(self) -> None:
        in_background = self._request.values["background"] is True
        self._stage = "queued" if in_background else "in_progress"
        self._lifecycle("response.created")
        self._lifecycle(f"response.{self._stage}")

    def _run(self) -> None:
        """Make sure that the response has begun, is in progress, and has not ended."""
        if self._final is not None:
            message = "the response has ended; make a new stream for the next one"
            raise InvalidInputError(message, code="response_ended")
        if self._stage is None:
            self._begin()
        if self._stage == "queued":
            self._stage = "in_progress"
            self._lifecycle("response.in_progress")

    def _lifecycle(self, name: str) -> None:
        self._sink.event({"type": name, "sequence_number": 0, "response": self.response})

    def _turn(self, event: OutputEvent) -> None:
        if type(event) is ItemOpened:
            self._open_item(event)
        elif type(event) is ItemClosed:
            if event.truncated:
                self._cut = event
            else:
                self._close_item(event, "completed")

    def _open_item(self, event: ItemOpened) -> None:
        kind, new_id = event.route.kind, self._seam.new_id
        if event.route.is_call and not self._shows_call():
            return
        item = Item(len(self._items), new_id(LIVES[kind].prefix), event.route, event.header)
        item.container_id = self._options.container_id
        if event.route.is_call:
            self._has_called = True
            item.call_id = new_id("call_")
        self._items.append(item)
        self._open = item
        frame = self._writer.added(item)
        self._finder = CitationFinder(self._pages) if kind == "answer" and self._pages else None
        is_plain = self._finder is None and (self._top is None or not item.is_message)
        self._frame, self._slow_frame = (frame, None) if is_plain else (None, frame)

    def _shows_call(self) -> bool:
        """Tell whether a call of the client's tools is shown, as the request asks for it."""
        if self._request.tool_choice.mode == "none":
            return False
        return not self._has_called or self._request.values["parallel_tool_calls"] is True

    def _add_text(self, item: Item, event: ItemText) -> None:
        """Add text that has more to it than a delta: log probabilities, citations."""
        if self._slow_frame is None:
            return
        if self._top is None:
            self._sink.delta(self._slow_frame, event.text)
        else:
            taken = self._logprobs.take(event.start, event.end)
            logprobs = [entry.to_dict(self._top) for entry in taken]
            item.logprobs += logprobs
            fields = {**self._slow_frame.fields, "logprobs": logprobs, "delta": event.text}
            self._sink.event(fields)
        if self._finder is not None:
            for annotation in self._finder.add(event.text):
                self._writer.annotation(item, annotation)

    def _close_item(self, event: ItemClosed, status: Status) -> None:
        item, self._open, self._frame = self._open, None, None
        if item is None:
            return
        item.text, item.is_closed = event.text, True
        if event.route.kind == "web_search":
            item.action = read_action(event.route.name, event.text, self._pages)
        self._say(item.header, event.text)
        self._writer.said(item)
        if status != "completed" or event.route.kind not in RUN_BY_SERVER:
            self._writer.done(item, status)

    def _close_turn(self, engine: EngineFinish) -> None:
        """Close the message that the turn ended in, if any; in all ends but ``stop`` it was cut."""
        self._run()
        for event in self._output.abort():
            self._turn(event)
        cut, self._cut = self._cut, None
        if cut is not None:
            whole = engine == "stop" and is_whole(cut)
            self._close_item(cut, "completed" if whole else "incomplete")

    def _close_all(self, engine: EngineFinish) -> None:
        """Close every item: a call whose tool never answered stays incomplete."""
        self._close_turn(engine)
        for item in self._items:
            if item.is_pending:
                self._writer.done(item, "incomplete")

    def _say(self, header: MessageStarted, text: str) -> None:
        message = unchecked(
            Message,
            author=header.author,
            content=(TextContent(text),),
            channel=header.channel,
            recipient=header.recipient,
            content_type=header.content_type,
        )
        self.messages.append(message)

    def _pending(self, output_index: int) -> Item:
        for item in self._items[output_index : output_index + 1]:
            if item.is_pending:
                return item
        message = f"no call is pending at output index {output_index}; see pending_calls"
        raise InvalidInputError(message, code="no_pending_call")

    def _public_items(self) -> list[JSON]:
        return [item.to_dict(self._request.include) for item in self._items]

    def _end(
        self,
        status: ResponseStatus,
        *,
        usage: TokenUsage,
        completed_at: int | None = None,
        incomplete: str | None = None,
        error: JSON | None = None,
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
