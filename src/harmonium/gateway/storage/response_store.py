"""Responses kept in memory: bounded in bytes, each visible to its own key only.

They are kept as JSON text, so that the bound is on memory: as objects they would take several
times as much. What is kept is gone when the process ends, and other processes do not see it.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from harmonium.json_types import JSONMapping

_PER_RESPONSE, _PER_ITEM = 1_000, 500
"""Bytes of memory beside the text: names, and their places in the tables."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One response that was kept.

    Args:
        response: the whole object.
        items: the items of its input and output, and of all responses before it.
        given: how many of the items were there before its output.

    """

    response: JSONMapping
    items: Sequence[JSONMapping]
    given: int


class _Kept(NamedTuple):
    """One response as it is kept: texts, the items of its output with their ids."""

    response: bytes
    before: bytes
    output: tuple[tuple[str, bytes], ...]
    owner: str | None

    @property
    def size(self) -> int:
        texts = len(self.response) + len(self.before)
        return _PER_RESPONSE + texts + sum(_PER_ITEM + len(text) for _, text in self.output)


class ResponseStore:
    """Keep responses until they take more than a number of bytes.

    Args:
        limit: bytes of memory; the oldest go first.

    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._items: dict[tuple[str | None, str], bytes] = {}

    @property
    def size(self) -> int:
        """The number of bytes kept."""
        return self._size

    def put(
        self,
        response: JSONMapping,
        before: Sequence[JSONMapping],
        output: Sequence[JSONMapping],
        owner: str | None,
    ) -> None:
        """Keep a response with the items before it and those of its output."""
        named = tuple((str(item.get("id") or ""), _text(item)) for item in output)
        kept = _Kept(_text(response), _text(list(before)), named, owner)
        if kept.size > self._limit:
            return
        name = str(response["id"])
        if name in self._kept:
            self._forget(name)
        self._kept[name] = kept
        self._size += kept.size
        self._items.update({(owner, item): text for item, text in named if item})
        while self._size > self._limit:
            self._forget(next(iter(self._kept)))

    def get(self, name: str, owner: str | None) -> Stored | None:
        """Return what is kept under an id, to who asked for it."""
        if not self.has(name, owner):
            return None
        found = self._kept[name]
        before = cast("list[JSONMapping]", json.loads(found.before))
        output = [_object(text) for _, text in found.output]
        return Stored(_object(found.response), (*before, *output), len(before))

    def has(self, name: str, owner: str | None) -> bool:
        """Return whether a response of this owner is stored under an id."""
        found = self._kept.get(name)
        return found is not None and found.owner == owner

    def response_json(self, name: str, owner: str | None) -> bytes | None:
        """Return the response under an id as JSON text; None without one."""
        return self._kept[name].response if self.has(name, owner) else None

    def item(self, name: str, owner: str | None) -> JSONMapping | None:
        """Return the output item of an id, to who asked for it."""
        found = self._items.get((owner, name))
        return None if found is None else _object(found)

    def delete(self, name: str, owner: str | None) -> bool:
        """Forget a response; tell whether there was one."""
        if not self.has(name, owner):
            return False
        self._forget(name)
        return True

    def _forget(self, name: str) -> None:
        kept = self._kept.pop(name)
        self._size -= kept.size
        for item, _ in kept.output:
            self._items.pop((kept.owner, item), None)


def _text(value: object) -> bytes:
    """Return a value's JSON: UTF-8, or ASCII if it has lone surrogates, as clients may send."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def _object(text: bytes) -> JSONMapping:
    return cast("JSONMapping", json.loads(text))
