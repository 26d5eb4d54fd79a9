"""Conversations read from JSON, in our form and in openai_harmony's.

The form of a message is known by where its role stands: ours keeps it under ``author``. In
openai_harmony's form a setting that is absent is None (its ``to_dict`` leaves None out and its Rust
reads absent as none); in ours an absent setting has its default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harmonium.errors import HarmoniumError, InvalidJSONError, Position
from harmonium.limits import DEFAULT_LIMITS
from harmonium.model.contents import (
    ChannelConfig,
    Content,
    DeveloperContent,
    SystemContent,
    TextContent,
)
from harmonium.model.messages import Conversation, Message
from harmonium.model.roles import Author, ReasoningEffort, Role
from harmonium.model.tools import ResponseFormat, ToolDescription, ToolNamespace

_Object = Mapping[str, Any]


def conversation_from_json(text: str | bytes) -> Conversation:
    """Read a conversation from JSON text: either form, an object or a bare list of messages.

    Raises:
        InvalidJSONError: no JSON, nested too deep, or not a conversation; ``position.path`` says
            where.
        InvalidInputError: a value the model refuses, such as a name with a space.

    """
    try:
        data = json.loads(text)
    except RecursionError:
        message = "the JSON is nested too deep"
        raise InvalidJSONError(message, code="json_too_deep") from None
    except ValueError as error:
        line = getattr(error, "lineno", None)
        column = getattr(error, "colno", None)
        where = "" if line is None else f" at line {line}, column {column}"
        reason = getattr(error, "msg", "not valid text")
        message = f"this is not JSON{where}: {reason}"
        raise InvalidJSONError(message) from None
    return conversation_from_dict(data)


def conversation_from_dict(data: object) -> Conversation:
    """Read a conversation from parsed JSON; see `conversation_from_json`."""
    _check_depth(data)
    messages = data.get("messages") if isinstance(data, Mapping) else data
    if not isinstance(messages, list):
        message = 'a conversation is {"messages": [...]} or a list of messages'
        raise InvalidJSONError(message)
    return Conversation(
        tuple(message_from_dict(item, f"messages[{i}]") for i, item in enumerate(messages))
    )


def message_from_dict(data: object, path: str = "message") -> Message:
    """Read one message from parsed JSON, in either form; see `conversation_from_json`."""
    with _at(path):
        fields = _take_object(data, path)
        ours = "author" in fields
        author_path = f"{path}.author" if ours else path
        author = _take_object(fields["author"], author_path) if ours else fields
        contents = _take(fields, "content", path, str, list)
        parts = [contents] if isinstance(contents, str) else contents
        return Message(
            Author(
                Role(_take(author, "role", author_path, str)),
                _take(author, "name", author_path, str, None),
            ),
            tuple(
                _read_content(part, f"{path}.content[{index}]", ours=ours)
                for index, part in enumerate(parts)
            ),
            _take(fields, "channel", path, str, None),
            _take(fields, "recipient", path, str, None),
            _take(fields, "content_type", path, str, None),
        )


def _read_content(data: object, path: str, *, ours: bool) -> Content:
    if isinstance(data, str):
        return TextContent(data)
    fields = _take_object(data, path)
    kind = fields.get("type")
    with _at(path):
        if kind == "text":
            return TextContent(_take(fields, "text", path, str))
        if kind == "system_content":
            return _read_system(fields, path, ours=ours)
        if kind == "developer_content":
            return _read_developer(fields, path)
    message = "unknown content type; allowed are text, system_content, developer_content"
    raise InvalidJSONError(message, position=Position(path=f"{path}.type"))


def _read_system(fields: _Object, path: str, *, ours: bool) -> SystemContent:
    settings: dict[str, Any] = {}
    if not ours:
        settings = {"model_identity": None, "knowledge_cutoff": None}
        settings |= {"reasoning_effort": None, "channel_config": None}
    for key in ("model_identity", "conversation_start_date", "knowledge_cutoff"):
        if key in fields:
            settings[key] = _take(fields, key, path, str, None)
    effort = _take(fields, "reasoning_effort", path, str, None)
    if "reasoning_effort" in fields:
        settings["reasoning_effort"] = None if effort is None else ReasoningEffort(effort)
    if "channel_config" in fields:
        settings["channel_config"] = _read_channels(fields, f"{path}.channel_config")
    return SystemContent(**settings, tools=_read_tools(fields, path))


def _read_channels(fields: _Object, path: str) -> ChannelConfig | None:
    if fields["channel_config"] is None:
        return None
    config = _take_object(fields["channel_config"], path)
    with _at(path):
        return ChannelConfig(
            tuple(_take(config, "valid_channels", path, list)),
            _take(config, "channel_required", path, bool),
        )


def _read_developer(fields: _Object, path: str) -> DeveloperContent:
    formats = _take(fields, "response_formats", path, list, None) or []
    return DeveloperContent(
        _take(fields, "instructions", path, str, None),
        _read_tools(fields, path),
        tuple(
            _read_format(item, f"{path}.response_formats[{i}]") for i, item in enumerate(formats)
        ),
    )


def _read_format(data: object, path: str) -> ResponseFormat:
    fields = _take_object(data, path)
    with _at(path):
        return ResponseFormat(
            _take(fields, "name", path, str),
            _take(fields, "schema", path, Mapping),
            _take(fields, "description", path, str, None),
        )


def _read_tools(fields: _Object, path: str) -> tuple[ToolNamespace, ...]:
    spaces = _take(fields, "tools", path, Mapping, None) or {}
    return tuple(_read_namespace(key, space, f"{path}.tools") for key, space in spaces.items())


def _read_namespace(key: str, data: object, path: str) -> ToolNamespace:
    fields = _take_object(data, path)
    tools = _take(fields, "tools", path, list)
    with _at(path):
        return ToolNamespace(
            _take(fields, "name", path, str),
            _take(fields, "description", path, str, None),
            tuple(_read_tool(tool, f"{path}.tools[{index}]") for index, tool in enumerate(tools)),
            key,
        )


def _read_tool(data: object, path: str) -> ToolDescription:
    fields = _take_object(data, path)
    with _at(path):
        return ToolDescription(
            _take(fields, "name", path, str),
            _take(fields, "description", path, str, None) or "",
            _take(fields, "parameters", path, Mapping, None),
        )


_KINDS: dict[type | None, str] = {
    str: "a string", list: "a list", bool: "true or false", Mapping: "an object", None: "null",
}  # fmt: skip


def _take_object(data: object, path: str) -> _Object:
    if isinstance(data, Mapping):
        return data
    message = f"expected an object, found {type(data).__name__}"
    raise InvalidJSONError(message, position=Position(path=path))


def _take(fields: _Object, key: str, path: str, *kinds: type | None) -> Any:  # noqa: ANN401  (JSON)
    """Return ``fields[key]`` if it is of one of `kinds`; None among them allows null and absent."""
    value = fields.get(key)
    if any(value is None if kind is None else isinstance(value, kind) for kind in kinds):
        return value
    found = type(value).__name__ if key in fields else "nothing"
    allowed = " or ".join(_KINDS[kind] for kind in kinds)
    message = f"expected {allowed}, found {found}"
    raise InvalidJSONError(message, position=Position(path=f"{path}.{key}"))


@contextmanager
def _at(path: str) -> Iterator[None]:
    """Put the JSON path in front of what the model says of a value's place."""
    try:
        yield
    except HarmoniumError as error:
        inner = error.position.path
        if inner is None:
            error.position = Position(path=path)
        elif not inner.startswith(path) and "messages[" not in inner:
            error.position = Position(path=f"{path}.{inner.replace(' ', '_')}")
        raise


def _check_depth(data: object) -> None:
    """Refuse JSON nested deeper than the limit, without recursion."""
    level: list[object] = [data]
    for _ in range(DEFAULT_LIMITS.json_depth):
        level = list({id(child): child for item in level for child in _children(item)}.values())
        if not level:
            return
    message = f"the JSON is nested deeper than {DEFAULT_LIMITS.json_depth} levels"
    raise InvalidJSONError(message, code="json_too_deep")


def _children(item: object) -> list[object]:
    if isinstance(item, Mapping):
        return list(item.values())
    return item if isinstance(item, list) else []
