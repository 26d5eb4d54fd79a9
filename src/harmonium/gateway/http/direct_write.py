"""Writing to the client's connection at once, past the ASGI server's channel.

Most frames of a stream are small, and the way through a server's channel costs more than the frame.
A server that can do it puts a `DirectWriter` into the ASGI scope; without one every frame goes
through the channel, and the bytes are the same.
"""

from __future__ import annotations

from typing import Protocol

DIRECT_WRITER = "harmonium.direct_writer"
"""Where in the ASGI scope stands the `DirectWriter` of the connection, where the server has one."""

ABORT = "harmonium.abort"
"""Where in the ASGI scope stands what closes the connection at once, where the server has it."""


class DirectWriter(Protocol):
    """Writer of one answer's body to its connection."""

    def can_write(self) -> bool:
        """Return whether the answer has begun, and the connection takes more of it."""

    def write_body(self, data: bytes) -> None:
        """Write some of the body; only while `can_write`."""

    def buffer_next(self) -> None:
        """Keep what is written next until something else is: both then go out as one."""
