"""The fold of parser events into the items of an answer, the same for every API.

Everything an answer says is computed here once: which item a token belongs to, what was hidden,
repaired or cut off, how many tokens were reasoning. Streams and whole answers of both APIs are
folds over these events.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

from harmonium.model import Role
from harmonium.openai.answers.routing import NOTHING, Route, route
from harmonium.openai.requests.tool_names import ToolNameMap
from harmonium.openai.requests.tools import NO_ARGUMENTS
from harmonium.parse import ContentDelta, Event, MessageEnded, MessageStarted, Repaired, Stop


class ItemOpened(NamedTuple):
    """An item begins. ``item`` counts items from 0; ``header`` is the message's."""

    item: int
    route: Route
    header: MessageStarted


class ItemText(NamedTuple):
    """Some text of the open item; ``start`` and ``end`` are the tokens it came from.

    Tokens count from the first one of the answer, through all turns.
    """

    item: int
    text: str
    start: int
    end: int


class ItemClosed(NamedTuple):
    """An item is complete, or was cut off (``truncated``); ``text`` is all its text."""

    item: int
    route: Route
    text: str
    stop: Stop | None
    truncated: bool


OutputEvent = ItemOpened | ItemText | ItemClosed

_make_text = partial(tuple.__new__, ItemText)


_ENDS_TURN = frozenset({"answer", "function", "custom", "mcp", "web_search", "code"})


class OutputFold:
    """Fold parser events into the items of one answer.

    Messages of tools and other roles than the assistant make no item. Behind an answer or a call
    they end the turn: what a model invents of the user's next words, or of a tool's result, and
    goes on from, is not its answer (ml-explore/mlx-lm#875, NVIDIA/TensorRT-LLM#10651).

    An answer may take several turns of the model, each with a parser of its own: say `begin_turn`
    between them.

    Args:
        names: the request's tools.

    Example:
        >>> import harmonium
        >>> encoding = harmonium.load_encoding()
        >>> parser = encoding.parser()
        >>> ids = encoding.encode("<|channel|>final<|message|>Hi<|return|>", allowed_special="all")
        >>> fold = OutputFold(ToolNameMap())
        >>> [type(event).__name__ for event in fold.feed(parser.feed(ids) + parser.close())]
        ['ItemOpened', 'ItemText', 'ItemClosed']
        >>> fold.output_tokens
        5

    """

    def __init__(self, names: ToolNameMap) -> None:
        self._names = names
        self._count = 0
        self._route = NOTHING
        self._pieces: list[str] = []
        self._offset = 0
        self._thinks = False
        self._has_answered = self._is_over = False
        self.output_tokens = 0
        """All tokens of the answer so far."""
        self.reasoning_tokens = 0
        """Those of them that are content on ``analysis``, addressed to nobody."""
        self.repairs: list[Repaired] = []
        """What the parser repaired, in order; spans count from the first token of their turn."""

    @property
    def open_route(self) -> Route | None:
        """Where the open item belongs; None between items."""
        return None if self._route is NOTHING else self._route

    def begin_turn(self) -> None:
        """Start a new turn: the next events come from a new parser, whose tokens count from 0."""
        self._offset = self.output_tokens
        self._has_answered = self._is_over = False

    def feed(self, events: Iterable[Event]) -> list[OutputEvent]:
        """Process events of the parser and return what they mean for the answer."""
        out: list[OutputEvent] = []
        offset = self._offset
        for event in events:
            if type(event) is not ContentDelta:
                self._take(event, out)
                continue
            text, start, end = event
            self.output_tokens = end + offset
            if self._route is not NOTHING:
                out.append(_make_text((self._count, text, start + offset, end + offset)))
                self._pieces.append(text)
                self.reasoning_tokens += (end - start) * self._thinks
        return out

    def abort(self) -> list[OutputEvent]:
        """Close the open item, if any, as cut off: the engine failed or the client left."""
        if self._route is NOTHING:
            return []
        closed = ItemClosed(self._count, self._route, "".join(self._pieces), None, truncated=True)
        self._forget()
        return [closed]

    def _take(self, event: Event, out: list[OutputEvent]) -> None:
        match event:
            case MessageStarted(author, channel, recipient):
                out += self.abort()  # of a parser that nobody closed
                if author.role is not Role.ASSISTANT and self._has_answered:
                    self._is_over = True
                target = route(recipient, channel, author.role, self._names)
                self._route = NOTHING if self._is_over else target
                self._has_answered = self._has_answered or target.kind in _ENDS_TURN
                self._thinks = self._route.kind == "reasoning"
                if self._route is not NOTHING:
                    out.append(ItemOpened(self._count, self._route, event))
            case MessageEnded(message, stop, truncated) if self._route is not NOTHING:
                text = message.text
                if self._lacks_arguments(text, truncated=truncated):
                    place = event.span.start + self._offset
                    out.append(ItemText(self._count, NO_ARGUMENTS, place, place))
                    text += NO_ARGUMENTS
                out.append(ItemClosed(self._count, self._route, text, stop, truncated))
                self._forget()
            case Repaired():
                self.repairs.append(event)
            case _:
                pass
        if type(event) is not Repaired or event.discarded:
            self.output_tokens = event.span.end + self._offset

    def _lacks_arguments(self, text: str, *, truncated: bool) -> bool:
        """Return whether the open item is a whole call with JSON arguments that has none.

        Clients read arguments as JSON, and an empty text is none (FastGPT#5497, vllm#19419).
        """
        return self._route.kind == "function" and not truncated and not text.strip()

    def _forget(self) -> None:
        self._count += 1
        self._route = NOTHING
        self._pieces = []
