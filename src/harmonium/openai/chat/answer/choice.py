"""The deltas of one choice of a chat completion. Knows nothing of JSON.

Streams write these pieces, whole answers add them up: so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Literal, NamedTuple

from harmonium.openai.answers.context import IdSource
from harmonium.openai.answers.finish import EngineFinish, is_complete
from harmonium.openai.answers.output import (
    ItemClosed,
    ItemOpened,
    ItemText,
    OutputEvent,
    OutputFold,
)
from harmonium.openai.chat.request.request import AnswerSettings
from harmonium.openai.requests.tool_names import ToolNameMap
from harmonium.parse import Event

ChatFinishReason = Literal["stop", "length", "content_filter", "tool_calls"]
DeltaKind = Literal["role", "reasoning", "content", "call", "arguments", "finish"]

SEPARATOR = "\n"
"""Stands between two messages that end up in one field."""


class ToolCallRef(NamedTuple):
    """The tool call that a text belongs to: its index among the calls, its id, kind and name."""

    place: int
    id: str
    kind: Literal["function", "custom"]
    name: str


class ChoiceDelta(NamedTuple):
    """One delta of a choice.

    ``text`` is the text, or the finish reason for ``finish``; ``start`` and ``end`` are the tokens
    it came from (none for what no token says, such as the separator of two messages); ``call`` is
    given with ``call`` and ``arguments``.
    """

    kind: DeltaKind
    text: str = ""
    start: int = 0
    end: int = 0
    call: ToolCallRef | None = None


_make_delta = partial(tuple.__new__, ChoiceDelta)


class ChoiceFold:
    """Fold parser events into the pieces of one choice.

    Args:
        names: the request's tools.
        settings: what the request asks of the answer.
        new_id: where the ids of calls come from.

    """

    def __init__(self, names: ToolNameMap, settings: AnswerSettings, new_id: IdSource) -> None:
        self.output = OutputFold(names)
        self._settings = settings
        self._new_id = new_id
        self._begun = False
        self._kind: DeltaKind | None = None
        self._call: ToolCallRef | None = None
        self._calls = 0
        self._whole_calls = 0
        self._spoken: set[DeltaKind] = set()
        self._separate = False

    def feed(self, events: Iterable[Event]) -> list[ChoiceDelta]:
        """Process events of the parser and return deltas; the first one is the role."""
        return self._fold(self.output.feed(events))

    @property
    def open_text(self) -> tuple[DeltaKind, ToolCallRef | None] | None:
        """What more text of the open message would be, and nothing beside it; None if other."""
        return None if self._kind is None or self._separate else (self._kind, self._call)

    def finish(self, engine: EngineFinish) -> list[ChoiceDelta]:
        """End the choice; feed the events of ``Parser.close`` first."""
        out = self._fold(self.output.abort())
        if self._calls == 0 and "content" not in self._spoken:
            out.append(ChoiceDelta("content"))
        calls = engine == "stop" and self._whole_calls > 0
        reason: ChatFinishReason = "tool_calls" if calls else engine
        out.append(ChoiceDelta("finish", reason))
        return out

    def _fold(self, events: list[OutputEvent]) -> list[ChoiceDelta]:
        out: list[ChoiceDelta] = []
        if not self._begun:
            self._begun = True
            out.append(ChoiceDelta("role"))
        for event in events:
            if type(event) is not ItemText:
                self._turn(event, out)
            elif self._kind is not None:
                if self._separate:
                    self._add_separator(self._kind, event.start, out)
                out.append(_make_delta((self._kind, event[1], event[2], event[3], self._call)))
        return out

    def _add_separator(self, kind: DeltaKind, place: int, out: list[ChoiceDelta]) -> None:
        self._separate = False
        if kind in self._spoken:
            out.append(ChoiceDelta(kind, SEPARATOR, place, place))
        self._spoken.add(kind)

    def _turn(self, event: OutputEvent, out: list[ChoiceDelta]) -> None:
        if isinstance(event, ItemOpened):
            self._open(event, out)
        elif isinstance(event, ItemClosed):
            self._whole_calls += self._call is not None and is_complete(event)
            self._kind = self._call = None

    def _open(self, opened: ItemOpened, out: list[ChoiceDelta]) -> None:
        self._separate = False
        match opened.route.chat:
            case "reasoning":
                self._kind, self._separate = "reasoning", True
            case "content":
                self._kind, self._separate = "content", True
            case "tool_calls" if self._shows_call():
                kind: Literal["function", "custom"]
                kind = "custom" if opened.route.kind == "custom" else "function"
                name = opened.route.name or ""
                self._call = ToolCallRef(self._calls, self._new_id("call_"), kind, name)
                self._kind = "arguments"
                self._calls += 1
                out.append(ChoiceDelta("call", call=self._call))
            case _:
                self._kind = None

    def _shows_call(self) -> bool:
        settings = self._settings
        return settings.calls and not (settings.single_call and self._calls)
