"""Cache of the part of a chat request that grows: its tools and history.

A client sends the whole history again with every turn. What is read of it is kept, with a copy of
the messages it was read from: a request that begins with equal ones is read from there on. Tools
and the first messages are compared by their bytes, since schemas that are equal may print
differently (``1`` is not ``1.0``); of messages nothing is read but texts, and what is equal there
reads the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from harmonium.model import Message, ResponseFormat
from harmonium.openai.chat.request.history import History
from harmonium.openai.chat.request.tools import name_map, namespaces, read_tools
from harmonium.openai.requests.history_cache import HistoryCache, decode_copy, plain_bytes
from harmonium.openai.requests.prompt import developer_message
from harmonium.openai.requests.tolerance import Adapter, Tolerance
from harmonium.openai.requests.tools import DeclaredTool, ToolChoice

KEPT_BYTES = 32 * 1024 * 1024
"""Bound on what all histories kept take: some hundred long conversations."""

_OPENING = 2
_PER_DIALOGUE, _PER_MESSAGE = 2_000, 1_000
_PER_BYTE, _PER_BYTE_OF_TOOLS = 2, 10
"""What is kept beside the JSON it was read from, in bytes of memory, as measured: objects take
several times the room of the JSON they stand for."""


@dataclass(frozen=True, slots=True)
class ParsedHistory:
    """A request's tools and history as read."""

    tools: tuple[DeclaredTool, ...]
    history: History
    _settings: dict[tuple[str, ...], tuple[Message | None]] = field(default_factory=dict)

    def developer(
        self, choice: ToolChoice, formats: tuple[ResponseFormat, ...] = ()
    ) -> Message | None:
        """Return the developer message with the tools that may be called; None for an empty one.

        Without formats, that of the newest choice is kept: the very same message, turn by turn.
        """
        known = None if formats else self._settings.get(choice.names)
        if known is not None:
            return known[0]
        spaces = namespaces(self.tools, self.history.names, choice, "tools")
        made = developer_message(self.history.instructions, spaces, formats)
        if not formats:
            self._settings.clear()
            self._settings[choice.names] = (made,)
        return made

    def copy(self) -> ParsedHistory:
        """Return a dialogue of its own that has read as much."""
        return ParsedHistory(self.tools, self.history.copy(), self._settings)


class _Kept(NamedTuple):
    """What was read of messages like these, and the memory of it all; never changed."""

    items: list[object]
    size: int
    dialogue: ParsedHistory

    def begins(self, items: list[object]) -> bool:
        """Return whether messages go on from these."""
        try:
            return items[: len(self.items)] == self.items
        except RecursionError:  # nested too deeply to be compared
            return False


class ParsedHistories(HistoryCache[bytes, _Kept]):
    """Keep what was read of requests, by their tools and first messages.

    Args:
        limit: bound in bytes on the memory of what is kept; 0 keeps nothing.

    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        super().__init__(limit)

    def read(
        self, items: list[object], tools: object, tolerance: Tolerance = "lenient"
    ) -> ParsedHistory:
        """Read a request's messages and tools, going on from what was read before.

        Raises:
            RequestError: something in them cannot be read.

        """
        declared, opening = plain_bytes(tools), plain_bytes(items[:_OPENING])
        if declared is None or opening is None:
            return _read(items, tools, tolerance)
        key = self._scope + tolerance.encode() + declared + opening
        found = self._kept.get(key)
        kept = found if found is not None and found.begins(items) else None
        count = 0 if kept is None else len(kept.items)
        new = plain_bytes(items[count:] if count else items)
        if new is None:
            return _read(items, tools, tolerance)
        if kept is None:
            dialogue = _read(items, decode_copy(declared), tolerance)
            kept = _Kept([], _PER_DIALOGUE + _PER_BYTE_OF_TOOLS * len(declared), dialogue)
        else:
            dialogue = kept.dialogue.copy()
            dialogue.history.read(items)
        if dialogue.history.is_cacheable and len(items) > count:
            self._kept.put(key, _grown(kept, new, dialogue))
        return dialogue


def _grown(before: _Kept, new: bytes, dialogue: ParsedHistory) -> _Kept:
    """Return what is kept of a dialogue: of its messages a copy, which no caller can change."""
    items: list[object] = decode_copy(new)
    size = before.size + _PER_BYTE * len(new) + _PER_MESSAGE * len(items)
    return _Kept(before.items + items, size, dialogue.copy())


def _read(items: Sequence[object], tools: object, tolerance: Tolerance) -> ParsedHistory:
    adapter = Adapter(tolerance)
    declared = read_tools(tools, "tools", adapter)
    history = History(name_map(declared, "tools"), adapter=adapter)
    history.read(items)
    return ParsedHistory(tuple(declared), history)
