"""Timeouts of each phase of a generation. Knows nothing of what is awaited.

Only waiting for the engine counts, but for the total: a slow reader of ours makes nobody late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from harmonium.errors import EngineTimeoutError
from harmonium.limits import Limits

TimeoutPhase = Literal["first_token", "idle", "total", "close"]

_WORDS: dict[TimeoutPhase, str] = {
    "first_token": "sent no token in time",
    "idle": "stopped sending tokens",
    "total": "took longer than one answer may take",
    "close": "did not end its answer",
}


class Waits:
    """Bound the waits of one generation: for its first token, between tokens, in all.

    Reads cost a mark before and one behind each; a timer looks at the marks when time is up.

    Args:
        limits: how long is too long.
        name: the engine's.

    """

    __slots__ = (
        "_due",
        "_end",
        "_give_up",
        "_limits",
        "_loop",
        "_name",
        "_now",
        "_phase",
        "_timer",
        "_until",
        "_waits",
        "late",
    )

    def __init__(self, limits: Limits, name: str) -> None:
        self._limits = limits
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._give_up: Callable[[], object] = _nothing
        self._end = self._now() + limits.engine_total_seconds
        self._phase: TimeoutPhase = "first_token"
        self._until = self._now() + limits.engine_first_token_seconds
        self._waits = False
        self.late: EngineTimeoutError | None = None
        """What to raise once the wait was given up."""

    def go_on(self) -> None:
        """Return the time for the next tokens from now on."""
        self._phase = "idle"
        self._until = self._now() + self._limits.engine_idle_seconds

    def wind_up(self) -> None:
        """Return the time for the end of an answer that is complete from now on."""
        self._phase = "close"
        self._until = self._now() + self._limits.engine_close_seconds

    @asynccontextmanager
    async def bounding(self) -> AsyncGenerator[None, None]:
        """Bound what is awaited inside.

        Raises:
            EngineTimeoutError: it took too long; ``phase`` tells which bound it broke.

        """
        due, is_total = min(self._end, self._until), self._end < self._until
        try:
            async with asyncio.timeout_at(due):
                yield
        except TimeoutError as error:
            if type(error) is not TimeoutError:  # the HTTP client's own: for a connection
                raise
            raise self._error(is_total=is_total) from None

    def watch(self, cancel: Callable[[], object]) -> None:
        """Bound every read from now on, until `close`.

        Args:
            cancel: ends a read that is late, at once; it must then raise `late`.

        """
        self._give_up = cancel

    def begin(self) -> None:
        """Mark the start of a read."""
        self._waits = True
        if self._timer is None or self._until < self._due:
            self._arm(min(self._end, self._until))

    def end(self) -> None:
        """Mark the end of a read."""
        self._waits = False

    def close(self) -> None:
        """Release the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._ring)

    def _ring(self) -> None:
        """End the read that is late; one that began later than the timer has time left."""
        self._timer = None
        due = min(self._end, self._until)
        if self._now() < due:
            self._arm(due)
        elif self._waits:
            self.late = self._error(is_total=self._end < self._until)
            self._give_up()

    def _error(self, *, is_total: bool) -> EngineTimeoutError:
        phase: TimeoutPhase = "total" if is_total else self._phase
        message = f"the engine {_WORDS[phase]}; its time-outs are settings"
        return EngineTimeoutError(message, phase=phase, engine=self._name)


def _nothing() -> None:
    """Stand in for what ends a read, where none is watched."""
