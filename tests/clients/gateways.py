"""Starts `harmonium serve` as a process of its own, as its users do; knows nothing of clients."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

PATIENCE = 120
"""Seconds after which a gateway that has not begun to serve, or not ended, is killed."""


@contextmanager
def serving(*flags):
    """Give the address of the API, and stop the gateway in the end."""
    process = subprocess.Popen(  # noqa: S603  (our own command)
        [sys.executable, "-m", "harmonium", "serve", "--port", "0", *flags],
        stderr=subprocess.PIPE,
        text=True,
        env={name: text for name, text in os.environ.items() if "HARMONIUM" not in name},
    )
    killer = threading.Timer(PATIENCE, process.kill)
    killer.start()
    line = process.stderr.readline()
    killer.cancel()
    log = threading.Thread(target=process.stderr.read)
    log.start()
    try:
        address = re.match(r"http://127\.0\.0\.1:\d+", line)
        assert address, f"the gateway's first line tells no address: {line}"
        yield f"{address[0]}/v1"
    finally:
        process.terminate()
        try:
            assert process.wait(PATIENCE) in {0, -signal.SIGTERM}
        finally:
            process.kill()
            log.join()
            process.stderr.close()
