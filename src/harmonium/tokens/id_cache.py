"""Own what a tokenizer remembers: the token ids of texts, and of what renders to text.

It keeps prompt text alive, up to its bound and no longer than until `clear`; every text that is
rendered passes through it, nothing that is only encoded or decoded does.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable

from harmonium.caching import BoundedCache

DEFAULT_LIMIT = 64 * 1024 * 1024
"""Bytes: the tokens of about a million words."""

_BYTES_PER_ID = 36
_BYTES_PER_ENTRY = 120

Ids = tuple[int, ...]
IdCache = BoundedCache[Hashable, Ids]


def make_id_cache() -> IdCache:
    """Make an empty cache of the default size."""
    return BoundedCache(DEFAULT_LIMIT, _size_of)


def _size_of(key: Hashable, ids: Ids) -> int:
    """Count the key, an int object and a pointer for each id, and the room in a dict."""
    return sys.getsizeof(key) + _BYTES_PER_ID * len(ids) + _BYTES_PER_ENTRY
