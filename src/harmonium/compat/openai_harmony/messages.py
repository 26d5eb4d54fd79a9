"""Messages, conversations and options as openai_harmony declares them. Does not render."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field

from harmonium.compat.openai_harmony.contents import (
    Author,
    Content,
    DeveloperContent,
    SystemContent,
    TextContent,
)
from harmonium.compat.openai_harmony.roles import Role

_KINDS: Mapping[str, type[Content]] = MappingProxyType(
    {
        "text": TextContent,
        "system_content": SystemContent,
        "developer_content": DeveloperContent,
    }
)


def _as_content(content: str | Content) -> Content:
    return TextContent(text=content) if isinstance(content, str) else content


class Message(BaseModel):
    """One message. The ``with_`` methods modify the object and return it."""

    author: Author
    content: list[Content] = Field(default_factory=list)
    channel: str | None = None
    recipient: str | None = None
    content_type: str | None = None

    @classmethod
    def from_author_and_content(cls, author: Author, content: str | Content) -> Message:
        """Build a message of one content."""
        return cls(author=author, content=[_as_content(content)])

    @classmethod
    def from_role_and_content(cls, role: Role, content: str | Content) -> Message:
        """Build a message of one content, by an author without a name."""
        return cls.from_author_and_content(Author(role=role), content)

    @classmethod
    def from_role_and_contents(cls, role: Role, contents: Sequence[Content]) -> Message:
        """Build a message of several contents, by an author without a name."""
        return cls(author=Author(role=role), content=list(contents))

    def adding_content(self, content: str | Content) -> Message:
        """Add a content at the end."""
        self.content.append(_as_content(content))
        return self

    def with_channel(self, channel: str) -> Message:
        """Set the channel."""
        self.channel = channel
        return self

    def with_recipient(self, recipient: str) -> Message:
        """Set the recipient."""
        self.recipient = recipient
        return self

    def with_content_type(self, content_type: str) -> Message:
        """Set the content type."""
        self.content_type = content_type
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the message as JSON-ready dicts, without header fields that are None."""
        out: dict[str, Any] = self.author.model_dump()
        out["content"] = [content.to_dict() for content in self.content]
        for name in ("channel", "recipient", "content_type"):
            value = getattr(self, name)
            if value is not None:
                out[name] = value
        return out

    def to_json(self) -> str:
        """Return `to_dict` as one line of JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Message:
        """Parse the result of `to_dict`; the content may also be a string.

        Raises:
            KeyError: no role or no content.
            ValueError: an unknown role, or a content of an unknown type.

        """
        author = Author(role=Role(data["role"]), name=data.get("name"))
        raw = data["content"]
        parts = [{"type": "text", "text": raw}] if isinstance(raw, str) else raw
        made = cls(author=author, content=[_content_from_dict(part) for part in parts])
        made.channel = data.get("channel")
        made.recipient = data.get("recipient")
        made.content_type = data.get("content_type")
        return made


def _content_from_dict(raw: dict[str, Any]) -> Content:
    name = raw.get("type")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        message = f"Unknown content variant: {raw}"
        raise ValueError(message)
    return kind(**raw)


class Conversation(BaseModel):
    """Messages in order; iterating yields them."""

    messages: list[Message] = Field(default_factory=list)

    @classmethod
    def from_messages(cls, messages: Sequence[Message]) -> Conversation:
        """Build a conversation of these messages."""
        return cls(messages=list(messages))

    def __iter__(self) -> Iterator[Message]:  # type: ignore[override]  # as openai_harmony does
        return iter(self.messages)

    def to_dict(self) -> dict[str, Any]:
        """Return the conversation as JSON-ready dicts."""
        return {"messages": [message.to_dict() for message in self.messages]}

    def to_json(self) -> str:
        """Return `to_dict` as one line of JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, payload: str) -> Conversation:
        """Parse the result of `to_json`.

        Raises:
            KeyError: no messages, or a message without role or content.
            ValueError: no JSON, an unknown role, or a content of an unknown type.

        """
        data = json.loads(payload)
        return cls(messages=[Message.from_dict(message) for message in data["messages"]])


class RenderConversationConfig(BaseModel):
    """Options for rendering a conversation."""

    auto_drop_analysis: bool = True


class RenderOptions(BaseModel):
    """Options for rendering one message."""

    conversation_has_function_tools: bool = False
