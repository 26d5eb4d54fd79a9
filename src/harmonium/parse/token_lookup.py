"""The fastest way from token ids to what they stand for. Does not know what that is.

A cache in two stages. Looking ids up in a list takes half the time of a dict, and many at once a
fifth. But a list of the whole vocabulary takes memory and some 20 ms to build, which a process that
parses one answer should not pay: so a dict that learns ids as they are met goes before it, until it
has met `MANY`. What an id stands for never changes, so nothing is ever dropped; the vocabulary is
the bound.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MANY = 500
"""After how many ids the list is made: learning 10,000 one by one would take as long."""

_FEW = 2
"""An itemgetter of one item gives no tuple."""


class Indexed(Protocol[T_co]):
    """Return what an id stands for, or None; see `Lookup.items` for its errors."""

    def __getitem__(self, token: int, /) -> T_co | None:
        """Return what an id stands for."""


class _Learning(dict[int, T | None]):
    """Find out what an id stands for when it is first asked for."""

    def __init__(
        self, none: Iterable[int], find: Callable[[int], T | None], enough: Callable[[], object]
    ) -> None:
        super().__init__(dict.fromkeys(none))
        self._find = find
        self._enough = enough
        self._many = len(self) + MANY

    def __missing__(self, token: int) -> T | None:
        found = self._find(token)
        if found is not None:
            self[token] = found
            if len(self) >= self._many:
                self._enough()
        return found


class Lookup(Generic[T]):
    """Return what an id stands for, or None.

    ``items`` is for those who look up one id at a time in a hurry: ``items[id]`` gives what an id
    from 0 stands for, or None, or raises IndexError for large ids (see `get`). Safe to share
    between threads.

    Args:
        none: ids that stand for nothing, which are often looked up all the same.
        find: gives what one id stands for.
        every: gives the same for all ids from 0, in order, quicker than one by one.

    """

    __slots__ = ("_every", "_find", "items")

    def __init__(
        self,
        none: Iterable[int],
        find: Callable[[int], T | None],
        every: Callable[[], list[T | None]],
    ) -> None:
        self._find = find
        self._every = every
        self.items: list[T | None] | _Learning[T] = _Learning(none, find, self.fill)

    def get(self, token: int) -> T | None:
        """Return what an id stands for."""
        try:
            return self.items[token] if token >= 0 else None
        except IndexError:
            return self._find(token)

    def get_all(self, tokens: Sequence[int]) -> tuple[T | None, ...]:
        """Return what each of many ids stands for.

        Raises:
            TypeError: one is no integer.

        """
        try:
            array("I", tokens)  # dicts take 1.0 for 1, lists -1 for the last
            if len(tokens) >= _FEW:
                return itemgetter(*tokens)(self.items)  # type: ignore[no-any-return]  # a tuple
        except (IndexError, OverflowError):
            pass
        return tuple([self.get(token) for token in tokens])

    def fill(self) -> None:
        """Build the list now."""
        if not isinstance(self.items, list):
            self.items = self._every()
