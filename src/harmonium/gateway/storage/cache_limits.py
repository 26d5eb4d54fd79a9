"""The memory that one process spends on the token ids of texts, for later turns."""

from __future__ import annotations

from harmonium.encoding import Encoding


def bound_caches(limit: int, encoding: Encoding) -> None:
    """Set the size of the cache of token ids: half of what is meant for caches.

    The other half is for what was read of histories; see `Service`. A cache that has that bound
    already keeps what it holds.

    Args:
        limit: bytes for all caches; 0 keeps nothing, and every turn is read and encoded whole.
        encoding: the one whose token ids are kept.

    """
    tokens, half = encoding.tokenizer.cache, limit // 16 * 8  # which the cache can halve, and again
    if tokens.info().limit != half:
        tokens.resize(half)
