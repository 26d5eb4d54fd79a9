"""Truncation of conversations that are too long. Does not know where they came from.

A conversation is cut where a user speaks, so that no answer of a tool loses its call and no
reasoning its answer. What comes before all messages, the system's and the developer's, stays.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

from harmonium.model import Conversation, Message, Role, unchecked

_OPENING = frozenset({Role.SYSTEM, Role.DEVELOPER})


def truncate_to_fit(
    conversation: Conversation, render: Callable[[Conversation], list[int]], limit: int
) -> list[int] | None:
    """Render a conversation without as many of its first rounds as it takes.

    It is rendered once for each halving of the number of rounds.

    Args:
        conversation: what was said; a round begins where a user speaks after somebody else.
        render: gives the tokens of a conversation.
        limit: how many tokens there may be.

    Returns:
        The tokens, or None when the last round alone is too long.

    """
    messages = tuple(conversation.messages)
    head = len(list(takewhile(_opens, messages)))
    starts = [head, *(at for at in range(head + 1, len(messages)) if _begins_round(messages, at))]
    best: list[int] | None = None
    low, high = 0, len(starts)
    while low < high:
        middle = (low + high) // 2
        kept = messages[:head] + messages[starts[middle] :]
        ids = render(unchecked(Conversation, messages=kept))
        if len(ids) <= limit:
            best, high = ids, middle
        else:
            low = middle + 1
    return best


def _opens(message: Message) -> bool:
    return message.author.role in _OPENING


def _begins_round(messages: tuple[Message, ...], at: int) -> bool:
    is_users = messages[at].author.role is Role.USER
    return is_users and messages[at - 1].author.role is not Role.USER
