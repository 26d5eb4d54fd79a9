"""Own what is remembered of conversations that grow; know nothing of what is read of them.

A client sends the whole history again with every turn. What was read of it is kept by the bytes
it was read from: a history that begins with the same bytes goes on from there. Keeping bytes and
not objects makes the comparison exact (``1`` is not ``true``) and safe from callers who change
what they gave.
"""

from __future__ import annotations

import marshal
import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")

_PLAIN = 2  # marshal's last format in which equal values always have equal bytes
_HEAD = 5  # bytes of a list in front of its items


def plain_bytes(value: Any) -> bytes | None:  # noqa: ANN401  (what marshal cannot take is None)
    """Give bytes that are equal for equal JSON alone; None for what is no plain JSON."""
    try:
        return marshal.dumps(value, _PLAIN)
    except ValueError:  # other objects, or nested too deeply
        return None


def own_copy(plain: bytes) -> Any:  # noqa: ANN401  (as `plain_bytes`)
    """Give a new value that is the one these bytes were made of."""
    return marshal.loads(plain)  # noqa: S302  (only what `plain_bytes` gave, in this process)


class _Entry(NamedTuple, Generic[T]):
    items: bytes
    state: T
    size: int


class KeptStates(Generic[T]):
    """Keep the newest state of each conversation, found again by the items it was read from.

    Safe to share between threads; states are never changed here, and callers copy what they get.

    Args:
        limit: bound in bytes on what is kept, as its keepers tell; the longest unused go first.
            0 keeps nothing.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[tuple[Hashable, ...], _Entry[T]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes kept now, as counted by who keeps them."""
        return self._size

    @property
    def limit(self) -> int:
        """The bound on it."""
        return self._limit

    def find(self, key: tuple[Hashable, ...], items: bytes) -> T | None:
        """Give the state under `key` whose items these begin with, None without one."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or not items.startswith(kept.items, _HEAD):
                return None
            self._kept.move_to_end(key)
            return kept.state

    def keep(self, key: tuple[Hashable, ...], items: bytes, state: T, size: int) -> None:
        """Keep a state in place of the one under `key`; one beyond the bound is not kept.

        Args:
            key: tells one conversation from another.
            items: what the state was read from.
            state: what was read.
            size: bytes of memory that all of these take.

        """
        with self._lock:
            self._drop(key)
            if size > self._limit:
                return
            self._kept[key] = _Entry(items[_HEAD:], state, size)
            self._size += size
            self._make_room()

    def resize(self, limit: int) -> None:
        """Set another bound; the longest unused beyond it are forgotten."""
        with self._lock:
            self._limit = limit
            self._make_room()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _drop(self, key: tuple[Hashable, ...]) -> None:
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._size -= entry.size

    def _make_room(self) -> None:
        while self._size > self._limit:
            self._drop(next(iter(self._kept)))
