"""Lists that are returned while they grow. Knows nothing of what is in them.

A parser is polled after each token, so showing its tokens or messages must not copy them. But
whoever kept an earlier answer must not see it grow. So the shown list grows in place while
nobody else holds it, and is copied first when somebody does.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Generic, TypeVar

T = TypeVar("T")


class GrowingList(Generic[T]):
    """A list that only grows; `shown` returns it as a plain list without copying.

    Example:
        >>> found = GrowingList()
        >>> kept = found.shown()
        >>> found.extend([1, 2])
        >>> kept, found.shown()
        ([], [1, 2])

    """

    __slots__ = ("_count", "_shown", "append", "extend", "items")

    def __init__(self, items: Iterable[T] = ()) -> None:
        self.items: list[T] = list(items)
        self._shown: list[T] = []
        self._count = 0  # how many items `_shown` had when it was last given out
        self.append = self.items.append
        self.extend = self.items.extend

    def __len__(self) -> int:
        return len(self.items)

    def since(self, count: int) -> list[T]:
        """Return a copy of the items behind the first `count`."""
        return self.items[count:]

    def references(self) -> int:
        """Return the reference count of the shown list, its own included."""
        return sys.getrefcount(self._shown)

    def shown(self) -> list[T]:
        """Return all items so far. Later items and changes to one result never show in another."""
        total = len(self.items)
        if len(self._shown) != self._count:  # somebody has changed it
            self._shown = self.items[:]
        elif self._count != total:
            if self.references() > _ALONE:
                self._shown = self.items[:]
            else:
                self._shown += self.items[self._count :]
        self._count = total
        return self._shown


_ALONE = GrowingList[None]().references()
