"""Which messages of a conversation are omitted from the prompt. Does not print.

Reasoning of finished turns is not shown to the model again (source: the format guide).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from harmonium.errors import InvalidInputError, Position
from harmonium.model import Message

History = Literal["per_turn", "library", "last", "keep"]


class Speaker(NamedTuple):
    """A message's role and channel: all that decides what is left out."""

    role: str
    channel: str | None


def kept_messages(messages: Sequence[Message], history: History) -> list[int]:
    """Return the indices of the messages to print, in order.

    Args:
        messages: the conversation.
        history: ``per_turn`` leaves out every message on ``analysis`` before the last message
            of the assistant on ``final``. ``library`` (what both published renderers do) leaves
            out those before the first message on ``final``, and only when the assistant's last
            message is on ``final``. ``last`` leaves out those before the assistant's last turn,
            whose reasoning it keeps: the training form of the published chat template. ``keep``
            leaves out nothing.

    Raises:
        InvalidInputError: an unknown rule (code ``unknown_history``).

    """
    speakers = [Speaker(message.author.role.value, message.channel) for message in messages]
    boundary = first_kept(speakers, history)
    return [
        index
        for index, (_, channel) in enumerate(speakers)
        if index >= boundary or channel != "analysis"
    ]


class _Speaking(Protocol):
    @property
    def role(self) -> str: ...
    @property
    def channel(self) -> str | None: ...


def first_kept(speakers: Sequence[_Speaking], history: History) -> int:
    """Return the index from which on reasoning is kept; see `kept_messages`.

    Args:
        speakers: for each message something with its ``role`` and ``channel``.
        history: the rule.

    Raises:
        InvalidInputError: an unknown rule (code ``unknown_history``).

    """
    rule = _RULES.get(str(history))
    if rule is None:
        message = f"unknown history rule; allowed are {', '.join(_RULES)}"
        raise InvalidInputError(message, code="unknown_history", position=Position(path="history"))
    return rule(speakers)


def _per_turn(speakers: Sequence[_Speaking]) -> int:
    for index in range(len(speakers) - 1, -1, -1):
        if speakers[index].channel == "final" and speakers[index].role == "assistant":
            return index
    return 0


def _library(speakers: Sequence[_Speaking]) -> int:
    spoken = (speaker for speaker in reversed(speakers) if speaker.role == "assistant")
    last = next(spoken, None)
    if last is None or last.channel != "final":
        return 0
    return next(index for index, speaker in enumerate(speakers) if speaker.channel == "final")


def _last(speakers: Sequence[_Speaking]) -> int:
    """Return where the turn of the assistant's last message begins: behind the final before it."""
    spoken = [at for at, speaker in enumerate(speakers) if speaker.role == "assistant"]
    return _per_turn(speakers[: spoken[-1]]) if spoken else 0


def _keep(_speakers: Sequence[_Speaking]) -> int:
    return 0


_RULES: Mapping[str, Callable[[Sequence[_Speaking]], int]] = MappingProxyType(
    {"per_turn": _per_turn, "library": _library, "last": _last, "keep": _keep}
)
