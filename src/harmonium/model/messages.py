"""Messages and conversations. Knows nothing of tokens or of how they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from harmonium.errors import InvalidMessageError, Position
from harmonium.model.checks import as_tuple
from harmonium.model.contents import Content, DeveloperContent, SystemContent, TextContent
from harmonium.model.names import check_content_type, check_name, is_known_tool
from harmonium.model.roles import Author, Role


def _as_contents(content: str | Content | Iterable[Content]) -> tuple[Content, ...]:
    if isinstance(content, str):
        return (TextContent(content),)
    if isinstance(content, Content):
        return (content,)
    return as_tuple(content, (TextContent, SystemContent, DeveloperContent), "content")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    Args:
        author: who speaks.
        content: one or more contents; they are printed one after another without a separator.
        channel: ``analysis``, ``commentary`` or ``final`` on assistant messages, or None.
        recipient: who is addressed, such as ``functions.get_weather``; None (or ``all``, which
            is printed the same way) for everybody.
        content_type: such as ``json``; printed behind ``<|constrain|>``.

    Raises:
        InvalidNameError: a name that could carry a second header field or spoof a role.
        InvalidMessageError: system content outside a system message, developer content outside
            a developer message, or a tool message that could not be told from a role: a tool
            whose name has no dot must say whom it answers (``recipient="assistant"``).

    Example:
        >>> Message.assistant('{"city": "Paris"}', channel="commentary",
        ...                   recipient="functions.get_weather", content_type="json").text
        '{"city": "Paris"}'

    """

    author: Author
    content: Sequence[Content] = ()
    channel: str | None = None
    recipient: str | None = None
    content_type: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.author, Author):
            message = f"author must be an Author, not {type(self.author).__name__}"
            raise InvalidMessageError(message, position=Position(path="author"))
        object.__setattr__(self, "content", _as_contents(self.content))
        if self.channel is not None:
            check_name(self.channel, "channel")
        if self.recipient is not None:
            check_name(self.recipient, "recipient")
        if self.content_type is not None:
            check_content_type(self.content_type)
        self._check_parts()

    def _check_parts(self) -> None:
        role = self.author.role
        for content in self.content:
            if isinstance(content, SystemContent) and role is not Role.SYSTEM:
                message = f"system content stands only in system messages, found in {role}"
                raise InvalidMessageError(message, code="content_role")
            if isinstance(content, DeveloperContent) and role is not Role.DEVELOPER:
                message = f"developer content stands only in developer messages, found in {role}"
                raise InvalidMessageError(message, code="content_role")
        name = self.author.name
        if role is Role.TOOL and self.recipient in {None, "all"} and not is_known_tool(name or ""):
            message = (
                "a tool message whose tool has no namespace needs a recipient to be told from a "
                'role: give recipient="assistant", or name the tool functions.NAME'
            )
            raise InvalidMessageError(message, code="tool_without_recipient")

    @property
    def text(self) -> str:
        """Join the text parts; system and developer content count as no text."""
        return "".join(part.text for part in self.content if isinstance(part, TextContent))

    @classmethod
    def system(cls, content: SystemContent | str | None = None) -> Message:
        """Build a system message, with default settings unless given."""
        return cls(
            Author(Role.SYSTEM), _as_contents(SystemContent() if content is None else content)
        )

    @classmethod
    def developer(cls, content: DeveloperContent | str) -> Message:
        """Build a developer message; a string is printed as it is, without a heading."""
        return cls(Author(Role.DEVELOPER), _as_contents(content))

    @classmethod
    def user(cls, text: str, *, name: str | None = None) -> Message:
        """Build a user message."""
        return cls(Author(Role.USER, name), _as_contents(text))

    @classmethod
    def assistant(
        cls,
        text: str,
        *,
        channel: str | None = None,
        recipient: str | None = None,
        content_type: str | None = None,
    ) -> Message:
        """Build an assistant message: reasoning, a call, a preamble or an answer, by channel."""
        return cls(Author(Role.ASSISTANT), _as_contents(text), channel, recipient, content_type)

    @classmethod
    def tool(
        cls,
        name: str,
        text: str,
        *,
        channel: str | None = "commentary",
        recipient: str | None = "assistant",
    ) -> Message:
        """Build a tool's answer: to the assistant, on ``commentary``, unless told otherwise."""
        return cls(Author(Role.TOOL, name), _as_contents(text), channel, recipient)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in order; iterating yields them.

    Raises:
        InvalidInputError: something in `messages` is no Message.

    Example:
        >>> len(Conversation([Message.user("hello")]))
        1

    """

    messages: Sequence[Message] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "messages", as_tuple(self.messages, Message, "messages"))

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)
