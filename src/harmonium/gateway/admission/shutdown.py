"""The lifetime of a process: serving, draining, stopped. Knows nothing of what it serves."""

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
        await asyncio.sleep(self._drain_seconds)
        self.is_rejecting = True
        if await self.wait_idle(self._grace_seconds):
            return
        error = ShuttingDownError("the gateway is shutting down; retry the request")
        for one in list(self._running):
            one.interrupt(error)
        await self.wait_idle(_LAST_SECONDS)

    async def wait_idle(self, seconds: float) -> bool:
        """Wait until nothing runs; return whether that happened within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def drain_before_signals(self) -> None:
        """Drain on SIGTERM and SIGINT, before the server stops.

        A second signal stops it at once. Only the main thread has signals.
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
            if self._stopping is not None or self.is_draining:
                before(number, frame)
                return
            self.is_draining = True
            loop.call_soon_threadsafe(self._begin, lambda: before(number, None))

        return handle

    def _begin(self, then: Callable[[], object]) -> None:
        self._stopping = asyncio.ensure_future(self.drain())
        self._stopping.add_done_callback(lambda _: then())
