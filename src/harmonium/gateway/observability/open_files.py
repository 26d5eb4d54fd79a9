"""Warning before a process runs out of file descriptors. Does not know what has them open.

Theory of operation. A new connection gets the lowest free descriptor, so its number says how many
are in use. When that comes near the process's limit, the kernel is about to refuse connections: the
server then closes new clients without a word, and engines cannot be reached. A line in the log, at
most one a minute, says so while there still are descriptors to write it with.
"""

from __future__ import annotations

import logging
import resource
from collections.abc import Callable

from harmonium.gateway.observability.logging import log_event

RESERVE = 16
"""Descriptors below the limit at which the line is written: engines and files need some as well."""

_EVERY_SECONDS = 60.0


class OpenFilesWarning:
    """The line about the limit of one process.

    Args:
        now: seconds that only go forward.

    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._last = -_EVERY_SECONDS

    def check(self, descriptor: int) -> None:
        """Write the line if the newest descriptor is near the limit; once in a minute."""
        if descriptor < self._limit - RESERVE or self._now() - self._last < _EVERY_SECONDS:
            return
        self._last = self._now()
        log_event("open_files_near_limit", {"limit": self._limit}, level=logging.ERROR)
