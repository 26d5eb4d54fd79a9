"""The order of events: some wait until the next token decides what a message was.

Text without a header is the answer when nothing follows it, and reasoning when another message
does (corpus: er-end-start, refusal-no-header). Until then its events, and every event behind them,
wait here: what was put out cannot be taken back, and reasoning must not be shown as an answer.

Does not know tokens or states.
"""

from __future__ import annotations

from harmonium.model import Message, TextContent, unchecked
from harmonium.parse.events import (
    ContentDelta,
    Event,
    MessageEnded,
    MessageStarted,
    Repaired,
    Span,
    Stop,
)
from harmonium.parse.header import Header
from harmonium.parse.repair.headerless import Recovered


def make_message(header: Header | MessageStarted, text: str) -> Message:
    """Build the message that a header and its content amount to."""
    return unchecked(
        Message,
        author=header.author,
        content=(TextContent(text),),
        channel=header.channel,
        recipient=header.recipient,
        content_type=header.content_type,
    )


class EventQueue:
    """The events of one `feed`, and those behind a message whose channel is undecided."""

    __slots__ = ("_events", "_holding", "_undecided", "_waiting")

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._waiting: list[Event] = []
        self._holding = False
        self._undecided: tuple[Recovered, Stop | None, Span] | None = None

    def add(self, event: Event) -> None:
        """Put an event behind those already there."""
        (self._waiting if self._holding else self._events).append(event)

    def extend(self, events: list[ContentDelta]) -> None:
        """Put content behind the events already there (nothing is undecided inside content)."""
        self._events.extend(events)

    def take(self) -> list[Event]:
        """Return the events that are decided, and forget them."""
        events, self._events = self._events, []
        return events

    def hold(self) -> None:
        """Keep events back from now on, until `release`."""
        self._holding = True

    def release(self, first: Event | None) -> None:
        """Put out `first`, if any, and then the events that waited."""
        self._holding = False
        if first is not None:
            self._events.append(first)
        waiting, self._waiting = self._waiting, []
        self._events.extend(waiting)

    def wait(self, message: Recovered, stop: Stop | None, stop_span: Span) -> None:
        """Keep a message back until it is known whether another follows."""
        self._undecided = (message, stop, stop_span)
        self.hold()

    def decide(self, *, followed: bool) -> None:
        """Release the message kept back, if any, and everything behind it."""
        if self._undecided is None:
            return
        (message, stop, stop_span), self._undecided = self._undecided, None
        waiting, self._waiting = self._waiting, []
        self._holding = False
        self.add_recovered(message, stop, stop_span, followed=followed)
        self._events.extend(waiting)

    def add_recovered(
        self,
        found: Recovered,
        stop: Stop | None,
        stop_span: Span,
        *,
        followed: bool,
        truncated: bool = False,
    ) -> None:
        """Add all events of a message that was found in a header."""
        header = found.header
        if found.doubtful and followed:
            header = header._replace(channel="analysis")
        action = f"taken as content on {header.channel or 'no channel'}"
        body = Span(found.body, found.body)
        self.add(Repaired(found.code, body, "", action, discarded=False))
        self.add(MessageStarted(*header, Span(found.span.start, found.body)))
        self.add(ContentDelta(found.text, found.body, found.span.end))
        message = make_message(header, found.text)
        self.add(MessageEnded(message, stop, truncated, stop_span))
