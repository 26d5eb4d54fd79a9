"""Loosely typed input: dicts, pydantic objects, content parts. Errors are ValueErrors.

Knows no rule of either API. Of what an entry says, errors quote only roles, types and ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

from harmonium.compat.openai_harmony import Content, Role, TextContent
from harmonium.errors import InvalidInputError

Entry = dict[str, Any]

_SHOWN = 40
"""How much of an unknown role an error shows, in characters."""


class Call(NamedTuple):
    """A function call of a chat message."""

    id: str
    name: str
    arguments: str


def entry_of(said: object, *, exclude_none: bool = True) -> Entry:
    """Return a message or item as a dict; a pydantic object through its ``model_dump``.

    ``tool_calls`` and ``content`` that can be read once alone (pydantic's lazy iterables) become
    lists.

    Args:
        said: a dict or a pydantic object.
        exclude_none: whether a pydantic object's fields that are None are left out.

    Raises:
        InvalidInputError: it is neither.

    """
    if isinstance(said, Mapping):
        found = dict(said)
    elif callable(dump := getattr(said, "model_dump", None)):
        found = cast("Entry", dump(exclude_none=True) if exclude_none else dump())
    else:
        message = f"an entry is a dict or a pydantic object; found {type(said).__name__}"
        raise InvalidInputError(message)
    for name in ("tool_calls", "content"):
        if isinstance(found.get(name), Iterator | tuple):
            found = {**found, name: list(found[name])}
    return found


def role_of(value: object) -> Role:
    """Read a role.

    Raises:
        InvalidInputError: it is none of the five.

    """
    try:
        return Role(value)
    except ValueError:
        allowed = ", ".join(role.value for role in Role)
        found = value if isinstance(value, str) else type(value).__name__
        message = f"Unknown role: {found[:_SHOWN]}; allowed are {allowed}"
        raise InvalidInputError(message) from None


def field_of(entry: Entry, name: str) -> Any:  # noqa: ANN401  (JSON: anything)
    """Return a required field of an entry.

    Raises:
        InvalidInputError: it is absent.

    """
    if name not in entry:
        kind = entry.get("type") or "message"
        message = f"{kind} has no {name!r} key; give one"
        raise InvalidInputError(message)
    return entry[name]


def text_of(value: object, name: str) -> str:
    """Return a field's value, which must be a string; None becomes the empty string.

    Raises:
        InvalidInputError: it is anything else.

    """
    if value is None:
        return ""
    if not isinstance(value, str):
        message = f"{name} must be a string; found {type(value).__name__}"
        raise InvalidInputError(message)
    return value


def flat_text(content: object) -> str:
    """Return a content as one string: itself, or its text parts joined; None becomes empty."""
    return text_of(flatten_chat_text_content(content), "content")


def flatten_chat_text_content(content: object) -> Any:  # noqa: ANN401  (gives what it took)
    """Join the texts of a list's text parts; return anything else unchanged.

    Args:
        content: a list of dicts, a string or None. Parts that are no text are left out.

    Example:
        >>> flatten_chat_text_content([{"type": "text", "text": "a"}, {"type": "image"}])
        'a'

    """
    if not isinstance(content, list):
        return content
    parts = [part for part in content if isinstance(part, Mapping) and part.get("type") == "text"]
    return "".join(text_of(part.get("text"), "text") for part in parts)


def contents_of(content: object) -> list[Content]:
    """Return one text per part of a content; a string or None is one part, a missing text is empty.

    Raises:
        InvalidInputError: it is no string and no list of parts.

    """
    if content is None or isinstance(content, str):
        return [TextContent(text=content or "")]
    texts = [text_of(part.get("text"), "text") for part in parts_of(content)]
    return [TextContent(text=text) for text in texts or [""]]


def parts_of(content: object) -> list[Mapping[str, Any]]:
    """Return a content's parts as dicts.

    Raises:
        InvalidInputError: it is no list, or a part is no dict.

    """
    if not isinstance(content, Iterable) or isinstance(content, str | Mapping):
        message = f"content and tool_calls are lists of objects; found {type(content).__name__}"
        raise InvalidInputError(message)
    return [entry_of(part) for part in content]


def calls_of(entry: Entry) -> list[Call]:
    """Return an entry's tool calls; missing fields are empty.

    Raises:
        InvalidInputError: a call is no object, or a field no string.

    """
    return [_call(call) for call in parts_of(entry.get("tool_calls") or ())]


def _call(fields: Mapping[str, Any]) -> Call:
    function = entry_of(fields.get("function") or {})
    return Call(
        text_of(fields.get("id"), "id"),
        text_of(function.get("name"), "name"),
        text_of(function.get("arguments"), "arguments"),
    )
