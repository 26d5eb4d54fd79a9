"""What a test may not leave behind: tasks of a gateway, connections in use, open files."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import uvloop

from tests.gateway.running import PATIENCE, RUNNING

uvloop.new_event_loop().close()  # libuv opens a pipe for signals once in a process

_FILES = Path("/proc/self/fd")
_LASTING = {"Running._run.<locals>.main", "LifespanOn.main", "LoopMonitor.run", "_look"}
"""Tasks that a gateway has for as long as it runs, and the one that looks for the others."""


async def _look():
    """The tasks of the running loop that serve a request, or should not be there at all."""
    names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]
    return sorted(name for name in names if name not in _LASTING)


def open_files():
    """What this process has open: files by name, sockets and pipes by number."""
    if not _FILES.exists():
        return set()
    found = set()
    for one in _FILES.iterdir():
        with suppress(FileNotFoundError):
            found.add(str(one.readlink()))
    return found


def _tasks_and_requests():
    found = {f"tasks of {gateway.url}": gateway.ask(_look()) for gateway in RUNNING}
    return found | {f"requests of {gateway.url}": gateway.requests for gateway in RUNNING}


def assert_all_is_served():
    """Wait until no gateway does anything any more."""
    _assert_none(_tasks_and_requests)


def assert_all_is_closed(before):
    """Wait until nothing is open that was not open before; kept connections have ended too."""
    _assert_none(lambda: {"files": sorted(open_files() - before)})


def _assert_none(look):
    """Wait until nothing is found: that a client has gone may be seen a moment later."""
    end = time.monotonic() + PATIENCE
    while (found := {name: what for name, what in look().items() if what}) and (
        time.monotonic() < end
    ):
        time.sleep(0.005)
    assert not found, found
