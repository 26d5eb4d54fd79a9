"""The one kind of cache in harmonium: bounded in bytes, thread-safe, observable, clearable.

Knows nothing of what is kept. Entries live in two generations: new and used ones in the young,
the rest in the old. When the young one has filled half the bound it becomes the old one, and the
old one is dropped: least recently used in effect, at the price of a dict look-up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

from harmonium.errors import InvalidInputError, Position

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class CacheInfo(NamedTuple):
    """What a cache has done and holds. Sizes are in bytes."""

    hits: int
    misses: int
    entries: int
    bytes: int
    limit: int


class BoundedCache(Generic[K, V]):
    """Keep values by key until they make up more than a number of bytes.

    Safe to share between threads; under several, hits may be counted a little low.

    Args:
        limit: the bound in bytes on everything kept; 0 keeps nothing.
        size_of: gives the bytes that a key and its value take.

    Raises:
        InvalidInputError: a limit that is no integer from 0.

    """

    __slots__ = ("_half", "_hits", "_lock", "_misses", "_old", "_size_of", "_sizes", "_young")

    def __init__(self, limit: int, size_of: Callable[[K, V], int]) -> None:
        self._size_of = size_of
        self._lock = threading.Lock()
        self._hits = self._misses = 0
        self._half = 0
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._sizes = (0, 0)
        self.resize(limit)

    def get(self, key: K) -> V | None:
        """Return what is kept under `key`, or None."""
        found = self._young.get(key)
        if found is not None:
            self._hits += 1
            return found
        found = self._old.get(key)
        if found is None:
            self._misses += 1
            return None
        self._hits += 1
        self.put(key, found)
        return found

    def pop(self, key: K) -> V | None:
        """Remove and return the value under `key`; a caller that modifies it puts it back."""
        with self._lock:
            young, old = self._young.pop(key, None), self._old.pop(key, None)
            self._sizes = (
                self._sizes[0] - (0 if young is None else self._size_of(key, young)),
                self._sizes[1] - (0 if old is None else self._size_of(key, old)),
            )
        found = old if young is None else young
        self._hits += found is not None
        self._misses += found is None
        return found

    def put(self, key: K, value: V) -> None:
        """Keep `value` under `key`; what was used longest ago goes when there is no room."""
        size = self._size_of(key, value)
        if size > self._half:
            return
        with self._lock:
            before = self._young.pop(key, None)
            if before is not None:
                self._sizes = (self._sizes[0] - self._size_of(key, before), self._sizes[1])
            if self._sizes[0] + size > self._half:
                self._old, self._young = self._young, {}
                self._sizes = (0, self._sizes[0])
            self._young[key] = value
            self._sizes = (self._sizes[0] + size, self._sizes[1])

    def put_all(self, items: Mapping[K, V], size: int) -> None:
        """Keep many values at once; `size` is what `size_of` says of all of them together."""
        with self._lock:
            fits = self._sizes[0] + size <= self._half and self._young.keys().isdisjoint(items)
            if fits:
                self._young.update(items)
                self._sizes = (self._sizes[0] + size, self._sizes[1])
        if not fits:
            for key, value in items.items():
                self.put(key, value)

    def clear(self) -> None:
        """Forget everything kept; the counts go on."""
        with self._lock:
            self._forget()

    def resize(self, limit: int) -> None:
        """Set another bound, and forget everything kept."""
        if type(limit) is not int or limit < 0:
            message = "a cache's limit is a number of bytes from 0"
            raise InvalidInputError(message, position=Position(path="limit"))
        with self._lock:
            self._half = limit // 2
            self._forget()

    def info(self) -> CacheInfo:
        """Return the statistics of the cache."""
        entries = len(self._young.keys() | self._old.keys())
        return CacheInfo(self._hits, self._misses, entries, sum(self._sizes), 2 * self._half)

    def _forget(self) -> None:
        self._young = {}
        self._old = {}
        self._sizes = (0, 0)
