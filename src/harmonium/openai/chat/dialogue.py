"""Own the part of a chat request that grows: its tools and history, read once for all turns.

A client sends the whole history again with every turn. What is read of it is kept, by the bytes it
was read from: a request that begins with the same bytes is read from there on. Keeping the bytes
and not the objects makes the comparison exact (``1`` is not ``true``) and safe from callers who
change what they gave.
"""

from __future__ import annotations

import marshal
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harmonium.model import ToolNamespace
from harmonium.openai.chat.messages import History
from harmonium.openai.chat.tools import name_map, namespaces, read_tools
from harmonium.openai.tools import DeclaredTool, ToolChoice

KEPT_BYTES = 32 * 1024 * 1024
"""Bound on the bytes of all histories kept: some hundred long conversations."""

_OPENING = 2
_PLAIN = 2  # marshal's last format in which equal values always have equal bytes
_HEAD = 5  # bytes of a list in front of its items


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Hold a request's tools and history as read."""

    tools: tuple[DeclaredTool, ...]
    history: History
    _spaces: dict[tuple[str, ...], tuple[ToolNamespace, ...]] = field(default_factory=dict)

    def namespaces(self, choice: ToolChoice) -> tuple[ToolNamespace, ...]:
        """Give the namespace of the tools that may be called; the newest choice's is kept."""
        found = self._spaces.get(choice.names)
        if found is None:
            found = namespaces(self.tools, self.history.names, choice, "tools")
            self._spaces.clear()
            self._spaces[choice.names] = found
        return found

    def copy(self) -> Dialogue:
        """Give a dialogue of its own that has read as much."""
        return Dialogue(self.tools, self.history.copy(), self._spaces)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Hold what was read of items with these bytes; never changed, only copied."""

    items: bytes
    dialogue: Dialogue


class Dialogues:
    """Keep what was read of requests, the newest state of each conversation.

    Safe to share between threads.

    Args:
        limit: bound in bytes on the JSON that is kept.

    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        self._limit = limit
        self.size = 0
        """Bytes kept now."""
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, items: Sequence[object], tools: object) -> Dialogue:
        """Read a request's messages and tools, going on from what was read before.

        Raises:
            RequestError: something in them cannot be read.

        """
        try:
            key = _dump((tools, items[:_OPENING]))
            dump = _dump(items)
        except ValueError:  # objects that are no plain JSON, or nested too deeply
            return _read(items, tools)
        kept = self._kept.get(key)
        if kept is None or not dump.startswith(kept.items, _HEAD):
            kept, dialogue = None, _read(items, tools)
        else:
            dialogue = kept.dialogue.copy()
            dialogue.history.read(items)
        if dialogue.history.settled and (kept is None or len(dump) > len(kept.items) + _HEAD):
            self._keep(key, dump[_HEAD:], dialogue)
        return dialogue

    def _keep(self, key: bytes, items: bytes, dialogue: Dialogue) -> None:
        kept = _Kept(items, dialogue.copy())
        with self._lock:
            old = self._kept.pop(key, None)
            if old is not None:
                self.size -= len(key) + len(old.items)
            self._kept[key] = kept
            self.size += len(key) + len(items)
            while self.size > self._limit:
                dropped, gone = self._kept.popitem(last=False)
                self.size -= len(dropped) + len(gone.items)


def _dump(value: Any) -> bytes:  # noqa: ANN401  (what marshal cannot take, it refuses)
    return marshal.dumps(value, _PLAIN)


def _read(items: Sequence[object], tools: object) -> Dialogue:
    declared = read_tools(tools, "tools")
    history = History(name_map(declared, "tools"))
    history.read(items)
    return Dialogue(tuple(declared), history)
