"""Items built from what the model and the tools say: when each opens, closes and waits.

It knows the request's tools and what calls may be shown. What the response around the items looks
like, and how a stream begins and ends, is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from harmonium.errors import InvalidInputError
from harmonium.model import Author, Message, Role, unchecked
from harmonium.openai.answers.finish import EngineFinish, is_complete
from harmonium.openai.answers.logprobs import AnswerLogprob, LogprobQueue
from harmonium.openai.answers.output import (
    ItemClosed,
    ItemOpened,
    ItemText,
    OutputEvent,
    OutputFold,
)
from harmonium.openai.answers.routing import Route
from harmonium.openai.responses.answer.item_events import ItemWriter
from harmonium.openai.responses.answer.items import (
    ITEM_LIFECYCLES,
    RUN_BY_SERVER,
    Item,
    ItemKind,
    Status,
    ToolResult,
)
from harmonium.openai.responses.answer.sinks import DeltaTemplate, Sink
from harmonium.openai.responses.citations import CitationFinder
from harmonium.openai.responses.options import ResponseOptions
from harmonium.openai.responses.request.mcp_servers import ApprovedCall, McpListing
from harmonium.openai.responses.request.request import ResponsesRequest
from harmonium.openai.responses.web_search import read_action
from harmonium.parse import Event, MessageStarted, Span, make_message

T = TypeVar("T")

_ASSISTANT = Author(Role.ASSISTANT)
_NOWHERE = Span(0, 0)


class ItemFold(Generic[T]):
    """Fold what the model and the tools say into items, and write their events.

    Args:
        request: the request answered.
        new_id: where ids come from.
        sink: what events are written to.
        options: what the server decides.

    """

    def __init__(
        self,
        request: ResponsesRequest,
        new_id: Callable[[str], str],
        sink: Sink[T],
        options: ResponseOptions,
    ) -> None:
        self._request = request
        self._new_id = new_id
        self._sink = sink
        self._container_id = options.container_id
        self._pages = dict(options.pages)
        self._writer = ItemWriter(sink, request.include, request.cipher, options.dialect)
        self.output = OutputFold(request.tools.names)
        self._logprobs = LogprobQueue()
        wants_logprobs = "message.output_text.logprobs" in request.include
        self._top = int(str(request.values["top_logprobs"])) if wants_logprobs else None
        self._open: Item | None = None
        self._held: ItemOpened | None = None
        self._cut: ItemClosed | None = None
        self._frame: DeltaTemplate | None = None
        self._slow_frame: DeltaTemplate | None = None
        self._finder: CitationFinder | None = None
        self._has_called = False
        self.items: list[Item] = []

    @property
    def messages(self) -> list[Message]:
        """What the model said and the server's tools answered: what its next turn reads.

        Every answer stands behind its call, whichever tool was done first: where items have it.
        """
        return [message for item in self.items for message in item.messages]

    def lead(self) -> None:
        """Add what comes before the model's own items: tool lists, approved calls."""
        for listing in self._request.tools.listings:
            self._list_tools(listing)
        for call in self._request.approved:
            self._call_approved(call)

    def feed(self, events: Iterable[Event], logprobs: Sequence[AnswerLogprob]) -> None:
        """Process the parser's next events, and the log probabilities of their tokens."""
        if logprobs:
            self._logprobs.add(logprobs)
        delta = self._sink.delta
        for event in self.output.feed(events):
            if type(event) is ItemText:
                if self._frame is not None:
                    delta(self._frame, event[1])
                elif self._open is not None:
                    self._add_text(self._open, event)
            else:
                self._turn(event)

    def close_turn(self, engine: EngineFinish) -> None:
        """Close the message that the turn ended in, if any; in all ends but ``stop`` it was cut."""
        for event in self.output.abort():
            self._turn(event)
        cut = self._cut
        if cut is not None:
            whole = engine == "stop" and is_complete(cut)
            self._close(cut, "completed" if whole else "incomplete")
        self.output.begin_turn()

    def close_all(self, engine: EngineFinish) -> None:
        """Close every item: a call whose tool never answered stays incomplete."""
        self.close_turn(engine)
        for item in self.items:
            if item.is_pending:
                self._writer.done(item, "incomplete")

    def start_tool(self, output_index: int) -> None:
        """Mark the tool of a pending call as running."""
        self._writer.running(self._pending(output_index))

    def finish_tool(self, output_index: int, result: ToolResult) -> None:
        """Set the result of the tool of a pending call."""
        item = self._pending(output_index)
        self._writer.running(item)
        item.result = result
        self._pages.update(result.pages)
        self._writer.ran(item)
        if item.header is not None:
            author = unchecked(Author, role=Role.TOOL, name=item.header.recipient)
            said = item.header._replace(author=author, recipient="assistant", content_type=None)
            _say(item, said, result.text)

    def refuse(self, text: str) -> None:
        """Add a refusal, after ending the open item."""
        self.close_turn("length")
        item = self._add(
            "refusal", header=MessageStarted(_ASSISTANT, "final", None, None, _NOWHERE)
        )
        self._say_whole(item, text)
        self._writer.done(item, "completed")

    # One item after the other

    def _turn(self, event: OutputEvent) -> None:
        if type(event) is ItemOpened:
            self._open_item(event)
        elif type(event) is ItemClosed:
            if event.truncated:
                self._cut = event
            else:
                self._close(event, "completed")

    def _open_item(self, event: ItemOpened) -> None:
        if self._cut is not None:
            self._close(self._cut, "incomplete")
        route = event.route
        if route.is_call and not self._shows_call():
            return
        if route.kind == "mcp" and self._waits(event):
            # Whether there is anything to approve shows when it is said to its end.
            self._held = event
            return
        self._open = self._add(route.kind, route, event.header)
        self._finder = (
            CitationFinder(self._pages) if route.kind == "answer" and self._pages else None
        )
        frame = self._writer.added(self._open)
        is_plain = self._finder is None and (self._top is None or not self._open.is_text)
        self._frame, self._slow_frame = (frame, None) if is_plain else (None, frame)

    def _add(
        self, kind: ItemKind, route: Route | None = None, header: MessageStarted | None = None
    ) -> Item:
        item = Item(
            len(self.items), self._new_id(ITEM_LIFECYCLES[kind].prefix), kind, header=header
        )
        item.container_id = self._container_id
        if route is not None:
            item.route = route
            if route.is_call:
                self._has_called = True
                item.call_id = self._new_id("call_")
        self.items.append(item)
        return item

    def _shows_call(self) -> bool:
        """Return whether a call of the client's tools is shown, as the request asks for it."""
        if self._request.tool_choice.mode == "none":
            return False
        return not self._has_called or self._request.values["parallel_tool_calls"] is True

    def _waits(self, call: ItemOpened) -> bool:
        """Return whether a server's tool call waits for approval; one not offered never runs."""
        label, name = call.route.server_label or "", call.route.name or ""
        offered = self._request.offers(call.header.recipient or "")
        return offered and self._request.tools.holds(label, name)

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

    def _close(self, event: ItemClosed, status: Status) -> None:
        item, self._open, self._frame, self._cut = self._open, None, None, None
        held, self._held = self._held, None
        if held is not None:
            self._close_held(held, event.text, status)
        if item is None or item.header is None:
            return
        item.text, item.is_closed = event.text, True
        if item.kind == "web_search":
            item.action = read_action(event.route.name, event.text, self._pages)
        _say(item, item.header, event.text)
        self._writer.said(item)
        if status != "completed" or item.kind not in RUN_BY_SERVER:
            self._writer.done(item, status)

    # What is said at once

    def _close_held(self, held: ItemOpened, text: str, status: Status) -> None:
        """Ask for approval of a whole call; one that was cut off is a call that never ran."""
        if status == "completed":
            item = self._add("approval", held.route, held.header)
            item.text, item.is_closed = text, True
            self._writer.added(item)
        else:
            item = self._add("mcp", held.route, held.header)
            self._write_whole(item, text)
        _say(item, held.header, text)
        self._writer.done(item, status)

    def _list_tools(self, listing: McpListing) -> None:
        item = self._add("listing")
        item.listing = listing
        self._writer.added(item)
        item.is_closed = True
        self._writer.ran(item)

    def _call_approved(self, call: ApprovedCall) -> None:
        """Repeat the approved call as the server's; it then waits for its tool."""
        header = MessageStarted(_ASSISTANT, "commentary", call.recipient, "json", _NOWHERE)
        item = self._add("mcp", Route("mcp", call.name, None, call.server_label), header)
        item.approval_id = call.request_id
        self._write_whole(item, call.arguments)

    def _write_whole(self, item: Item, text: str) -> None:
        """Write an item's text in one piece; from a client, it may have no UTF-8."""
        frame = self._writer.added(item)
        if frame is not None and text:
            self._sink.event({**frame.fields, "delta": text})
        item.text, item.is_closed = text, True
        self._writer.said(item)

    def _say_whole(self, item: Item, text: str) -> None:
        self._write_whole(item, text)
        if item.header is not None:
            _say(item, item.header, text)

    def _pending(self, output_index: int) -> Item:
        for item in self.items[output_index : output_index + 1]:
            if item.is_pending:
                return item
        message = f"no call is pending at output index {output_index}; see pending_calls"
        raise InvalidInputError(message, code="no_pending_call")


def _say(item: Item, header: MessageStarted, text: str) -> None:
    item.messages.append(make_message(header, text))
