"""The processes that share a port: replaced when they die, reloaded together. Does not serve."""

from __future__ import annotations

import logging
import os
import shutil
import signal

from prometheus_client import multiprocess
from uvicorn.supervisors import Multiprocess

from harmonium.gateway.observability.logging import log_event

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_METRICS_BYTES = 16 * 2**20
"""Free space that the metrics of a worker may need: their files are written through memory, and a
full disk ends a process with SIGBUS."""


class Workers(Multiprocess):
    """Supervisor of the workers."""

    _is_hurried = False
    _is_terminated = False

    def keep_subprocess_alive(self) -> None:
        """Replace workers that have died, and count their running requests out."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        dead = before - {process.pid for process in self.processes}
        for pid in sorted(one for one in dead if one is not None):
            log_event("worker_died", {"pid": pid}, level=logging.ERROR)
            if METRICS_FOLDER in os.environ:
                multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def handle_hup(self) -> None:
        """Make every worker reload its API keys; running streams go on."""
        for process in self.processes:
            if process.pid is not None and process.process.is_alive():
                os.kill(process.pid, signal.SIGHUP)

    def handle_term(self) -> None:
        """Stop; on a further signal workers that are still stopping interrupt what they run."""
        self._is_hurried = self.should_exit.is_set()  # both signals came before this was called
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._hurry())
        super().handle_term()

    handle_int = handle_term

    def terminate_all(self) -> None:
        """Signal every worker to stop."""
        super().terminate_all()
        self._is_terminated = True
        if self._is_hurried:
            self._interrupt_workers()

    def _hurry(self) -> None:
        self._is_hurried = True
        if self._is_terminated:
            self._interrupt_workers()

    def _interrupt_workers(self) -> None:
        """Send a second signal to every worker; of another kind, or the two could become one."""
        for process in self.processes:
            if process.pid is not None and process.process.is_alive():
                os.kill(process.pid, signal.SIGINT)


def give_up_metrics_without_room() -> None:
    """Leave a worker's metrics to itself when there is no room for files to share them in."""
    folder = os.environ.get(METRICS_FOLDER)
    if folder is None:
        return
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        free = 0
    if free < _METRICS_BYTES:
        del os.environ[METRICS_FOLDER]
        log_event("metrics_not_shared", {"free_bytes": free}, level=logging.ERROR)
