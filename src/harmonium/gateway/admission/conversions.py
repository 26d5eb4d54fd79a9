"""Threads for conversions, apart from those of requests that generate. Does not know what they do.

Theory of operation. A conversion (rendering, parsing ids, encoding a text) holds the processor for
as long as its input is large, and cannot be interrupted from outside. So it runs in one of a few
threads that nothing else needs, behind a limiter that gives API keys their turns, and looks at its
deadline between slices of its work. The deadline passes when the time is up or the client has gone.
The slot is free again only when the thread is.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from harmonium.gateway.admission.concurrency import ConcurrencyLimiter
from harmonium.gateway.errors import RefusedError

T = TypeVar("T")


class Deadline:
    """The end of the time that one conversion has.

    Args:
        seconds: from now.

    """

    __slots__ = ("_at", "_seconds")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._at = time.monotonic() + seconds

    def cancel(self) -> None:
        """End the time now."""
        self._at = 0.0

    def check(self) -> None:
        """Check that there is time left.

        Raises:
            RefusedError: there is none (503).

        """
        if time.monotonic() >= self._at:
            message = f"the conversion took longer than {self._seconds:g} s; send less at once"
            raise RefusedError(message, 503, code="conversion_timeout")


class ConversionPool:
    """Run conversions in threads of their own.

    Args:
        workers: how many threads.
        queue: how many conversions wait for one; more are rejected.
        seconds: for one conversion, and for its wait.

    """

    def __init__(self, workers: int, queue: int, seconds: float) -> None:
        self._seconds = seconds
        self._limiter = ConcurrencyLimiter(workers, queue, seconds)
        self._threads = ThreadPoolExecutor(workers, "conversion")

    async def run(
        self,
        owner: str | None,
        work: Callable[[Deadline], T],
        gone: Callable[[], Awaitable[None]],
    ) -> T:
        """Run a conversion, and return its result.

        Args:
            owner: for whom; owners get threads in turn.
            work: the conversion; it checks the deadline between slices.
            gone: waits until the client has gone.

        Raises:
            OverloadedError: too many wait (429), or the wait was too long (503).
            RefusedError: the time was up (503).

        """
        async with self._limiter.slot(owner):
            deadline = Deadline(self._seconds)
            task = asyncio.get_running_loop().run_in_executor(self._threads, work, deadline)
            left = asyncio.ensure_future(gone())
            try:
                await asyncio.wait((task, left), return_when=asyncio.FIRST_COMPLETED)
            finally:
                deadline.cancel()
                left.cancel()
                await asyncio.gather(task, left, return_exceptions=True)
            return task.result()

    def close(self) -> None:
        """Start no more conversions; those that run end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
