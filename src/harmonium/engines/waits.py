"""Own how long each part of a generation may take; know nothing of what is waited for.

Only waiting for the engine counts, but for the total: a slow reader of ours makes nobody late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
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
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._reader: asyncio.Task[object] | None = None
        self._is_late = False
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
            raise self._late("total" if is_total else self._phase, name) from None

    async def reading(self, read: Callable[[], Awaitable[bytes]], name: str) -> bytes:
        """Read, bounded as in `bounding`; one timer serves all reads of a stream until `close`.

        Raises:
            EngineTimeoutError: it took too long; ``phase`` tells which bound it broke.

        """
        due = min(self._end, self._until)
        if self._timer is None or due < self._due:
            self._arm(due)
        self._reader = task = asyncio.current_task()
        asked = task.cancelling() if task is not None else 0
        try:
            return await read()
        except asyncio.CancelledError:
            if task is None or not self._is_late or task.uncancel() > asked:
                raise
            raise self._late("total" if self._end < self._until else self._phase, name) from None
        finally:
            self._reader = None

    def close(self) -> None:
        """Let go of the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due: float) -> None:
        self.close()
        self._due = due
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        """End the read that is late; one that began later than the timer has time left."""
        self._timer = None
        due = min(self._end, self._until)
        if self._reader is None:
            return
        if self._now() < due:
            self._arm(due)
            return
        self._is_late = True
        self._reader.cancel()

    def _late(self, phase: Phase, name: str) -> EngineTimeoutError:
        message = f"{name} {_WORDS[phase]}; the limits say how long it may take"
        return EngineTimeoutError(message, phase=phase, engine=name)
