"""Own the part of a chat request that grows: its tools and history, read once for all turns.

A client sends the whole history again with every turn. What is read of it is kept, with a copy of
the messages it was read from: a request that begins with equal ones is read from there on. Tools
and the first messages are compared by their bytes, since schemas that are equal may print
differently (``1`` is not ``1.0``); of messages nothing is read but texts, and what is equal there
reads the same.
"""

from __future__ import annotations

import marshal
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harmonium.model import Message, ResponseFormat
from harmonium.openai.chat.messages import History
from harmonium.openai.chat.tools import name_map, namespaces, read_tools
from harmonium.openai.prompt import developer_message
from harmonium.openai.tools import DeclaredTool, ToolChoice

KEPT_BYTES = 32 * 1024 * 1024
"""Bound on what all histories kept take: some hundred long conversations."""

_OPENING = 2
_PER_DIALOGUE, _PER_MESSAGE = 2_000, 1_000
_PER_BYTE, _PER_BYTE_OF_TOOLS = 2, 10
"""What is kept beside the JSON it was read from, in bytes of memory, as measured: objects take
several times the room of the JSON they stand for."""
_PLAIN = 2  # marshal's last format in which equal values always have equal bytes


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Hold a request's tools and history as read."""

    tools: tuple[DeclaredTool, ...]
    history: History
    _settings: dict[tuple[str, ...], tuple[Message | None]] = field(default_factory=dict)

    def developer(
        self, choice: ToolChoice, formats: tuple[ResponseFormat, ...] = ()
    ) -> Message | None:
        """Give the developer message with the tools that may be called; None for an empty one.

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

    def copy(self) -> Dialogue:
        """Give a dialogue of its own that has read as much."""
        return Dialogue(self.tools, self.history.copy(), self._settings)


class _Kept(NamedTuple):
    """Hold what was read of messages like these, and the memory of it all; never changed."""

    items: list[object]
    size: int
    dialogue: Dialogue


class Dialogues:
    """Keep what was read of requests, the newest state of each conversation.

    Safe to share between threads.

    Args:
        limit: bound in bytes on the memory of what is kept; 0 keeps nothing.

    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit = limit
        self.size = 0
        """Bytes of memory that is kept now, counted a little high."""
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        """The bound on it."""
        return self._limit

    def read(self, items: list[object], tools: object) -> Dialogue:
        """Read a request's messages and tools, going on from what was read before.

        Raises:
            RequestError: something in them cannot be read.

        """
        try:
            declared = _dump(tools)
            key = declared + _dump(items[:_OPENING])
            kept = self._kept.get(key)
            if kept is not None and items[: len(kept.items)] != kept.items:
                kept = None
            new = _dump(items if kept is None else items[len(kept.items) :])
        except (ValueError, RecursionError):  # no plain JSON, or nested too deeply
            return _read(items, tools)
        if kept is None:
            dialogue = _read(items, marshal.loads(declared))  # noqa: S302  (just dumped)
        else:
            dialogue = kept.dialogue.copy()
            dialogue.history.read(items)
        if dialogue.history.settled and (kept is None or len(items) > len(kept.items)):
            size = _size_of(declared) if kept is None else kept.size
            self._keep(key, _Kept([] if kept is None else kept.items, size, dialogue), new)
        return dialogue

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self.size = 0

    def resize(self, limit: int) -> None:
        """Set another bound; the oldest beyond it are forgotten."""
        with self._lock:
            self._limit = limit
            self._make_room()

    def _keep(self, key: bytes, before: _Kept, new: bytes) -> None:
        """Keep a dialogue; of its messages a copy, which no caller can change."""
        items: list[object] = marshal.loads(new)  # noqa: S302  (just dumped)
        size = before.size + _PER_BYTE * len(new) + _PER_MESSAGE * len(items)
        with self._lock:
            gone = self._kept.pop(key, None)
            if gone is not None:
                self.size -= gone.size
            if size > self._limit:
                return
            self._kept[key] = _Kept(before.items + items, size, before.dialogue.copy())
            self.size += size
            self._make_room()

    def _make_room(self) -> None:
        while self.size > self._limit:
            _, gone = self._kept.popitem(last=False)
            self.size -= gone.size


DIALOGUES = Dialogues()
"""Where all requests are kept."""


def _size_of(tools: bytes) -> int:
    """Give what a dialogue takes before its first message."""
    return _PER_DIALOGUE + _PER_BYTE_OF_TOOLS * len(tools)


def _dump(value: Any) -> bytes:  # noqa: ANN401  (what marshal cannot take, it refuses)
    return marshal.dumps(value, _PLAIN)


def _read(items: Sequence[object], tools: object) -> Dialogue:
    declared = read_tools(tools, "tools")
    history = History(name_map(declared, "tools"))
    history.read(items)
    return Dialogue(tuple(declared), history)
