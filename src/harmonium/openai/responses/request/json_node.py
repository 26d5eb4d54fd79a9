"""A value of the request together with its path. Does not know what a field means.

A thin cover over the room's `reading`: rules read a node, and errors know where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, NoReturn

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping
from harmonium.openai.requests.content import text_of
from harmonium.openai.requests.errors import missing, refused
from harmonium.openai.requests.json_fields import (
    as_json,
    read_choice,
    read_flag,
    read_integer,
    read_list,
    read_number,
    read_object,
    read_text,
)

_PLAIN = frozenset({str, dict, list, int, float, bool, type(None)})


class JsonNode(NamedTuple):
    """A JSON value and where it stands, such as ``input[2].call_id``.

    Every reader raises RequestError when the value is not what it should be.

    Example:
        >>> JsonNode({"name": "f"}, "tools[0]").get("name")
        JsonNode(value='f', path='tools[0].name')

    """

    value: object
    path: str = ""

    def fail(self, message: str, *, code: str = "invalid_value") -> NoReturn:
        """Raise RequestError about this place."""
        raise RequestError(message, param=self.path or None, code=code)

    def refuse(self, reason: str) -> NoReturn:
        """Raise RequestError: what stands here cannot be honoured."""
        raise refused(self.path, reason)

    @property
    def is_null(self) -> bool:
        """Whether the value is null or absent."""
        return self.value is None

    def given(self) -> JsonNode:
        """Return the node itself, unless it is null."""
        if self.value is None:
            raise missing(self.path or "request")
        return self

    def mapping(self) -> JSONMapping:
        """Return an object."""
        return read_object(self.given().value, self.path or "request")

    def get(self, key: str) -> JsonNode:
        """Return a member of an object; null when it is absent."""
        value = self.value.get(key) if type(self.value) is dict else self.mapping().get(key)
        if type(value) not in _PLAIN:
            value = as_json(value)
        return JsonNode(value, f"{self.path}.{key}" if self.path else key)

    def items(self) -> Iterator[JsonNode]:
        """Return the members of an array, each with its path; null counts as empty."""
        found = [] if self.value is None else read_list(self.value, self.path)
        for index, member in enumerate(found):
            yield JsonNode(as_json(member), f"{self.path}[{index}]")

    def text(self) -> str:
        """Return a string."""
        return read_text(self.given().value, self.path)

    def optional_text(self) -> str | None:
        """Return a string, or None when it is null."""
        return None if self.value is None else self.text()

    def content(self) -> str:
        """Return the text of a string or of a list of parts, joined; null is empty."""
        return text_of(self.value, self.path)

    def flag(self, *, default: bool) -> bool:
        """Return true or false; the default when it is null."""
        return default if self.value is None else read_flag(self.value, self.path)

    def integer(self, low: int, high: int | None = None) -> int | None:
        """Return an integer within bounds, or None when it is null."""
        return None if self.value is None else read_integer(self.value, self.path, low, high)

    def number(self, low: float, high: float) -> float | None:
        """Return a number within bounds, or None when it is null."""
        return None if self.value is None else read_number(self.value, self.path, low, high)

    def choice(self, *allowed: str) -> str:
        """Return one of the allowed words."""
        return read_choice(self.given().value, self.path, allowed)
