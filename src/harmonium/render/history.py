"""Own which messages of a conversation are left out of the prompt; know nothing of printing.

Reasoning of finished turns is not shown to the model again (source: the format guide).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from harmonium.errors import InvalidInputError, Position
from harmonium.model import Message

History = Literal["per_turn", "library", "keep"]


Speaker = tuple[str, str | None]
"""A message's role and channel: all that decides what is left out."""


def kept_messages(messages: Sequence[Message], history: History) -> list[int]:
    """Give the indices of the messages to print, in order.

    Args:
        messages: the conversation.
        history: ``per_turn`` leaves out every message on ``analysis`` before the last message
            of the assistant on ``final``. ``library`` (what both published renderers do) leaves
            out those before the first message on ``final``, and only when the assistant's last
            message is on ``final``. ``keep`` leaves out nothing.

    Raises:
        InvalidInputError: an unknown rule (code ``unknown_history``).

    """
    speakers = [(message.author.role.value, message.channel) for message in messages]
    boundary = first_kept(speakers, history)
    return [
        index
        for index, (_, channel) in enumerate(speakers)
        if index >= boundary or channel != "analysis"
    ]


def first_kept(speakers: Sequence[Speaker], history: History) -> int:
    """Give the index from which on reasoning is kept; see `kept_messages`."""
    rule = _RULES.get(str(history))
    if rule is None:
        message = f"unknown history rule; allowed are {', '.join(_RULES)}"
        raise InvalidInputError(message, code="unknown_history", position=Position(path="history"))
    return rule(speakers)


def _per_turn(speakers: Sequence[Speaker]) -> int:
    for index in range(len(speakers) - 1, -1, -1):
        if speakers[index] == ("assistant", "final"):
            return index
    return 0


def _library(speakers: Sequence[Speaker]) -> int:
    last = next((channel for role, channel in reversed(speakers) if role == "assistant"), None)
    if last != "final":
        return 0
    return next(index for index, (_, channel) in enumerate(speakers) if channel == "final")


def _keep(_speakers: Sequence[Speaker]) -> int:
    return 0


_RULES: Mapping[str, Callable[[Sequence[Speaker]], int]] = MappingProxyType(
    {"per_turn": _per_turn, "library": _library, "keep": _keep}
)
