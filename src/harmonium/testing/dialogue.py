"""Strategies for messages and conversations. Know nothing of tokens.

Needs Hypothesis (extra ``testing``).
"""

from __future__ import annotations

from hypothesis import strategies as st

from harmonium.model import (
    Author,
    ChannelConfig,
    Content,
    Conversation,
    DeveloperContent,
    Message,
    ReasoningEffort,
    ResponseFormat,
    Role,
    SystemContent,
    TextContent,
    ToolDescription,
    ToolNamespace,
)
from harmonium.testing.json_schemas import schemas
from harmonium.testing.words import names, texts

_CHANNELS = ("analysis", "commentary", "final")
_TYPES = ("json", "code", "text")
_LINES = st.from_regex(r"[ -~]{0,20}", fullmatch=True)


def conversations(
    *, round_trip: bool = False, min_size: int = 0, max_size: int = 6
) -> st.SearchStrategy[Conversation]:
    """Generate conversations: often a system and a developer message, then any messages.

    Args:
        round_trip: draw only messages that come back equal when rendered and parsed; see
            `messages`.
        min_size: lower bound of the number of messages after the opening ones.
        max_size: upper bound of the number of messages after the opening ones.

    Example:
        >>> conversations().example()  # doctest: +SKIP
        Conversation(messages=(Message(author=Author(role=<Role.SYSTEM: 'system'>, ...

    """
    body = st.lists(messages(round_trip=round_trip), min_size=min_size, max_size=max_size)
    if round_trip:
        return body.map(lambda said: Conversation(tuple(said)))
    opening = st.tuples(_maybe(_system_messages()), _maybe(_developer_messages()))
    return st.builds(lambda first, rest: Conversation((*filter(None, first), *rest)), opening, body)


def messages(*, round_trip: bool = False) -> st.SearchStrategy[Message]:
    """Generate messages of every role, on and off channels, with and without recipients.

    Args:
        round_trip: draw only messages that rendering and parsing give back equal: one text
            content (settings come back as the text they print), no ``all`` as recipient (it is
            printed like none), no name that says what the format says by default.

    Example:
        >>> messages().example()  # doctest: +SKIP
        Message(author=Author(role=<Role.USER: 'user'>, name=None), content=(...), ...

    """
    spoken = st.one_of(_assistant_messages(), _other_messages(), _tool_messages())
    if round_trip:
        return spoken
    return st.one_of(spoken, spoken, _split_messages(), _system_messages(), _developer_messages())


def _maybe(strategy: st.SearchStrategy[Message]) -> st.SearchStrategy[Message | None]:
    return st.one_of(st.none(), strategy)


def _recipients() -> st.SearchStrategy[str]:
    calls = names(dotted=False).map(lambda name: f"functions.{name}")
    return st.one_of(calls, st.sampled_from(["browser.search", "python"]))


def _assistant_messages() -> st.SearchStrategy[Message]:
    said = st.builds(Message.assistant, texts(), channel=st.sampled_from(_CHANNELS) | st.none())
    calls = st.builds(
        Message.assistant,
        texts(),
        channel=st.sampled_from(["commentary", "analysis"]),
        recipient=_recipients(),
        content_type=st.sampled_from(_TYPES) | st.none(),
    )
    shaped = st.builds(
        Message.assistant,
        texts(),
        channel=st.just("final"),
        content_type=st.sampled_from(_TYPES),
    )
    return st.one_of(said, calls, shaped)


def _other_messages() -> st.SearchStrategy[Message]:
    roles = st.sampled_from([Role.USER, Role.SYSTEM, Role.DEVELOPER])
    authors = st.builds(Author, roles, names() | st.none())
    return st.builds(Message, authors, texts().map(_as_content))


def _tool_messages() -> st.SearchStrategy[Message]:
    return st.builds(
        Message.tool,
        _recipients(),
        texts(),
        channel=st.sampled_from(["commentary", "analysis"]) | st.none(),
        recipient=st.sampled_from(["assistant", None]),
    )


def _split_messages() -> st.SearchStrategy[Message]:
    """Messages of several or no contents, or addressed to ``all``."""
    contents = st.lists(texts(max_size=10).map(TextContent), max_size=3).map(tuple)
    recipients = st.sampled_from(["all", None])
    roles = st.sampled_from([Role.USER, Role.ASSISTANT])
    return st.builds(Message, st.builds(Author, roles), contents, st.none(), recipients, st.none())


def _as_content(text: str) -> tuple[Content, ...]:
    return (TextContent(text),)


def _system_messages() -> st.SearchStrategy[Message]:
    spaces = st.lists(
        st.sampled_from([ToolNamespace.browser(), ToolNamespace.python()]), unique=True
    )
    settings = st.builds(
        SystemContent,
        model_identity=texts(max_size=20) | st.none(),
        reasoning_effort=st.sampled_from(ReasoningEffort) | st.none(),
        conversation_start_date=st.sampled_from(["2025-06-28"]) | _LINES | st.none(),
        knowledge_cutoff=st.sampled_from(["2024-06"]) | st.none(),
        channel_config=st.builds(
            ChannelConfig,
            st.lists(names(dotted=False), max_size=3).map(tuple) | st.just(_CHANNELS),
            st.booleans(),
        )
        | st.none(),
        tools=spaces.map(tuple),
    )
    return settings.map(Message.system)


def _developer_messages() -> st.SearchStrategy[Message]:
    tools = st.builds(
        ToolDescription,
        names(dotted=False),
        texts(max_size=20),
        st.none() | schemas(extended=True, max_leaves=5),
    )
    spaces = st.lists(
        st.builds(
            ToolNamespace,
            st.just("functions") | names(dotted=False),
            texts(max_size=20) | st.none(),
            st.lists(tools, max_size=3).map(tuple),
        ),
        max_size=2,
        unique_by=lambda space: space.key,
    )
    formats = st.lists(
        st.builds(
            ResponseFormat,
            names(dotted=False),
            schemas(extended=True, max_leaves=4),
            texts(max_size=20) | st.none(),
        ),
        max_size=1,
    )
    return st.builds(
        DeveloperContent, texts() | st.none(), spaces.map(tuple), formats.map(tuple)
    ).map(Message.developer)
