"""Conversion of these pydantic models to harmonium's own, without JSON text in between.

Taken only where it gives what the way through JSON would: exact types, strings that UTF-8 can
carry, schemas that JSON leaves as they are. For anything else `Detour` is raised, and the caller
goes the long way, which also knows what to complain about. Names are not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import isfinite
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from harmonium.caching import BoundedCache
from harmonium.compat.openai_harmony import contents as theirs
from harmonium.compat.openai_harmony import messages as said
from harmonium.compat.openai_harmony.failures import Detour
from harmonium.compat.openai_harmony.json_messages import EFFORTS
from harmonium.compat.openai_harmony.roles import ReasoningEffort as TheirEffort
from harmonium.compat.openai_harmony.roles import Role
from harmonium.model import (
    ChannelConfig,
    DeveloperContent,
    ReasoningEffort,
    SystemContent,
    ToolDescription,
    ToolNamespace,
    unchecked,
)
from harmonium.render import FlatMessage, Header, LazySettings
from harmonium.render.content import exact_key
from harmonium.render.flat_messages import SettingsContent

T = TypeVar("T")

_MAX_DEPTH = 100
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1
_HEADER_BYTES = 512 * 1024
_BYTES_PER_HEADER = 600


Parts = tuple[Any, ...]
"""A message and all that decides what it prints: its author, its list of contents, the one content
and its text, the author's role and name, recipient, channel and content type."""


_headers: BoundedCache[tuple[object, ...], Header] = BoundedCache(
    _HEADER_BYTES, lambda _key, _header: _BYTES_PER_HEADER
)
"""Headers whose fields were found to be strings that UTF-8 can carry."""


def messages_of(conversation: object) -> list[object]:
    """Return the messages of a Conversation of this room."""
    if type(conversation) is not said.Conversation:
        raise Detour
    return _list(conversation.messages)


def parts_of(message: object) -> Parts | None:
    """Return the parts of a message of one text, or None for any other; see `Parts`."""
    if type(message) is not said.Message:
        return None
    try:
        fields = message.__dict__  # reading attributes of a model takes twice as long
        author, contents = fields["author"], fields["content"]
        if type(author) is not theirs.Author or type(contents) is not list or len(contents) != 1:
            return None
        content, by = contents[0], author.__dict__
        if type(content) is not theirs.TextContent:
            return None
        header = (by["role"], by["name"], fields["recipient"], fields["channel"])
        text = content.__dict__["text"]
        return (message, author, contents, content, text, *header, fields["content_type"])
    except KeyError:  # a field was deleted
        return None


def read_messages(messages: Iterable[object]) -> tuple[list[FlatMessage], list[object]]:
    """Flatten Messages of this room and return the parts of each."""
    met: dict[tuple[object, ...], Header] = {}
    flat: list[FlatMessage] = []
    every: list[object] = []
    for message in messages:
        parts = parts_of(message)
        flat.append(_flattened(message, parts, met))
        every.append(parts)
    return flat, every


def flat_message_of(message: object) -> FlatMessage:
    """Flatten a Message of this room."""
    return _flattened(message, parts_of(message), {})


def _flattened(
    message: object, parts: Parts | None, met: dict[tuple[object, ...], Header]
) -> FlatMessage:
    """Flatten a message; `met` holds the headers of the messages before it."""
    if parts is not None:
        text, role = parts[4:6]
        if type(text) is str and text.isascii() and type(role) is Role:
            return _header((role._value_, *parts[6:]), met), (text,)
    if type(message) is not said.Message:
        raise Detour
    author = message.author
    if type(author) is not theirs.Author or type(author.role) is not Role:
        raise Detour
    key = (author.role._value_, author.name, message.recipient, message.channel)
    header = _header((*key, message.content_type), met)
    return header, tuple([_content(content) for content in _list(message.content)])


def _header(key: tuple[object, ...], met: dict[tuple[object, ...], Header]) -> Header:
    """Return the header of these fields: role, name, recipient, channel and content type."""
    try:
        header = met.get(key)
    except TypeError:  # a field that cannot be hashed is no string
        raise Detour from None
    if header is None:
        header = met[key] = _headers.get(key) or _make_header(*key)
    return header


def _make_header(role: object, *names: object) -> Header:
    name, recipient, channel, content_type = map(_optional_text, names)
    header = Header(cast("str", role), name, recipient, channel, content_type)
    _headers.put((role, *names), header)
    return header


def _content(content: object) -> str | SettingsContent | LazySettings:
    if type(content) is theirs.TextContent:
        return _text(content.text)
    if type(content) is theirs.SystemContent:
        return _prepared(content, content.tools, _system)
    if type(content) is theirs.DeveloperContent:
        return _prepared(content, content.tools, _developer)
    raise Detour


def _prepared(
    content: T, tools: object, make: Callable[[T], SettingsContent]
) -> SettingsContent | LazySettings:
    """Defer converting settings to ours until they are needed for the first time."""
    key = exact_key(_facts(content))
    if key is None:
        return make(content)
    space = tools.get("functions") if type(tools) is dict else None
    offers = type(space) is theirs.ToolNamespaceConfig and bool(space.tools)
    return LazySettings(key, offers, partial(make, content))


def _facts(value: object) -> object:
    """Return what marshal can write of a value, with the names of the classes it consists of."""
    kind = type(value)
    if kind is theirs.ToolDescription:
        tool = cast("theirs.ToolDescription", value)
        return ("ToolDescription", tool.name, tool.description, tool.parameters)
    if kind is dict:
        return {key: _facts(item) for key, item in cast("dict[object, object]", value).items()}
    if kind is list:
        return [_facts(item) for item in cast("list[object]", value)]
    if kind is TheirEffort:
        return ("ReasoningEffort", str(cast("TheirEffort", value).value))
    if isinstance(value, BaseModel):
        return (kind.__name__, *map(_facts, value.__dict__.values()))
    return value


def _developer(content: theirs.DeveloperContent) -> DeveloperContent:
    return unchecked(
        DeveloperContent,
        instructions=_optional_text(content.instructions),
        tools=_namespaces(content.tools),
        response_formats=(),
    )


def _system(content: theirs.SystemContent) -> SystemContent:
    return unchecked(
        SystemContent,
        model_identity=_optional_text(content.model_identity),
        reasoning_effort=_effort(content.reasoning_effort),
        conversation_start_date=_optional_text(content.conversation_start_date),
        knowledge_cutoff=_optional_text(content.knowledge_cutoff),
        channel_config=_channels(content.channel_config),
        tools=_namespaces(content.tools),
    )


def _effort(effort: object) -> ReasoningEffort | None:
    if effort is None:
        return None
    if type(effort) is not TheirEffort:
        raise Detour
    return EFFORTS[effort.value]


def _channels(config: object) -> ChannelConfig | None:
    if config is None:
        return None
    if type(config) is not theirs.ChannelConfig or type(config.channel_required) is not bool:
        raise Detour
    return unchecked(
        ChannelConfig,
        valid_channels=tuple([_text(channel) for channel in _list(config.valid_channels)]),
        channel_required=config.channel_required,
    )


def _namespaces(tools: object) -> tuple[ToolNamespace, ...]:
    if tools is None:
        return ()
    if type(tools) is not dict:
        raise Detour
    return tuple([_namespace(_text(key), space) for key, space in tools.items()])


def _namespace(key: str, space: object) -> ToolNamespace:
    if type(space) is not theirs.ToolNamespaceConfig:
        raise Detour
    return unchecked(
        ToolNamespace,
        name=_text(space.name),
        description=_optional_text(space.description),
        tools=tuple([_tool(tool) for tool in _list(space.tools)]),
        key=key,
    )


def _tool(tool: object) -> ToolDescription:
    if type(tool) is not theirs.ToolDescription:
        raise Detour
    if tool.parameters is not None:
        _check_plain(tool.parameters, 0)
    return unchecked(
        ToolDescription,
        name=_text(tool.name),
        description=_text(tool.description),
        parameters=tool.parameters,
    )


def _check_plain(value: object, depth: int) -> None:
    """Check that the value survives a JSON round trip unchanged."""
    match value:
        case None | bool():
            return
        case str():
            _text(value)
        case int():
            _expect(type(value) is int and _SMALLEST <= value <= _LARGEST)
        case float():
            _expect(type(value) is float and isfinite(value))
        case dict():
            _expect(type(value) is dict and depth < _MAX_DEPTH)
            for key, item in value.items():
                _text(key)
                _check_plain(item, depth + 1)
        case _:
            _expect(depth < _MAX_DEPTH)
            for item in _list(value):
                _check_plain(item, depth + 1)


def _expect(fits: bool) -> None:  # noqa: FBT001  (what else should it take?)
    if not fits:
        raise Detour


def _list(value: object) -> list[object]:
    if type(value) is not list:
        raise Detour
    return value


def _text(value: object) -> str:
    if type(value) is not str:
        raise Detour
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Detour from None
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)
