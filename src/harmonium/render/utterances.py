"""Own the flat form of messages that rendering to ids works on; know nothing of ids.

A message of the model, or of a library that has its own classes, becomes a header and contents
without objects in between: strings, and settings where a message holds settings.
"""

from __future__ import annotations

from typing import NamedTuple

from harmonium.model import Conversation, Message
from harmonium.model.contents import Content, DeveloperContent, SystemContent, TextContent
from harmonium.render.header import Header

Settings = SystemContent | DeveloperContent


class Utterance(NamedTuple):
    """One message: its header's fields and its contents, text as plain strings."""

    header: Header
    contents: tuple[str | Settings, ...]


def utterance_of(message: Message) -> Utterance:
    """Flatten a message."""
    author, content = message.author, message.content
    role: str = author.role._value_  # noqa: SLF001  (three times as fast as `value`)
    header = Header(role, author.name, message.recipient, message.channel, message.content_type)
    if len(content) == 1 and type(content[0]) is TextContent:
        return Utterance(header, (content[0].text,))
    return Utterance(header, tuple([_flat(part) for part in content]))


def utterances_of(conversation: Conversation) -> list[Utterance]:
    """Flatten every message of a conversation."""
    return [utterance_of(message) for message in conversation.messages]


def offers_functions(utterances: list[Utterance]) -> bool:
    """Tell whether a developer message has a ``functions`` namespace with at least one tool."""
    return any(
        space.key == "functions" and space.tools
        for header, contents in utterances
        if header.role == "developer"
        for content in contents
        if type(content) is DeveloperContent
        for space in content.tools
    )


def _flat(content: Content) -> str | Settings:
    return content.text if isinstance(content, TextContent) else content
