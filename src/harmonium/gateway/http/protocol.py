"""Limits on a connection before there is a request: size and time of its headers.

uvicorn's protocol takes headers of any size for as long as the client likes; this one does not, and
tells what is no HTTP in OpenAI's shape. What comes behind the headers is bounded where it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from harmonium.gateway.config.settings import Settings
from harmonium.gateway.errors import RefusedError, to_error_response
from harmonium.gateway.http.streaming_response import ABORT, OUTLET

_LAST_SECONDS = 10
"""For connections to close after everything has been told how it ends."""


class BoundedConfig(uvicorn.Config):
    """Configure uvicorn as the gateway needs it.

    Args:
        application: makes the application, in whichever process it runs.
        settings: the gateway's.

    """

    def __init__(self, application: Callable[[], ASGIApp], settings: Settings) -> None:
        super().__init__(
            application,
            factory=True,
            workers=settings.workers,
            loop="uvloop",
            http=BoundedConnection,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_LAST_SECONDS,
        )
        self.settings = settings


class ChunkOutlet:
    """Write one answer: what the server writes, and pieces of its body in chunks.

    Chunks are what the server's own way makes, with fewer questions: it costs a tenth of a stream.
    To the server this stands for the connection.

    Args:
        answer: the server's side of the request.
        transport: the connection.

    """

    __slots__ = ("_answer", "_flow", "_held", "_holds", "_transport", "_write")

    def __init__(self, answer: RequestResponseCycle, transport: asyncio.Transport) -> None:
        self._answer = answer
        self._flow = answer.flow
        self._transport = transport
        self._write = transport.write
        self._held = b""
        self._holds = False
        answer.transport = cast("asyncio.Transport", self)

    def hold(self) -> None:
        """The next write until another comes: both then go out as one."""
        self._holds = True

    def is_open(self) -> bool:
        """Whether the answer has begun, in chunks, and nothing stands in the way of more."""
        answer = self._answer
        return (
            not self._flow.write_paused
            and answer.chunked_encoding is True
            and not (answer.disconnected or answer.response_complete)
        )

    def say(self, piece: bytes) -> None:
        """Write a piece; only while this is open."""
        data = b"%x\r\n%b\r\n" % (len(piece), piece)
        if self._holds or self._held:
            self.write(data)
        else:
            self._write(data)

    def write(self, data: bytes) -> None:
        """Write what the server says, or hold it."""
        data, self._held = self._held + data, b""
        if self._holds:
            self._holds, self._held = False, data
        else:
            self._write(data)

    def is_closing(self) -> bool:
        """Whether the connection is closing."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close the connection, behind what was held."""
        self._holds = False
        if self._held:
            self.write(b"")
        self._transport.close()


class BoundedConnection(HttpToolsProtocol):
    """Speak HTTP with one client."""

    _head_bytes = 0
    _in_head = True
    _in_body = False
    _timer: asyncio.TimerHandle | None = None

    @property
    def _settings(self) -> Settings:
        return cast("BoundedConfig", self.config).settings

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Process some bytes; too many before the end of the headers are refused."""
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > self._settings.header_bytes:
            message = f"the headers are larger than {self._settings.header_bytes} bytes"
            self._refuse(RefusedError(message, 431, code="headers_too_large"))

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        scope = cast("dict[str, object]", self.scope)
        scope[ABORT] = self.transport.abort
        self._in_head, self._head_bytes = True, 0
        if self._timer is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """End the headers."""
        self._in_head, self._in_body = False, True
        self._stop_waiting()
        super().on_headers_complete()
        if self.cycle is not None:
            cast("dict[str, object]", self.scope)[OUTLET] = ChunkOutlet(self.cycle, self.transport)

    def on_message_complete(self) -> None:
        """End the body."""
        self._in_body = False
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End an answer. The rest of a body that it did not wait for has its time as well."""
        super().on_response_complete()
        if self._in_body and self._timer is None and not self.transport.is_closing():
            seconds = self._settings.receive_seconds
            self._timer = self.loop.call_later(seconds, self.transport.close)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  (uvicorn's words)
        """Refuse what is no HTTP."""
        message = "this is no HTTP request that can be read"
        self._refuse(RefusedError(message, 400, code="invalid_http"))

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self._settings.receive_seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        seconds = self._settings.receive_seconds
        message = f"no request was here after {seconds:g} seconds"
        self._refuse(RefusedError(message, 408, code="request_timeout"))

    def _refuse(self, error: RefusedError) -> None:
        failure = to_error_response(error)
        self._stop_waiting()
        head = (
            f"HTTP/1.1 {failure.status} {HTTPStatus(failure.status).phrase}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(failure.body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + failure.body)
        self.transport.close()
