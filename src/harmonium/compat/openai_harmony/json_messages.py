"""JSON to messages as the compiled module does it. Positions of errors come from the reader.

Names are taken as they are. A message's header fields are read in place; role, name and whatever
is unknown are gathered and looked at when the message ends; contents are read whole first. That
order, and where each error is located, is what callers see in error texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from harmonium.compat.openai_harmony.json_reader import (
    JSONFault,
    JSONReader,
    read_json,
    wrong_type,
)
from harmonium.compat.openai_harmony.quirks import ROLES
from harmonium.model import (
    Author,
    ChannelConfig,
    Content,
    Conversation,
    DeveloperContent,
    Message,
    ReasoningEffort,
    Role,
    SystemContent,
    TextContent,
    ToolDescription,
    ToolNamespace,
    unchecked,
)

T = TypeVar("T")
Read = Callable[[object], T]

EFFORTS = MappingProxyType({effort.value.capitalize(): effort for effort in ReasoningEffort})
_ROLES = MappingProxyType({word: Role(word) for word in ROLES})
_HEADER_FIELDS = ("recipient", "channel", "content_type")


def conversation_from_json(text: str) -> Conversation:
    """Read a conversation.

    Raises:
        ValueError: the text describes none, in the published library's words.

    """
    return read_json(text, "conversation", _conversation)  # type: ignore[return-value]


def message_from_json(text: str) -> Message:
    """Read one message.

    Raises:
        ValueError: the text describes none, in the published library's words.

    """
    return read_json(text, "message", _message)  # type: ignore[return-value]


def _conversation(reader: JSONReader) -> Conversation:
    byte = reader.peek()
    if byte == "[":
        return _conversation_from_list(reader)
    if byte != "{":
        raise reader.refuse("struct Conversation")
    messages: tuple[Message, ...] | None = None
    for key in reader.entries("messages"):
        if key == "messages":
            messages = _messages(reader)
        else:
            reader.value()
    if messages is None:
        raise reader.pinned(JSONFault("missing field `messages`"))
    return unchecked(Conversation, messages=messages)


def _conversation_from_list(reader: JSONReader) -> Conversation:
    found = [_messages(reader) for count in reader.places() if not count]
    if not found:
        what = "invalid length 0, expected struct Conversation with 1 element"
        raise reader.pinned(JSONFault(what))
    return unchecked(Conversation, messages=found[0])


def _messages(reader: JSONReader) -> tuple[Message, ...]:
    if reader.peek() != "[":
        raise reader.refuse("a sequence")
    return tuple([_message(reader) for _ in reader.places()])


def _message(reader: JSONReader) -> Message:
    if reader.peek() != "{":
        raise reader.refuse("struct Message")
    fields: dict[str, str | None] = {}
    rest: list[tuple[str, object]] = []
    content: tuple[Content, ...] | None = None
    for key in reader.entries("content", *_HEADER_FIELDS):
        if key == "content":
            content = _contents(reader)
        elif key in _HEADER_FIELDS:
            fields[key] = reader.optional_string()
        else:
            rest.append((key, reader.value()))
    if content is None:
        raise reader.pinned(JSONFault("missing field `content`"))
    try:
        author = _author(rest)
    except JSONFault as fault:
        raise reader.pinned(fault) from None
    header = {name: fields.get(name) for name in _HEADER_FIELDS}
    return unchecked(Message, author=author, content=content, **header)


def _author(fields: list[tuple[str, object]]) -> Author:
    found: dict[str, object] = {}
    for key, value in fields:
        if key not in {"role", "name"}:
            continue
        if key in found:
            what = f"duplicate field `{key}`"
            raise JSONFault(what)
        found[key] = _variant(value, _ROLES) if key == "role" else _optional(_text)(value)
    if "role" not in found:
        raise JSONFault("missing field `role`")
    return unchecked(Author, role=found["role"], name=found.get("name"))


def _contents(reader: JSONReader) -> tuple[Content, ...]:
    byte = reader.peek()
    if byte == "[":
        try:
            return tuple([_content(reader) for _ in reader.places()])
        except JSONFault as fault:
            raise reader.abandon(fault, "]") from None
    if byte == "{":
        reader.enter()
        raise reader.abandon(wrong_type({}, "string or list of content"), "}")
    value = reader.scalar()
    if isinstance(value, str):
        return (TextContent(value),)
    raise reader.pinned(wrong_type(value, "string or list of content"))


def _content(reader: JSONReader) -> Content:
    """Read a content: its type first, wherever it stands, then the rest."""
    byte = reader.peek()
    if byte == "[":
        return _content_from_list(reader)
    if byte != "{":
        raise reader.pinned(wrong_type(reader.scalar(), "internally tagged enum Content"))
    kind: str | None = None
    fields: dict[str, object] = {}
    for key in reader.entries("type"):
        if key == "type":
            kind = _kind(reader)
        else:
            fields[key] = reader.value()
    if kind is None:
        raise reader.pinned(JSONFault("missing field `type`"))
    return _KINDS[kind](fields)


def _content_from_list(reader: JSONReader) -> Content:
    """Read a content written as its type and then its fields in order."""
    kind: str | None = None
    fields: list[object] = []
    for count in reader.places():
        if count:
            fields.append(reader.value())
        else:
            kind = _kind(reader)
    if kind is None:
        raise reader.pinned(JSONFault("missing field `type`"))
    return _KINDS[kind](fields)


def _kind(reader: JSONReader) -> str:
    kind = reader.string("variant identifier")
    if kind not in _KINDS:
        raise reader.pinned(_unknown_variant(kind, tuple(_KINDS)))
    return kind


# ---- values that have been read


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong_type(value, "a string")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise wrong_type(value, "a boolean")
    return value


def _any(value: object) -> object:
    return value


def _optional(read: Read[T]) -> Read[T | None]:
    return lambda value: None if value is None else read(value)


def _sequence(read: Read[T]) -> Read[tuple[T, ...]]:
    def sequence(value: object) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise wrong_type(value, "a sequence")
        return tuple([read(item) for item in value])

    return sequence


def _mapping(read: Read[T]) -> Read[dict[str, T]]:
    def mapping(value: object) -> dict[str, T]:
        if not isinstance(value, dict):
            raise wrong_type(value, "a map")
        return {key: read(item) for key, item in value.items()}

    return mapping


def _variant(value: object, variants: Mapping[str, T]) -> T:
    """Read a word, or a map of that word to null."""
    inside = None
    if isinstance(value, dict):
        if len(value) != 1:
            raise JSONFault("invalid value: map, expected map with a single key")
        ((value, inside),) = value.items()
    if not isinstance(value, str):
        raise wrong_type(value, "string or map")
    if value not in variants:
        raise _unknown_variant(value, tuple(variants))
    if inside is not None:
        raise wrong_type(inside, "unit")
    return variants[value]


def _unknown_variant(found: str, variants: tuple[str, ...]) -> JSONFault:
    listed = ", ".join(f"`{variant}`" for variant in variants)
    return JSONFault(f"unknown variant `{found}`, expected one of {listed}")


def _effort(value: object) -> ReasoningEffort:
    return _variant(value, EFFORTS)


def _struct(value: object, name: str, fields: Mapping[str, Read[object]]) -> dict[str, object]:
    """Read the known fields in the order they come; those that may be absent accept None."""
    if isinstance(value, list):
        return _by_position(value, name, fields)
    if not isinstance(value, dict):
        raise wrong_type(value, f"struct {name}")
    found = {key: fields[key](item) for key, item in value.items() if key in fields}
    for key, read in fields.items():
        if key in found:
            continue
        try:
            found[key] = read(None)
        except JSONFault:
            what = f"missing field `{key}`"
            raise JSONFault(what) from None
    return found


def _by_position(
    values: list[object], name: str, fields: Mapping[str, Read[object]]
) -> dict[str, object]:
    pairs = zip(fields.items(), values, strict=False)
    found = {key: read(value) for (key, read), value in pairs}
    if len(values) < len(fields):
        what = f"invalid length {len(values)}, expected struct {name} with {len(fields)} elements"
        raise JSONFault(what)
    if len(values) > len(fields):
        what = f"invalid length {len(values)}, expected {len(fields)} elements in sequence"
        raise JSONFault(what)
    return found


def _tool(value: object) -> ToolDescription:
    return unchecked(ToolDescription, **_struct(value, "ToolDescription", _TOOL))


def _namespace(value: object) -> dict[str, object]:
    return _struct(value, "ToolNamespaceConfig", _NAMESPACE)


def _channels(value: object) -> ChannelConfig:
    return unchecked(ChannelConfig, **_struct(value, "ChannelConfig", _CHANNELS))


_TOOL: Mapping[str, Read[object]] = {"name": _text, "description": _text, "parameters": _any}
_NAMESPACE: Mapping[str, Read[object]] = {
    "name": _text,
    "description": _optional(_text),
    "tools": _sequence(_tool),
}
_CHANNELS: Mapping[str, Read[object]] = {
    "valid_channels": _sequence(_text),
    "channel_required": _flag,
}
_SYSTEM: Mapping[str, Read[object]] = {
    "model_identity": _optional(_text),
    "reasoning_effort": _optional(_effort),
    "tools": _optional(_mapping(_namespace)),
    "conversation_start_date": _optional(_text),
    "knowledge_cutoff": _optional(_text),
    "channel_config": _optional(_channels),
}
_DEVELOPER: Mapping[str, Read[object]] = {
    "instructions": _optional(_text),
    "tools": _optional(_mapping(_namespace)),
}


def _text_content(fields: object) -> TextContent:
    return unchecked(TextContent, **_struct(fields, "TextContent", {"text": _text}))


def _system_content(fields: object) -> SystemContent:
    found = _struct(fields, "SystemContent", _SYSTEM)
    return unchecked(SystemContent, **{**found, "tools": _namespaces(found["tools"])})


def _developer_content(fields: object) -> DeveloperContent:
    found = _struct(fields, "DeveloperContent", _DEVELOPER)
    found["tools"] = _namespaces(found["tools"])
    return unchecked(DeveloperContent, **found, response_formats=())


def _namespaces(found: object) -> tuple[ToolNamespace, ...]:
    if not isinstance(found, dict):
        return ()
    return tuple([unchecked(ToolNamespace, **fields, key=key) for key, fields in found.items()])


_KINDS: Mapping[str, Read[Content]] = {
    "text": _text_content,
    "system_content": _system_content,
    "developer_content": _developer_content,
}
