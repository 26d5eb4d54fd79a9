"""Own the short way from these pydantic models to harmonium's own, without JSON text between.

Taken only where it gives what the way through JSON would: exact types, strings that UTF-8 can
carry, schemas that JSON leaves as they are. For anything else `Detour` is raised, and the caller
goes the long way, which also knows what to complain about. Names are not checked.
"""

from __future__ import annotations

from math import isfinite

from harmonium.compat.openai_harmony import contents as theirs
from harmonium.compat.openai_harmony import messages as said
from harmonium.compat.openai_harmony.json_messages import EFFORTS
from harmonium.model.checks import unchecked
from harmonium.model.contents import (
    ChannelConfig,
    Content,
    DeveloperContent,
    SystemContent,
    TextContent,
)
from harmonium.model.messages import Conversation, Message
from harmonium.model.roles import Author, ReasoningEffort, Role
from harmonium.model.tools import ToolDescription, ToolNamespace

_MAX_DEPTH = 100
_SMALLEST, _LARGEST = -(1 << 63), (1 << 64) - 1


class Detour(Exception):  # noqa: N818  (no error: go through JSON)
    """Say that a value must go through JSON."""


def conversation_of(conversation: object) -> Conversation:
    """Turn a Conversation of this room into one of harmonium's."""
    if type(conversation) is not said.Conversation:
        raise Detour
    messages = tuple([message_of(message) for message in _list(conversation.messages)])
    return unchecked(Conversation, messages=messages)


def message_of(message: object) -> Message:
    """Turn a Message of this room into one of harmonium's."""
    if type(message) is not said.Message:
        raise Detour
    return unchecked(
        Message,
        author=_author(message.author),
        content=tuple([_content(content) for content in _list(message.content)]),
        channel=_optional_text(message.channel),
        recipient=_optional_text(message.recipient),
        content_type=_optional_text(message.content_type),
    )


def _author(author: object) -> Author:
    if type(author) is not theirs.Author or type(author.role) is not theirs.Role:
        raise Detour
    return unchecked(Author, role=Role(author.role.value), name=_optional_text(author.name))


def _content(content: object) -> Content:
    if type(content) is theirs.TextContent:
        return unchecked(TextContent, text=_text(content.text))
    if type(content) is theirs.SystemContent:
        return _system(content)
    if type(content) is theirs.DeveloperContent:
        return unchecked(
            DeveloperContent,
            instructions=_optional_text(content.instructions),
            tools=_namespaces(content.tools),
            response_formats=(),
        )
    raise Detour


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
    if type(effort) is not theirs.ReasoningEffort:
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
    """Check that JSON would give the value back as it is."""
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
