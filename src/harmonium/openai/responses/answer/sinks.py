"""Sinks for events: JSON objects or server-sent bytes. Know nothing of their order.

Most events are deltas. What a delta's frame repeats is written once, when its part opens; each
delta then costs one number and one escaped string.
"""

from __future__ import annotations

from json.encoder import encode_basestring_ascii as _quote
from typing import Generic, Protocol, TypeVar

from harmonium.json_types import JSONObject
from harmonium.openai.answers.obfuscation import Padding, obfuscation
from harmonium.openai.answers.sse import DONE, named_event, to_json

Taken_co = TypeVar("Taken_co", covariant=True)
T = TypeVar("T")


class DeltaTemplate:
    """What the deltas of one part have in common.

    Args:
        fields: the event without its ``sequence_number`` and ``delta``; ``type`` comes first.

    """

    __slots__ = ("fields", "head")

    def __init__(self, fields: JSONObject) -> None:
        self.fields = fields
        body = to_json(fields)[:-1]
        self.head = f'event: {fields["type"]}\ndata: {body},"sequence_number":'


class Sink(Protocol, Generic[Taken_co]):
    """The receiver of a stream of events: numbers them in order, then returns them at once."""

    def event(self, event: JSONObject) -> None:
        """Write an event; its ``sequence_number`` is added."""

    def delta(self, frame: DeltaTemplate, text: str) -> None:
        """Write a delta."""

    def end(self) -> None:
        """Write what comes after the last event."""

    def take(self) -> Taken_co:
        """Return what was written since the last time."""


class ObjectSink:
    """Collect events as JSON objects."""

    def __init__(self) -> None:
        self._number = 0
        self._events: list[JSONObject] = []

    def event(self, event: JSONObject) -> None:
        """Add an event; its ``sequence_number`` is added."""
        event["sequence_number"] = self._number
        self._number += 1
        self._events.append(event)

    def delta(self, frame: DeltaTemplate, text: str) -> None:
        """Add a delta."""
        self.event({**frame.fields, "delta": text})

    def end(self) -> None:
        """Add nothing."""

    def take(self) -> list[JSONObject]:
        """Return the events added since the last time."""
        events, self._events = self._events, []
        return events


class ByteSink:
    """Write events as server-sent events, each with an ``event`` and a ``data`` line."""

    def __init__(self) -> None:
        self._number = 0
        self._pieces: list[bytes] = []

    def event(self, event: JSONObject) -> None:
        """Write an event; its ``sequence_number`` is added."""
        event["sequence_number"] = self._number
        self._number += 1
        self._pieces.append(named_event(event))

    def delta(self, frame: DeltaTemplate, text: str) -> None:
        """Write a delta."""
        number = self._number
        self._number = number + 1
        event = f'{frame.head}{number},"delta":{_quote(text)}}}\n\n'
        self._pieces.append(event.encode("ascii"))

    def end(self) -> None:
        """Write what every stream over SSE ends with."""
        self._pieces.append(DONE)

    def take(self) -> bytes:
        """Return the bytes written since the last time: whole frames."""
        pieces, self._pieces = self._pieces, []
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class NullSink:
    """Write nothing: for an answer that is wanted whole."""

    def event(self, event: JSONObject) -> None:
        """Drop an event."""

    def delta(self, frame: DeltaTemplate, text: str) -> None:
        """Drop a delta."""

    def end(self) -> None:
        """Add nothing."""

    def take(self) -> None:
        """Return nothing."""


class PaddedSink(Generic[T]):
    """Write to another sink, with an ``obfuscation`` beside every delta.

    Args:
        sink: what is written to.
        padding: where the padding comes from.

    """

    def __init__(self, sink: Sink[T], padding: Padding) -> None:
        self._sink = sink
        self._padding = padding

    def event(self, event: JSONObject) -> None:
        """Write an event; one that holds a delta is padded."""
        delta = event.get("delta")
        if isinstance(delta, str):
            event = {**event, "obfuscation": obfuscation(delta, self._padding)}
        self._sink.event(event)

    def delta(self, frame: DeltaTemplate, text: str) -> None:
        """Write a delta, padded."""
        self.event({**frame.fields, "delta": text})

    def end(self) -> None:
        """Write what comes after the last event."""
        self._sink.end()

    def take(self) -> T:
        """Return what was written since the last time."""
        return self._sink.take()
