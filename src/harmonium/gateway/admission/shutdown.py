"""The lifetime of a process: serving, draining, stopped. Does not know what it serves.

Theory of operation. The first signal to stop begins the drain: the process reports that it is not
ready, and still serves everything for ``drain_seconds``, so that load balancers notice. Then new
requests are rejected, and running ones have ``grace_seconds`` to end. What still runs after that is
interrupted: each stream gets its terminal event. Only then does the server see the signal, and
close. A second signal skips the waiting and interrupts at once; a third one goes to the server,
which closes whatever is open.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Protocol

from harmonium.errors import HarmoniumError
from harmonium.gateway.errors import ShuttingDownError
from harmonium.gateway.observability.logging import log_event

_LAST_SECONDS = 5.0
"""For interrupted streams to write how they end."""

_HURRY_SIGNAL = 2
"""The second signal to stop ends what runs; a third one does not wait for that."""

Handler = Callable[[int, FrameType | None], object]


class Interruptible(Protocol):
    """A running answer that can be ended at once."""

    def interrupt(self, error: HarmoniumError) -> None:
        """End because of `error`, and send it to the client."""


class Shutdown:
    """The running answers, and their orderly end.

    Args:
        drain_seconds: to go on serving after the process was told to stop.
        grace_seconds: for what runs to end by itself after that.

    """

    def __init__(self, drain_seconds: float, grace_seconds: float) -> None:
        self._drain_seconds = drain_seconds
        self._grace_seconds = grace_seconds
        self._running: set[Interruptible] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._hurry = asyncio.Event()
        self._signals = 0
        self._stopping: asyncio.Task[None] | None = None
        self.is_draining = False
        self.is_rejecting = False

    @property
    def running(self) -> int:
        """The number of requests that run now."""
        return len(self._running)

    def enter(self, one: Interruptible) -> None:
        """Register something that begins to run.

        Raises:
            ShuttingDownError: nothing new may begin.

        """
        if self.is_rejecting:
            message = "the gateway is shutting down; retry, or use another instance"
            raise ShuttingDownError(message)
        self._running.add(one)
        self._idle.clear()

    def leave(self, one: Interruptible) -> None:
        """Unregister something that has ended."""
        self._running.discard(one)
        if not self._running:
            self._idle.set()

    async def drain(self) -> None:
        """Stop: not ready, then nothing new, then nothing at all."""
        self.is_draining = True
        log_event("draining", {"running": self.running})
        await self._wait_for(self._hurry, self._drain_seconds)
        self.is_rejecting = True
        if not self._hurry.is_set() and await self._is_idle_in_time():
            return
        error = ShuttingDownError("the gateway is shutting down; retry the request")
        for one in list(self._running):
            one.interrupt(error)
        await self.wait_idle(_LAST_SECONDS)

    def end_waiting(self) -> None:
        """Interrupt what runs as soon as the drain has begun, without any grace."""
        self._hurry.set()

    async def _is_idle_in_time(self) -> bool:
        """Wait for what runs, until the grace is over or a second signal comes."""
        hurry = asyncio.create_task(self._hurry.wait())
        idle = asyncio.create_task(self._idle.wait())
        await asyncio.wait(
            (hurry, idle), timeout=self._grace_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        hurry.cancel()
        idle.cancel()
        return self._idle.is_set()

    async def wait_idle(self, seconds: float) -> bool:
        """Wait until nothing runs; return whether that happened within `seconds`."""
        return await self._wait_for(self._idle, seconds)

    @staticmethod
    async def _wait_for(event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    def drain_before_signals(self) -> None:
        """Drain on SIGTERM and SIGINT, before the server stops.

        Only the main thread has signals.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before):
                signal.signal(number, self._handler(loop, before))

    def _handler(self, loop: asyncio.AbstractEventLoop, before: Handler) -> Handler:
        def handle(number: int, frame: FrameType | None) -> None:
            self._signals += 1
            if self._signals == 1:
                self.is_draining = True
                loop.call_soon_threadsafe(self._begin, lambda: before(number, None))
            elif self._signals == _HURRY_SIGNAL:
                loop.call_soon_threadsafe(self.end_waiting)
            else:
                before(number, frame)

        return handle

    def _begin(self, then: Callable[[], object]) -> None:
        self._stopping = asyncio.ensure_future(self.drain())
        self._stopping.add_done_callback(lambda _: then())
