"""Own how long each part of a generation may take; know nothing of what is waited for.

Only waiting for the engine counts, but for the total: a slow reader of ours makes nobody late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

from harmonium.errors import EngineTimeoutError
from harmonium.limits import Limits

Phase = Literal["first_token", "idle", "total", "close"]

_WORDS: dict[Phase, str] = {
    "first_token": "gave no token in time",
    "idle": "fell silent in the middle of an answer",
    "total": "took longer than a whole answer may",
    "close": "did not end its answer",
}


class Waits:
    """Bound the waits of one generation: for its first token, between tokens, in all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._now = asyncio.get_running_loop().time
        self._end = self._now() + limits.engine_total_seconds
        self._phase: Phase = "first_token"
        self._until = self._now() + limits.engine_first_token_seconds

    def go_on(self) -> None:
        """Begin to wait for the next tokens."""
        self._phase = "idle"
        self._until = self._now() + self._limits.engine_idle_seconds

    def wind_up(self) -> None:
        """Begin to wait for the end of an answer that is complete."""
        self._phase = "close"
        self._until = self._now() + self._limits.engine_close_seconds

    @asynccontextmanager
    async def bounding(self, name: str) -> AsyncGenerator[None, None]:
        """Bound what is awaited inside.

        Raises:
            EngineTimeoutError: it took too long; ``phase`` tells which bound it broke.

        """
        is_total = self._end < self._until
        try:
            async with asyncio.timeout_at(min(self._end, self._until)):
                yield
        except TimeoutError as error:
            if type(error) is not TimeoutError:  # the HTTP client's own: for a connection
                raise
            phase: Phase = "total" if is_total else self._phase
            message = f"{name} {_WORDS[phase]}; the limits say how long it may take"
            raise EngineTimeoutError(message, phase=phase, engine=name) from None
