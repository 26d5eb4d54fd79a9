"""What an answer takes from outside: the time, ids, padding. Knows nothing of answers."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from harmonium.openai.answers.obfuscation import Padding, random_padding

IdSource = Callable[[str], str]
"""Return a new id that begins with the given prefix, such as ``call_``."""


def random_ids(prefix: str) -> str:
    """Return a new id of 128 random bits.

    >>> len(random_ids("call_"))
    37
    """
    return prefix + secrets.token_hex(16)


def counting_ids(start: int = 1) -> IdSource:
    """Build a source whose ids count up, so that a test can repeat itself.

    >>> new = counting_ids()
    >>> new("fc_"), new("call_")
    ('fc_000000000000000000000001', 'call_000000000000000000000002')
    """
    numbers = count(start)
    return lambda prefix: f"{prefix}{next(numbers):024d}"


@dataclass(frozen=True, slots=True)
class AnswerContext:
    """What an answer takes from the world.

    Args:
        now: seconds since the epoch, the ``created`` of the answer.
        new_id: where ids come from; random unless given.
        padding: where the padding of streams comes from that ask for it; random unless given.

    """

    now: int
    new_id: IdSource = random_ids
    padding: Padding = random_padding
