"""Inputs from outside: today's date, random ids, the environment. Knows nothing of messages."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import date

SYSTEM_INSTRUCTIONS = "HARMONIUM_SYSTEM_INSTRUCTIONS"


def _random_part() -> str:
    return secrets.token_hex(16)


class _Sources:
    today: Callable[[], date] = date.today
    random_part: Callable[[], str] = staticmethod(_random_part)


def set_sources(
    *, today: Callable[[], date] | None = None, random_part: Callable[[], str] | None = None
) -> None:
    """Choose where dates and the random parts of ids come from, everywhere in the process.

    Args:
        today: gives the date of system messages; this machine's clock when omitted.
        random_part: gives what follows ``fc_``, ``call_``, ``msg_`` and the like, a new one at
            each call; 32 random hexadecimal digits when omitted.

    Example:
        >>> from datetime import date
        >>> set_sources(today=lambda: date(2025, 8, 5))
        >>> set_sources()

    """
    _Sources.today = staticmethod(today or date.today)
    _Sources.random_part = staticmethod(random_part or _random_part)


def today() -> str:
    """Return today's date as ``YYYY-MM-DD``."""
    return _Sources.today().strftime("%Y-%m-%d")


def random_part() -> str:
    """Return a new random part for ids."""
    return _Sources.random_part()


def system_takes_instructions() -> bool:
    """Return whether instructions belong in the system message, not the developer message."""
    return os.environ.get(SYSTEM_INSTRUCTIONS) == "1"
