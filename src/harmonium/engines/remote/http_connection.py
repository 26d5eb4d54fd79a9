"""One HTTP/1.1 connection to a server, and the answer that it receives.

Theory of operation. A connection carries one exchange at a time: `ClientConnection.send` writes a
request and returns the `Response`, which fills as bytes arrive. Bytes come by callback: all that
one read of the socket brings is parsed, joined to one piece, and handed to whoever reads the body,
in the same call. So an event of a stream reaches its reader without a task being woken for it;
where the reader refuses a piece, or nobody reads, the piece waits in the response, and the task
that called `Response.read` is woken. A response that holds more than `_MAX_BUFFERED` bytes stops
the reading of its socket: a slow reader slows the server.

The parser is llhttp through httptools. It checks framing; here stand the bounds that it has not:
bytes of a head, and of the trailers behind a body. Knows nothing of JSON, events or engines.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context

import httptools

_MAX_BUFFERED = 256 * 1024
"""Bytes that nobody has read yet; behind them the socket is not read."""

_MAX_OVERHEAD_BYTES = 64 * 1024
"""Bytes in a row that hold nothing of a body: a head, trailers; engines send less than one KiB."""

_SWITCHING = 101
_FIRST_FINAL = 200

Reader = Callable[[bytes], bool]
"""Receiver of a piece of a body; False refuses it: the piece is then the result of `read`."""


class ConnectionFailedError(Exception):
    """No connection could be made; the cause says why."""


class ConnectionBrokenError(Exception):
    """The connection ended before the answer did."""


class InvalidResponseError(Exception):
    """What the server sent is not HTTP, or goes beyond its bounds."""


class Response:
    """One answer: its status and headers once they are there, then its body.

    Attributes:
        status: the HTTP status.
        headers: by names in lower case; the last one counts where a name comes twice.
        is_complete: whether the whole body has come; some of it may not have been read yet.
        has_begun: whether any byte of the answer has come.

    """

    def __init__(self, connection: ClientConnection) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_complete = False
        self.has_begun = False
        self._connection = connection
        self._head: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pieces: list[bytes] = []
        self._size = 0
        self._error: Exception | None = None
        self._reader: Reader | None = None
        self._context: Context | None = None
        self._waiter: asyncio.Future[bytes] | None = None
        self._on_end: Callable[[], object] | None = None

    async def head(self) -> None:
        """Wait for the status and the headers.

        Raises:
            ConnectionBrokenError: the connection ended first.
            InvalidResponseError: it is not HTTP.

        """
        await self._head

    async def read(self, reader: Reader | None = None) -> bytes:
        """Wait for more of the body, and return all that is there; empty at its end.

        Args:
            reader: receives each piece when it comes, outside the waiting task but in its context;
                what it refuses is returned. None refuses every piece.

        Raises:
            ConnectionBrokenError: the connection ended before the body did.
            InvalidResponseError: the body's framing is wrong.
            Exception: whatever `reader` raised.

        """
        while self._pieces:
            piece = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            self._connection.resume_reading()
            if reader is None or not reader(piece):
                return piece
        if self._error is not None:
            raise self._error
        if self.is_complete:
            return b""
        waiter: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        self._reader, self._context = reader, copy_context()
        try:
            return await waiter
        finally:
            self._reader = self._waiter = None

    def close(self) -> None:
        """Abandon the answer; its connection serves again if the whole answer has come."""
        if not self.is_complete:
            self._connection.abort()

    def on_end(self, callback: Callable[[], object]) -> None:
        """Read the rest of the body for nobody, and call back when the answer has ended."""
        if self.is_complete or self._error is not None:
            callback()
            return
        self._on_end = callback
        self._pieces.clear()
        self._connection.resume_reading()

    # ---- called by the connection

    def receive_head(self, status: int, headers: dict[str, str]) -> None:
        """Take the status and headers."""
        self.status, self.headers = status, headers
        if not self._head.done():
            self._head.set_result(None)

    def receive(self, piece: bytes) -> None:
        """Take a piece of the body: hand it to the reader, or keep it."""
        reader = self._reader
        if reader is not None and self._context is not None:
            try:
                if self._context.run(reader, piece):
                    return
            except Exception as error:  # noqa: BLE001  (it is for the task that reads)
                self._reader = None
                if self._waiter is not None and not self._waiter.done():
                    self._waiter.set_exception(error)
                return
        self._reader = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(piece)
        elif self._on_end is None:
            self._pieces.append(piece)
            self._size += len(piece)
            if self._size > _MAX_BUFFERED:
                self._connection.pause_reading()

    def end(self, error: Exception | None = None) -> None:
        """Take the end of the answer: complete, or because of an error."""
        if self.is_complete or self._error is not None:
            return
        self.is_complete, self._error = error is None, error
        if not self._head.done():
            self._head.set_exception(error or ConnectionBrokenError())
            self._head.exception()  # seen: nobody may be waiting for it any more
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            if error is None:
                waiter.set_result(b"")
            else:
                waiter.set_exception(error)
        if self._on_end is not None:
            self._on_end()


class ClientConnection(asyncio.Protocol):
    """One connection; `on_idle` is called when it can carry another exchange.

    Args:
        on_idle: called with the connection behind each complete answer that keeps it open.

    """

    def __init__(self, on_idle: Callable[[ClientConnection], object]) -> None:
        self._on_idle = on_idle
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._response: Response | None = None
        self._headers: dict[str, str] = {}
        self._overhead_bytes = 0
        self._is_final = False
        self._has_ended = False
        self._is_until_close = False
        self._keeps_alive = False
        self._is_paused = False
        self._body: list[bytes] = []
        self.is_closed = False
        self.is_reused = False
        """Whether an earlier exchange went over it: the server may have closed it meanwhile."""

    def send(self, request: bytes) -> Response:
        """Write a request, and return its answer, which comes later."""
        self._response = response = Response(self)
        self._parser = httptools.HttpResponseParser(self)
        self._has_ended = self._is_final = self._is_until_close = False
        if self._transport is None or self.is_closed:
            response.end(ConnectionBrokenError())
        else:
            self._transport.write(request)
        return response

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None and not self.is_closed:
            self.is_closed = True
            self._transport.abort()

    def pause_reading(self) -> None:
        """Read no more of the socket until `resume_reading`."""
        if not self._is_paused and self._transport is not None and not self.is_closed:
            self._is_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read the socket again."""
        if self._is_paused and self._transport is not None:
            self._is_paused = False
            if not self.is_closed:
                self._transport.resume_reading()

    # ---- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = transport  # type: ignore[assignment]  # of a stream socket

    def data_received(self, data: bytes) -> None:
        """Parse what one read of the socket brought, and hand on the body in it as one piece."""
        response = self._response
        if response is None:  # nobody asked: the server is not to be trusted with another request
            self.abort()
            return
        response.has_begun = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(InvalidResponseError())
            return
        body = self._body
        if not (body or self._has_ended):  # bytes of a head, of chunk sizes, of trailers
            self._overhead_bytes += len(data)
            if self._overhead_bytes > _MAX_OVERHEAD_BYTES:
                self._fail(InvalidResponseError())
                return
        if body:
            self._overhead_bytes = 0
            piece = body[0] if len(body) == 1 else b"".join(body)
            body.clear()
            response.receive(piece)
        if self._has_ended:
            self._complete(response)

    def eof_received(self) -> None:
        """Return None, so that the transport closes: what the end means is found there."""

    def connection_lost(self, exc: Exception | None) -> None:
        """End an answer that only the end of the connection can end, or break one off."""
        self.is_closed = True
        response, self._response = self._response, None
        if response is not None:
            is_whole = exc is None and self._is_until_close
            response.end(None if is_whole else ConnectionBrokenError())

    # ---- called by the parser

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; trailers mean nothing here."""
        if not self._is_final:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take the end of a head; informational ones (1xx) come before the answer's own."""
        status, headers = self._parser.get_status_code(), self._headers
        self._headers = {}
        if status < _FIRST_FINAL:
            if status == _SWITCHING:
                raise httptools.HttpParserError
            return
        self._is_final = True
        framed = "content-length" in headers or "transfer-encoding" in headers
        self._is_until_close = not framed
        if self._response is not None:
            self._response.receive_head(status, headers)

    def on_body(self, body: bytes) -> None:
        """Take some of the body; it is handed on when all that was read is parsed."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Take the end of an answer, or of an informational head."""
        self._has_ended = self._is_final
        self._keeps_alive = self._parser.should_keep_alive()

    # ---- ends

    def _complete(self, response: Response) -> None:
        self._response = None
        self._overhead_bytes = 0
        if self._keeps_alive and not self._is_paused and not self.is_closed:
            self.is_reused = True
            response.end()
            self._on_idle(self)
        else:
            response.end()
            if self._transport is not None:
                self.is_closed = True
                self._transport.close()

    def _fail(self, error: Exception) -> None:
        response, self._response = self._response, None
        body = b"".join(self._body)
        self._body.clear()
        if response is not None:
            if body:
                response.receive(body)
            response.end(error)
        self.abort()
