"""Logging never waits: lines that nobody reads are dropped, and counted."""

from __future__ import annotations

import json
import logging
import os
import threading

from harmonium.gateway.observability.log_writer import LogWriter
from tests.gateway.running import PATIENCE


def record_of(text):
    return logging.LogRecord("n", logging.INFO, __file__, 1, text, None, None)


def test_a_pipe_that_nobody_reads_holds_nobody_up():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "w") as stream:
        writer = LogWriter(stream, lines=10)
        for number in range(5_000):
            writer.emit(record_of(f"{number} {'x' * 1_000}"))
        assert 4_000 < writer.dropped < 5_000
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(pipe.readline, b"after\n")))
        reader.start()
        assert writer.flush_within(PATIENCE)
        writer.emit(record_of("after"))
        reader.join(PATIENCE)
    told = [json.loads(line)["count"] for line in lines if line.startswith(b"{")]
    assert (sum(told), len(lines) - len(told)) == (writer.dropped, 5_000 - writer.dropped)


def test_lines_are_written_in_order_before_a_flush_returns():
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe, os.fdopen(writing, "w") as stream:
        writer = LogWriter(stream)
        for number in range(100):
            writer.emit(record_of(str(number)))
        assert writer.flush_within(PATIENCE)
        assert os.read(pipe.fileno(), 10_000).split() == [b"%d" % one for one in range(100)]
