"""Timeouts of each phase of a generation. Knows nothing of what is awaited.

Only waiting for the engine counts, but for the total: a slow reader of ours makes nobody late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Literal

from harmonium.engines.protocol import Chunk, Engine, GenerationRequest
from harmonium.errors import EngineTimeoutError
from harmonium.limits import Limits

TimeoutPhase = Literal["first_token", "idle", "total", "close"]

_WORDS: dict[TimeoutPhase, str] = {
    "first_token": "sent no token in time",
    "idle": "stopped sending tokens",
    "total": "took longer than one answer may take",
    "close": "did not end its answer",
}


class Deadlines:
    """Bounds of the waits of one generation: for its first token, between tokens, in all.

    Theory of operation. A timer for each read would cost more than the read. So there is one timer
    for a generation: a read only marks that it waits, and new tokens only move the time that is
    due. When the timer fires before that time, it is set anew; when nobody waits then, it goes to
    sleep until the next read; else the read is late, and is cancelled.

    Args:
        limits: how long is too long.
        name: the engine's.

    """

    __slots__ = (
        "_cancel",
        "_due",
        "_end",
        "_limits",
        "_loop",
        "_name",
        "_now",
        "_phase",
        "_timer",
        "_until",
        "_waits",
        "expired",
    )

    def __init__(self, limits: Limits, name: str) -> None:
        self._limits = limits
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._now = self._loop.time
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._cancel: Callable[[], object] = _nothing
        self._end = self._now() + limits.engine_total_seconds
        self._phase: TimeoutPhase = "first_token"
        self._until = self._now() + limits.engine_first_token_seconds
        self._waits = False
        self.expired: EngineTimeoutError | None = None
        """What to raise once a read was cancelled."""

    def on_tokens(self) -> None:
        """Start the time for the next tokens."""
        self._phase = "idle"
        self._until = self._now() + self._limits.engine_idle_seconds

    def on_finish(self) -> None:
        """Start the time for the end of an answer whose tokens have all come."""
        self._phase = "close"
        self._until = self._now() + self._limits.engine_close_seconds

    @asynccontextmanager
    async def limit(self) -> AsyncGenerator[None, None]:
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
            cancel: ends a read that is late, at once; it must then raise `expired`.

        """
        self._cancel = cancel

    def on_read(self) -> None:
        """Mark the start of a read."""
        self._waits = True
        if self._timer is None or self._until < self._due:
            self._arm(min(self._end, self._until))

    def on_read_end(self) -> None:
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
        self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        """End the read that is late; one that began later than the timer has time left."""
        self._timer = None
        due = min(self._end, self._until)
        if self._now() < due:
            self._arm(due)
        elif self._waits:
            self.expired = self._error(is_total=self._end < self._until)
            self._cancel()

    def _error(self, *, is_total: bool) -> EngineTimeoutError:
        phase: TimeoutPhase = "total" if is_total else self._phase
        message = f"the engine {_WORDS[phase]}; its time-outs are settings"
        return EngineTimeoutError(message, phase=phase, engine=self._name)


def bound_waits(engine: Engine, limits: Limits) -> Engine:
    """Return an engine whose waits are bounded: the same one where it bounds them itself.

    An engine says so by an attribute ``bounds_waits`` that is true, as those for servers and for
    models in this process do.
    """
    is_bounded = getattr(engine, "bounds_waits", False)
    return engine if is_bounded else _BoundedEngine(engine, limits)


class _BoundedEngine:
    """An engine, with `Deadlines` for its generations."""

    bounds_waits = True

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self._engine = engine
        self._limits = limits
        self.name = engine.name
        self.capabilities = engine.capabilities
        self.abort = engine.abort
        self.check = engine.check
        self.aclose = engine.aclose

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""
        deadlines = Deadlines(self._limits, self.name)
        async with aclosing(self._engine.generate(request)) as chunks:
            while (chunk := await _next_chunk(chunks, deadlines)) is not None:
                yield chunk
                deadlines.on_tokens()


async def _next_chunk(chunks: AsyncGenerator[Chunk, None], deadlines: Deadlines) -> Chunk | None:
    async with deadlines.limit():
        return await anext(chunks, None)


def _nothing() -> None:
    """Stand in for what ends a read, where none is watched."""
