"""Own the responses that are kept in memory: bounded in bytes, each seen by its own key alone.

What is kept is gone when the process ends, and other processes do not see it.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

JSON = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Stored:
    """Hold one response as it is kept.

    Args:
        response: the whole object.
        items: the items of its input and output, and of all responses before it.
        given: how many of the items were there before its output.
        owner: the label of the key that asked for it.
        size: bytes, as JSON.

    """

    response: JSON
    items: Sequence[JSON]
    given: int
    owner: str | None
    size: int


class ResponseStore:
    """Keep responses until they make up more than a number of bytes.

    Args:
        limit: bytes, as JSON; the oldest go first.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[str, Stored] = OrderedDict()
        self._items: dict[tuple[str | None, str], JSON] = {}

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return self._size

    def put(
        self, response: JSON, before: Sequence[JSON], output: Sequence[JSON], owner: str | None
    ) -> None:
        """Keep a response with the items before it and those of its output."""
        items = (*before, *output)
        size = len(json.dumps([response, items]))
        if size > self._limit:
            return
        if str(response["id"]) in self._kept:
            self._forget(str(response["id"]))
        stored = Stored(response, items, len(before), owner, size)
        self._kept[str(response["id"])] = stored
        self._size += size
        for name, item in _named(output):
            self._items[owner, name] = item
        while self._size > self._limit:
            self._forget(next(iter(self._kept)))

    def get(self, name: str, owner: str | None) -> Stored | None:
        """Give what is kept under an id, to who asked for it."""
        found = self._kept.get(name)
        return found if found is not None and found.owner == owner else None

    def item(self, name: str, owner: str | None) -> JSON | None:
        """Give the output item of an id, to who asked for it."""
        return self._items.get((owner, name))

    def delete(self, name: str, owner: str | None) -> bool:
        """Forget a response; tell whether there was one."""
        if self.get(name, owner) is None:
            return False
        self._forget(name)
        return True

    def _forget(self, name: str) -> None:
        stored = self._kept.pop(name)
        self._size -= stored.size
        for item, _ in _named(stored.items[stored.given :]):
            self._items.pop((stored.owner, item), None)


def _named(items: Sequence[JSON]) -> Iterator[tuple[str, JSON]]:
    return ((str(item["id"]), item) for item in items if item.get("id"))
