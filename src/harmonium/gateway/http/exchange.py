"""One request and its answer: the two ends of ASGI. Does not read HTTP, and parses no body.

Theory of operation. The connection puts in what it has read of the body; the application takes it
out by `receive`, and puts in its answer by `send`. The head of the answer is written together with
the first piece of its body, so that a short answer is one packet. How an answer ends is decided by
its head: a length, chunks, or, for HTTP/1.0, the end of the connection. Pieces of a stream may be
written past `send`: that does the same with fewer questions, at a tenth less for a whole stream.

An answer that begins before the request's body has ended closes the connection: the rest of the
body would be taken for the next request.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Protocol

from starlette.types import ASGIApp, Message, Scope

from harmonium.gateway.errors import ErrorResponse, to_error_response
from harmonium.gateway.http.request_head import RawHeaders, RequestHead
from harmonium.gateway.observability.logging import log_event

_LAST_CHUNK = b"0\r\n\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_WITHOUT_BODY = frozenset({204, 304})
_STATUS_LINES = {
    one.value: f"HTTP/1.1 {one.value} {one.phrase}\r\n".encode("ascii") for one in HTTPStatus
}


class Outgoing(Protocol):
    """The side of a connection that an answer is written to."""

    is_write_paused: bool

    def write(self, data: bytes) -> None:
        """Write bytes, without waiting."""

    async def wait_writable(self) -> None:
        """Wait until the client has read enough of what was written, or has gone."""

    def on_body_taken(self) -> None:
        """Go on to read the body: what was read of it has been taken."""

    def on_answer_end(self) -> None:
        """Go on to the next request, or close."""

    def abort(self) -> None:
        """Close at once, so that the client sees a cut answer."""


class Exchange:
    """A request that is served, and its answer.

    Args:
        head: what is asked for.
        connection: what the answer is written to.
        default_headers: of every answer.

    """

    __slots__ = (
        "_body", "_connection", "_default_headers", "_expects_continue", "_has_begun", "_held",
        "_holds", "_input", "_is_chunked", "_is_delivered", "_left", "_method", "_version",
        "is_complete", "is_gone", "is_persistent", "is_received",
    )  # fmt: skip

    def __init__(
        self, head: RequestHead, connection: Outgoing, default_headers: RawHeaders
    ) -> None:
        self._connection = connection
        self._default_headers = default_headers
        self._method, self._version = head.method, head.http_version
        self._expects_continue = head.expects_continue
        self._body: list[bytes] = []
        self._input: asyncio.Event | None = None
        self._is_delivered = False
        self._has_begun = self._is_chunked = False
        self._left: int | None = None
        self._held, self._holds = b"", False
        self.is_persistent = head.is_persistent
        self.is_received = False
        self.is_complete = self.is_gone = False

    @property
    def unread_bytes(self) -> int:
        """The size of what was read of the body and not taken yet."""
        return sum(map(len, self._body))

    def on_body(self, data: bytes, *, is_last: bool) -> None:
        """Put in bytes of the request's body."""
        if data:
            self._body.append(data)
        self.is_received = is_last
        self._wake()

    def on_gone(self) -> None:
        """End: the client has left, or cannot be understood any more."""
        self.is_gone = True
        self._wake()

    def _wake(self) -> None:
        """Wake `receive`, so that it looks again."""
        if self._input is not None:
            self._input.set()

    async def run(self, app: ASGIApp, scope: Scope) -> None:
        """Serve the request; however the application ends, the client sees an end."""
        try:
            await app(scope, self.receive, self.send)
        except Exception as error:  # noqa: BLE001  (the middleware answers errors; this one is its own)
            log_event("internal_error", level=logging.ERROR, error=error)
        finally:
            if not (self.is_complete or self.is_gone):
                self._end_early()

    async def receive(self) -> Message:
        """Return the next of the body, or that the client has gone."""
        while not (self.is_gone or self.is_complete):
            if self._body or (self.is_received and not self._is_delivered):
                body = b"".join(self._body)
                self._body.clear()
                self._is_delivered = self.is_received
                self._connection.on_body_taken()
                return {"type": "http.request", "body": body, "more_body": not self.is_received}
            if self._expects_continue:
                self._expects_continue = False
                self._connection.write(_CONTINUE)
            self._input = self._input or asyncio.Event()  # few have to wait more than once
            self._input.clear()
            await self._input.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Write a part of the answer; wait first while the client does not read."""
        if self._connection.is_write_paused and not self.is_gone:
            await self._connection.wait_writable()
        if self.is_gone:
            return
        kind = message["type"]
        if self.is_complete or (kind == "http.response.start") is self._has_begun:
            fault = f"{kind} in the wrong place"
            raise RuntimeError(fault)
        if kind == "http.response.start":
            self._begin(message["status"], message.get("headers", ()))
        else:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))

    def refuse(self, failure: ErrorResponse) -> None:
        """Answer a request whose body cannot be read; the application sees a client that left."""
        if not self._has_begun:
            self.is_persistent = False
            self._connection.write(whole_answer(failure, self._default_headers))
        self.on_gone()

    # Pieces of a stream, past `send`: the `DirectWriter` of the delivery.

    def buffer_next(self) -> None:
        """Keep the next write until another comes: both then go out as one."""
        self._holds = True

    def can_write(self) -> bool:
        """Return whether the answer has begun, in chunks, and nothing stands in the way of more."""
        return (
            self._is_chunked
            and not self._connection.is_write_paused
            and not (self.is_gone or self.is_complete)
        )

    def write_body(self, data: bytes) -> None:
        """Write some of the body as a chunk; only while `can_write`."""
        chunk = b"%x\r\n%b\r\n" % (len(data), data)
        if self._holds or self._held:
            self._write(chunk)
        else:
            self._connection.write(chunk)

    def _write(self, data: bytes) -> None:
        """Write, or keep what `buffer_next` was called for."""
        data, self._held = self._held + data, b""
        if self._holds:
            self._holds, self._held = False, data
        elif data:
            self._connection.write(data)

    def _begin(self, status: int, headers: RawHeaders) -> None:
        """Keep the head until the first piece of the body comes."""
        self._has_begun = True
        self._expects_continue = False
        if not self.is_received:
            self.is_persistent = False
        lines = [*self._default_headers, *headers]
        length = next((value for name, value in headers if name == b"content-length"), None)
        if self._method == "HEAD" or status in _WITHOUT_BODY:
            self._left = 0
        elif length is not None:
            self._left = int(length)
        elif self._version == "1.1":
            self._is_chunked = True
            lines.append((b"transfer-encoding", b"chunked"))
        else:
            self.is_persistent = False  # the end of the connection is the end of the body
        if not self.is_persistent:
            lines.append((b"connection", b"close"))
        self._held, self._holds = response_head(status, lines), False

    def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._method == "HEAD":
            body = b""
        if self._is_chunked:
            data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            self._write(data if more else data + _LAST_CHUNK)
        else:
            if self._left is not None:
                self._left -= len(body)
                if self._left < 0 or (self._left and not more):
                    message = "the body of an answer is not as long as its content-length"
                    raise RuntimeError(message)
            self._write(body)
        if not more:
            self._complete()

    def _complete(self) -> None:
        self.is_complete, self._holds = True, False
        if self._held:
            self._write(b"")
        self._wake()
        self._connection.on_answer_end()

    def _end_early(self) -> None:
        """End an answer that the application has left: an error if there is still time for one."""
        if self._has_begun:
            self._connection.abort()
            return
        self.is_persistent = False
        failure = to_error_response(RuntimeError())
        self._connection.write(whole_answer(failure, self._default_headers))
        self._complete()


def response_head(status: int, headers: RawHeaders) -> bytes:
    """Return the head of an answer.

    Raises:
        ValueError: a header would end its line, or the head.

    """
    line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    head = b"".join([line, *[b"%b: %b\r\n" % one for one in headers], b"\r\n"])
    ends = len(headers) + 2
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        message = "a response header contains a line end"
        raise ValueError(message)
    return head


def whole_answer(failure: ErrorResponse, headers: RawHeaders) -> bytes:
    """Return an answer that is an error, and closes the connection."""
    body = failure.body
    lines = [
        *headers,
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    return response_head(failure.status, lines) + body
