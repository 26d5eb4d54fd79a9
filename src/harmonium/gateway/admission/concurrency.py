"""The limit on requests that generate or wait. Knows nothing of requests."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from harmonium.errors import OverloadedError


class ConcurrencyLimiter:
    """Limiter that lets some requests run, queues some in order, and rejects the rest.

    Args:
        running: how many run at a time.
        waiting: how many wait; more are refused at once.
        seconds: how long one waits.
        watch: is told how many run and how many wait, whenever that changes.

    """

    def __init__(
        self,
        running: int,
        waiting: int,
        seconds: float,
        watch: Callable[[int, int], None] = lambda _, __: None,
    ) -> None:
        self._most_running = running
        self._most_waiting = waiting
        self._seconds = seconds
        self._watch = watch
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def running(self) -> int:
        """The number of run now."""
        return self._running

    @property
    def waiting(self) -> int:
        """The number of wait now."""
        return len(self._waiting)

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for a turn, and hold it.

        Raises:
            OverloadedError: too many wait already (429), or the wait was too long (503); on
                entering.

        """
        return _Turn(self)

    async def enter(self) -> None:
        """Wait for a turn; who has it must `leave`. Raises as `turn`."""
        if self._running < self._most_running and not self._waiting:
            self._running += 1
            self._tell()
        else:
            await self._wait()

    def leave(self) -> None:
        """Return a turn to the first who waits, else back."""
        while self._waiting:
            first = self._waiting.popleft()
            if not first.done():
                first.set_result(None)
                self._tell()
                return
        self._running -= 1
        self._tell()

    async def _wait(self) -> None:
        if len(self._waiting) >= self._most_waiting:
            message = f"{len(self._waiting)} requests wait already; try again later"
            raise OverloadedError(message, retry_after=1, http_status=429)
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        self._tell()
        try:
            async with asyncio.timeout(self._seconds):
                await mine
        except TimeoutError:
            self._give_up(mine)
            message = f"no turn came within {self._seconds:g} seconds; try again later"
            raise OverloadedError(message, retry_after=1) from None
        except asyncio.CancelledError:
            self._give_up(mine)
            raise

    def _give_up(self, mine: asyncio.Future[None]) -> None:
        """Leave the queue; a turn that came at the same moment goes to the next."""
        if not mine.cancelled():
            self.leave()
        elif mine in self._waiting:
            self._waiting.remove(mine)
            self._tell()

    def _tell(self) -> None:
        self._watch(self._running, len(self._waiting))


class _Turn(AbstractAsyncContextManager[None]):
    """A turn; a class takes a third of what a generator with a decorator does."""

    def __init__(self, admission: ConcurrencyLimiter) -> None:
        self._admission = admission

    async def __aenter__(self) -> None:
        await self._admission.enter()

    async def __aexit__(self, *_: object) -> None:
        self._admission.leave()
