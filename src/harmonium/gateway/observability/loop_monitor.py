"""How late the event loop is: the wait of every stream behind whatever holds it up.

Theory of operation. A task sleeps for a fixed time, again and again. By how much it wakes too late
is how long something else ran without a pause, up to the length of the sleep, and the wait of
whoever was due meanwhile.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

_EVERY_SECONDS = 0.1
"""Ten wakes a second cost a ten-thousandth of a processor."""


class LoopMonitor:
    """Measure the lag of the running event loop.

    Args:
        observe: called with each lag, in seconds.
        parent: the process whose end is to end this one; None for none.

    """

    def __init__(self, observe: Callable[[float], None], parent: int | None = None) -> None:
        self._observe = observe
        self._parent = parent

    async def run(self) -> None:
        """Measure until cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            due = now() + _EVERY_SECONDS
            await asyncio.sleep(_EVERY_SECONDS)
            self._observe(max(0.0, now() - due))
            if self._parent is not None and os.getppid() != self._parent:
                self._parent = None
                signal.raise_signal(signal.SIGTERM)  # orderly: running streams are ended properly
