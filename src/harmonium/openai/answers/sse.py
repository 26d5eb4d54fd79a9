r"""Server-sent events as OpenAI's APIs write them, the one place for their bytes.

Everything is ASCII: half of a surrogate pair, echoed from a request, has no UTF-8, and clients that
split decoded lines as Python does would break an event at characters such as U+2028.
Source: the WHATWG's HTML standard, section 9.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

DONE = b"data: [DONE]\n\n"
"""The end of a stream."""

to_json = json.JSONEncoder(separators=(",", ":")).encode
"""Writes JSON without blanks, in ASCII."""


def data_event(body: Mapping[str, object]) -> bytes:
    r"""Return an event of data alone.

    >>> data_event({"id": "x"})
    b'data: {"id":"x"}\n\n'
    """
    return f"data: {to_json(body)}\n\n".encode("ascii")


def named_event(event: Mapping[str, object]) -> bytes:
    r"""Return an event with its ``type`` as its name.

    Example:
        >>> named_event({"type": "error", "sequence_number": 0})
        b'event: error\ndata: {"type":"error","sequence_number":0}\n\n'

    """
    return f"event: {event['type']}\ndata: {to_json(event)}\n\n".encode("ascii")


def error_event(error: Mapping[str, object]) -> bytes:
    """Return the event that ends a stream whose engine failed: ``{"error": {...}}``."""
    return data_event({"error": dict(error)})


def comment(text: str) -> bytes:
    r"""Return a comment, which clients ignore.

    >>> comment("keep-alive")
    b': keep-alive\n\n'
    """
    return f": {text}\n\n".encode("ascii")
