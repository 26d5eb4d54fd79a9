"""The log: JSON Lines, one line per request. Does not know requests.

Traceback lines name places in the code; the text of an unexpected exception may quote a prompt,
so only its type is logged.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from collections.abc import Mapping
from typing import TextIO

from harmonium.gateway.observability.log_writer import LogWriter

LOGGER = "harmonium.gateway"
_FIELDS = "harmonium_fields"
_FLUSH_SECONDS = 2.0


class JsonLines(logging.Formatter):
    """Write a record as one JSON object; other libraries' records get the same form."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat("T", "milliseconds")
        fields: dict[str, object] = {
            "time": when,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, _FIELDS, {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            fields |= describe(record.exc_info[1])
        return json.dumps(fields, default=str)


def describe(error: BaseException) -> dict[str, object]:
    """Describe an unexpected exception without its text: its type, and where it was raised.

    >>> describe(ValueError("secret"))
    {'exception': 'ValueError', 'at': []}
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[-12:]]
    return {"exception": type(error).__name__, "at": places}


def set_up_logs(level: str, stream: TextIO | None = None) -> logging.Logger:
    """Send every log line of the process to `stream` (stderr) as JSON, and return our logger.

    Args:
        level: the least level that is logged.
        stream: where to.

    """
    handler = LogWriter(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpx2", "aiohttp"):
        quiet = logging.getLogger(name)
        quiet.handlers, quiet.propagate = [], True
        quiet.setLevel(logging.WARNING)
    return logging.getLogger(LOGGER)


def _writers() -> list[LogWriter]:
    return [one for one in logging.getLogger().handlers if isinstance(one, LogWriter)]


def dropped_lines() -> int:
    """Return how many lines of this process were dropped because nobody read them."""
    return sum(one.dropped for one in _writers())


def flush_logs() -> None:
    """Wait a moment for the lines that are not written yet: the process is about to end."""
    for one in _writers():
        one.flush_within(_FLUSH_SECONDS)


def is_logged(level: int) -> bool:
    """Return whether lines of a level are written."""
    return logging.getLogger(LOGGER).isEnabledFor(level)


def log_event(
    event: str,
    fields: Mapping[str, object] | None = None,
    *,
    level: int = logging.INFO,
    error: BaseException | None = None,
) -> None:
    """Write one line: what happened, and its fields."""
    if is_logged(level):
        logging.getLogger(LOGGER).log(
            level, event, exc_info=error, extra={_FIELDS: dict(fields or {})}
        )
