"""A log handler that never blocks: a thread writes the lines. Does not know what they say.

Theory of operation. Whoever logs puts a finished line into a bounded queue and goes on. One thread
takes the lines out and writes them, and only it waits when nobody reads the other end of the pipe.
When the queue is full, lines are dropped and counted; the next line that finds room is preceded by
one that says how many are missing.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
from typing import TextIO

_LINES = 10_000
"""Lines that may wait: some megabytes, and a second of the busiest gateway."""


class LogWriter(logging.Handler):
    """Handler that writes in a thread.

    Args:
        stream: where to.
        lines: how many may wait; more are dropped.

    """

    def __init__(self, stream: TextIO, lines: int = _LINES) -> None:
        super().__init__()
        self._stream = stream
        self._queue: queue.Queue[str | threading.Event] = queue.Queue(lines)
        self._unreported = 0
        self.dropped = 0
        """The number of lines dropped so far."""
        threading.Thread(target=self._write_all, name="log-writer", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a line, or drop it."""
        line = self.format(record)
        try:
            if self._unreported:
                lost = {"event": "log_lines_dropped", "count": self._unreported}
                self._queue.put_nowait(json.dumps(lost))
                self._unreported = 0
            self._queue.put_nowait(line)
        except queue.Full:
            self._unreported += 1
            self.dropped += 1

    def flush_within(self, seconds: float) -> bool:
        """Wait until the lines queued so far are written; return whether they are."""
        written = threading.Event()
        try:
            self._queue.put(written, timeout=seconds)
        except queue.Full:
            return False
        return written.wait(seconds)

    def _write_all(self) -> None:
        while True:
            entry = self._queue.get()
            if isinstance(entry, threading.Event):
                entry.set()
                continue
            try:
                self._write(entry + "\n")
            except (OSError, ValueError):  # the other end is closed: there is nobody to tell
                self.dropped += 1

    def _write(self, line: str) -> None:
        try:
            number = self._stream.fileno()
        except OSError:  # not a file
            self._stream.write(line)
            return
        # Past the buffer of the stream, whose lock this thread would hold while the process ends.
        data = memoryview(line.encode("utf-8", "backslashreplace"))
        while data:
            data = data[os.write(number, data) :]
