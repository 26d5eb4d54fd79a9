"""Starts `harmonium serve` as a process of its own, as its users do, and reads its log.

Knows nothing of clients.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

PATIENCE = 120
"""Seconds after which a gateway that has not begun to serve, or not ended, is killed."""
HEARING = 20
"""Seconds after which a prompt is taken to have never reached the gateway."""


class Gateway:
    """One that runs: the address of its API, and the prompts it has rendered."""

    def __init__(self, url):
        self.url = url
        self.prompts = []
        self._changed = threading.Condition()

    def read(self, log):
        """Keep the prompts that a log tells of, until it ends."""
        for line in log:
            entry = json.loads(line) if line.startswith("{") else {}
            if "prompt" in entry:
                with self._changed:
                    self.prompts.append(entry["prompt"])
                    self._changed.notify_all()

    def prompts_with(self, text, begin, count):
        """Return the prompts since one that hold a text, as soon as there are so many."""

        def found():
            return [prompt for prompt in self.prompts[begin:] if text in prompt]

        with self._changed:
            self._changed.wait_for(lambda: len(found()) >= count, HEARING)
        return found()


@contextmanager
def serving(*flags):
    """Return a gateway with the demo engine, and stop it in the end."""
    talking = ("--log-content", "--log-level", "debug")
    process = subprocess.Popen(  # noqa: S603  (our own command)
        [sys.executable, "-m", "harmonium", "serve", "--port", "0", *talking, *flags],
        stderr=subprocess.PIPE,
        text=True,
        env={name: text for name, text in os.environ.items() if "HARMONIUM" not in name},
    )
    killer = threading.Timer(PATIENCE, process.kill)
    killer.start()
    line = process.stderr.readline()
    killer.cancel()
    address = re.match(r"http://127\.0\.0\.1:\d+", line)
    gateway = Gateway(f"{address[0]}/v1" if address else None)
    reading = threading.Thread(target=gateway.read, args=(process.stderr,))
    reading.start()
    try:
        assert address, f"the gateway's first line tells no address: {line}"
        yield gateway
    finally:
        process.terminate()
        try:
            assert process.wait(PATIENCE) in {0, -signal.SIGTERM}
        finally:
            process.kill()
            reading.join()
            process.stderr.close()
