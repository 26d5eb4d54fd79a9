"""Cache of conversations that grow. Does not know what is read from them.

Theory of operation. A client sends the whole history again with every turn: what was read of it is
kept, so that the next turn costs what is new. Only the newest state of each conversation is kept,
and a state is copied before it is read on: a request that fails, or a branch, leaves it as it was.
How a history is recognised is for the readers to say. Objects that compare equal need not be the
same (``1`` is not ``true``, nor ``1.0``), and who gave them may change them: hence the bytes.
"""

from __future__ import annotations

import marshal
from collections.abc import Hashable
from copy import copy
from typing import Any, Generic, Protocol, Self, TypeVar

from harmonium.caching import BoundedCache

_FORMAT = 2
"""marshal's last format in which equal values always have equal bytes."""


class Sized(Protocol):
    """Be kept, and know the bytes of memory that takes."""

    @property
    def size(self) -> int:
        """The bytes."""


K = TypeVar("K", bound=Hashable)
S = TypeVar("S", bound=Sized)


class HistoryCache(Generic[K, S]):
    """Keep the newest state of each conversation; the longest unused go first.

    Safe to share between threads; states are never changed here, and callers copy what they get.

    Args:
        limit: bound in bytes on the memory of what is kept; 0 keeps nothing.

    """

    def __init__(self, limit: int) -> None:
        self._kept: BoundedCache[K, S] = BoundedCache(limit, lambda _, state: state.size)
        self._scope = b""

    def scoped(self, scope: str | None) -> Self:
        """Return this cache as one of several users sees it: nobody finds what another kept.

        Whether a text was read before shows in the time that reading takes.
        """
        if not scope:
            return self
        made = copy(self)
        made._scope = scope.encode() + b"\0"  # noqa: SLF001  (its own class)
        return made

    @property
    def size(self) -> int:
        """Bytes of memory that is kept now, counted a little high."""
        return self._kept.info().bytes

    @property
    def limit(self) -> int:
        """The bound on it."""
        return self._kept.info().limit

    def clear(self) -> None:
        """Forget everything that was read."""
        self._kept.clear()

    def resize(self, limit: int) -> None:
        """Set the bound; unless it was so before, everything is forgotten."""
        if limit != self.limit:
            self._kept.resize(limit)


def plain_bytes(value: Any) -> bytes | None:  # noqa: ANN401  (what marshal cannot take is None)
    """Return bytes that are equal for equal JSON alone; None for what is no plain JSON."""
    try:
        return marshal.dumps(value, _FORMAT)
    except ValueError:  # other objects, or nested too deeply
        return None


def decode_copy(plain: bytes) -> Any:  # noqa: ANN401  (as `plain_bytes`)
    """Return a new value that is the one these bytes were made of."""
    return marshal.loads(plain)  # noqa: S302  (only what `plain_bytes` gave, in this process)
