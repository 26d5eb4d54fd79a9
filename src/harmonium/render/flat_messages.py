"""The flat form of messages that rendering to ids works on. Knows nothing of ids.

A message of the model, or of a library that has its own classes, becomes a pair of its header and
its contents: strings, and settings where a message holds settings. Plain tuples, because a long
conversation makes hundreds of them at every turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from harmonium.model import (
    Content,
    Conversation,
    DeveloperContent,
    Message,
    SystemContent,
    TextContent,
    ToolNamespace,
)
from harmonium.render.content import settings_key
from harmonium.render.header import Header

SettingsContent = SystemContent | DeveloperContent


class LazySettings(NamedTuple):
    """Settings that are made only when their tokens are not remembered.

    ``key`` is equal only for settings that print the same, which then are the same;
    ``offers_functions`` as in `namespaces_offer_functions`; ``make`` makes them.
    """

    key: bytes
    offers_functions: bool
    make: Callable[[], SettingsContent]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LazySettings) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


FlatMessage = tuple[Header, tuple[str | SettingsContent | LazySettings, ...]]
"""One message: its header's fields and its contents, text as plain strings."""


def flat_message_of(message: Message) -> FlatMessage:
    """Flatten a message."""
    author, content = message.author, message.content
    role: str = author.role._value_
    header = Header(role, author.name, message.recipient, message.channel, message.content_type)
    if len(content) == 1 and type(content[0]) is TextContent:
        return header, (content[0].text,)
    return header, tuple([_flat(part) for part in content])


def flat_messages_of(conversation: Conversation) -> list[FlatMessage]:
    """Flatten every message of a conversation."""
    return [flat_message_of(message) for message in conversation.messages]


def offers_functions(utterances: list[FlatMessage]) -> bool:
    """Return whether a developer message has a ``functions`` namespace with at least one tool."""
    return any(
        _content_offers_functions(content)
        for header, contents in utterances
        if header.role == "developer"
        for content in contents
    )


def namespaces_offer_functions(spaces: Iterable[ToolNamespace]) -> bool:
    """Return whether one of these is ``functions`` and has at least one tool."""
    return any(space.key == "functions" and space.tools for space in spaces)


def _content_offers_functions(content: str | SettingsContent | LazySettings) -> bool:
    if isinstance(content, LazySettings):
        return content.offers_functions
    return isinstance(content, DeveloperContent) and namespaces_offer_functions(content.tools)


def _flat(content: Content) -> str | SettingsContent | LazySettings:
    if isinstance(content, TextContent):
        return content.text
    key = settings_key(content)
    if key is None:
        return content
    offers = isinstance(content, DeveloperContent) and namespaces_offer_functions(content.tools)
    return LazySettings(key, offers, lambda: content)
