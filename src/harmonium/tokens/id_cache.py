"""A tokenizer's caches: the token ids of texts, of what renders to text, of prompts.

Theory of operation. The key is the text itself, so an entry can never be stale, and equal texts of
different conversations share it. Every text that is rendered passes through; what is only encoded
or decoded does not. The cache keeps prompt text alive, up to its bound in bytes and until `clear`.
A fixed part of the bound belongs to whole prompts (`render.prompt_cache`), which would otherwise
be pushed out by the many texts they consist of. Does not encode.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable
from typing import Protocol

from harmonium.caching import BoundedCache, CacheInfo

DEFAULT_LIMIT = 64 * 1024 * 1024
"""Bytes: the tokens of about a million words."""

_BYTES_PER_ID = 36
"""An int object of 28 bytes and a pointer."""
_BYTES_PER_ENTRY = 120
"""A tuple's head and a dict's entry, which has room to grow."""
_PROMPTS = 4
"""The part of the bound that whole conversations may take: one in so many."""

Ids = tuple[int, ...]
PromptKey = tuple[Hashable, ...]


class Sized(Protocol):
    """Something that knows how many bytes it takes."""

    @property
    def size(self) -> int:
        """Bytes."""


class IdCache(BoundedCache[Hashable, Ids]):
    """Keep the ids of texts, and beside them, in ``prompts``, what conversations became.

    `info`, `clear` and `resize` speak of both together. See `BoundedCache`.
    """

    __slots__ = ("prompts",)

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self.prompts: BoundedCache[PromptKey, Sized] = BoundedCache(0, lambda _, one: one.size)
        super().__init__(limit, _size_of)

    def put_texts(self, texts: dict[Hashable, Ids]) -> None:
        """Keep the ids of texts: of many at once where there are many."""
        if len(texts) == 1:
            [(text, ids)] = texts.items()
            self.put(text, ids)
            return
        count = sum(map(len, texts.values()))
        rest = sum(map(sys.getsizeof, texts)) + _BYTES_PER_ENTRY * len(texts)
        self.put_all(texts, rest + _BYTES_PER_ID * count)

    def clear(self) -> None:
        """Forget everything kept; the counts go on."""
        super().clear()
        self.prompts.clear()

    def resize(self, limit: int) -> None:
        """Set another bound, and forget everything kept."""
        super().resize(limit)
        self.prompts.resize(limit // _PROMPTS)
        super().resize(limit - limit // _PROMPTS)

    def info(self) -> CacheInfo:
        """Return the statistics of the cache."""
        return CacheInfo(*map(sum, zip(super().info(), self.prompts.info(), strict=True)))


def _size_of(key: Hashable, ids: Ids) -> int:
    """Count the key, an int object and a pointer for each id, and the room in a dict."""
    return sys.getsizeof(key) + _BYTES_PER_ID * len(ids) + _BYTES_PER_ENTRY
