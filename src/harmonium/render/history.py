"""Own which messages of a conversation are left out of the prompt; know nothing of printing.

Reasoning of finished turns is not shown to the model again (source: the format guide).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from harmonium.errors import InvalidInputError, Position
from harmonium.model import Message, Role

History = Literal["per_turn", "library", "keep"]


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
    rule = _RULES.get(str(history))
    if rule is None:
        message = f"unknown history rule; allowed are {', '.join(_RULES)}"
        raise InvalidInputError(message, code="unknown_history", position=Position(path="history"))
    boundary = rule(messages)
    return [
        index
        for index, message in enumerate(messages)
        if index >= boundary or message.channel != "analysis"
    ]


def _per_turn(messages: Sequence[Message]) -> int:
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.channel == "final" and message.author.role is Role.ASSISTANT:
            return index
    return 0


def _library(messages: Sequence[Message]) -> int:
    spoken = (message for message in reversed(messages) if message.author.role is Role.ASSISTANT)
    last = next(spoken, None)
    if last is None or last.channel != "final":
        return 0
    return next(index for index, message in enumerate(messages) if message.channel == "final")


def _keep(_messages: Sequence[Message]) -> int:
    return 0


_RULES: Mapping[str, Callable[[Sequence[Message]], int]] = MappingProxyType(
    {"per_turn": _per_turn, "library": _library, "keep": _keep}
)
