"""Own the token ids of a dialogue's finished turns, so that the next request renders only its own.

What stands before the assistant's last answer, the settings in front included, prints the same in
every longer history: its reasoning is left out for good. Nothing here knows how a message is
printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import NamedTuple

from harmonium.model import Conversation, Message, Role
from harmonium.model.checks import unchecked
from harmonium.openai.prompt import Renders
from harmonium.render import History, Profile


class _Means(NamedTuple):
    """Say what messages are rendered with; ``opening`` of them are settings, printed together."""

    encoding: Renders
    profile: Profile | str
    opening: int


class _Rendered(NamedTuple):
    """Hold the ids of a conversation's first messages, and what they were rendered with."""

    means: _Means
    messages: tuple[Message, ...]
    ids: tuple[list[int], ...]


class Past:
    """Remember how the finished turns of one dialogue were last rendered.

    Requests of one dialogue share it, also where its history forks: what is remembered is used
    only for the very messages it was made of. Safe to share between threads.
    """

    __slots__ = ("_rendered",)

    def __init__(self) -> None:
        self._rendered: _Rendered | None = None

    def ids(self, means: _Means, finished: tuple[Message, ...]) -> tuple[list[int], ...]:
        """Give the ids of finished turns, in pieces; those rendered before are not done again."""
        known = self._rendered
        if known is None or not _goes_on(known, means, finished):
            known = _Rendered(means, (), ())
        new = finished[len(known.messages) :]
        if not new:
            return known.ids
        said = unchecked(Conversation, messages=new)
        more = means.encoding.render(said, profile=means.profile)
        rendered = _Rendered(means, finished, (*known.ids, more))
        self._rendered = rendered
        return rendered.ids


def _goes_on(known: _Rendered, means: _Means, finished: tuple[Message, ...]) -> bool:
    return (
        known.means == means
        and len(known.messages) <= len(finished)
        and all(map(is_, known.messages, finished))
    )


class PastRenderer(NamedTuple):
    """Render one conversation as `encoding` does, its finished turns by way of a `Past`.

    Args:
        encoding: what renders.
        past: the dialogue's.
        opening: how many messages are settings; only these tell others of the functions offered.

    """

    encoding: Renders
    past: Past
    opening: int

    def render(
        self,
        conversation: Conversation,
        next_role: Role | str | None = None,
        training: bool = False,  # noqa: FBT001, FBT002  (as in Encoding)
        profile: Profile | str = "guide",
        history: History = "per_turn",
    ) -> list[int]:
        """Give the token ids; see ``Encoding.render``."""
        render, messages = self.encoding.render, tuple(conversation.messages)
        if training or history != "per_turn":
            return render(conversation, next_role, training, profile, history)
        end = _finished(messages, self.opening)
        means = _Means(self.encoding, profile, self.opening)
        ids: list[int] = []
        for piece in self.past.ids(means, messages[:end]):
            ids += piece
        rest = unchecked(Conversation, messages=messages[end:])
        ids += render(rest, next_role, profile=profile)
        return ids


def _finished(messages: Sequence[Message], opening: int) -> int:
    """Give where the finished turns end: behind the assistant's last answer."""
    for index in range(len(messages) - 1, opening - 1, -1):
        message = messages[index]
        if message.channel == "final" and message.author.role is Role.ASSISTANT:
            return index + 1
    return opening
