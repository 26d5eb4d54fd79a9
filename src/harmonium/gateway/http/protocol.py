"""One client's connection: bytes to requests, in order, within bounds of size and of time.

Does not know routes, keys or answers. What a head means stands in `request_head`, where a body ends
in `body_framing`, and the two ends of ASGI in `exchange`. uvicorn keeps what is around a
connection: sockets, processes, lifespan, signals. It takes this class by its option ``http``.

Theory of operation. A connection is in one of four states:

* *waiting* for a head, bytes of which are in ``_buffer``. A timer runs: ``receive_seconds`` from
  the first byte of a head, or from the start; ``connection_idle_seconds`` behind an answer.
* *receiving* a body: bytes go through its decoder to the exchange. While the application does not
  take them, no more are read. Whoever reads the body bounds its time.
* *answering*: the body is read, the answer is not complete. Reading goes on, or the end of the
  connection would not be seen; what comes is the next request, and is kept in ``_buffer`` unread.
  Nothing but the running answer is ever written. Where more comes than a client needs to send, it
  is dropped, and the connection closes behind the answer.
* *closing*: all was written. A client that may be sending still gets a moment to read the answer:
  a close at once would reset the connection, and what is on its way would be lost. What it sends
  is dropped, up to a bound of time and of bytes.

A closed connection whose client does not read is cut off when it has taken nothing for
``write_seconds``.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any, Protocol, cast

from starlette.types import ASGIApp

from harmonium.gateway.config.settings import Settings
from harmonium.gateway.errors import RefusedError, to_error_response
from harmonium.gateway.http.body_framing import ChunkedDecoder, LengthDecoder, body_decoder
from harmonium.gateway.http.direct_write import ABORT, DIRECT_WRITER
from harmonium.gateway.http.exchange import Exchange, whole_answer
from harmonium.gateway.http.request_head import (
    RawHeaders,
    RequestHead,
    check_beginning,
    parse_head,
)
from harmonium.gateway.observability.logging import log_event
from harmonium.gateway.observability.open_files import OpenFilesWarning

MAX_UNREAD_BYTES = 65_536
"""Of a body before it is taken, and of requests behind the one that is served."""

MAX_SLICE_BYTES = 8_192
"""Of chunks that are decoded in one go: in chunks of one byte they take a millisecond or two."""

LINGER_SECONDS, MAX_LINGER_BYTES = 2.0, 2**20
"""For a client to read an answer while it still sends; Apache and nginx give it up to 30 s."""

_LINE_END, _HEAD_END = b"\r\n", b"\r\n\r\n"


class ServerState(Protocol):
    """What the connections of a server share: an object of uvicorn's."""

    connections: set[Any]
    tasks: set[asyncio.Task[None]]
    total_requests: int
    default_headers: RawHeaders


class ServerConfig(Protocol):
    """What a connection takes from the configuration of its server."""

    settings: Settings
    open_files: OpenFilesWarning
    loaded_app: ASGIApp


class HttpConnection(asyncio.Protocol):
    """Speak HTTP/1.1 with one client.

    Args:
        config: of the server.
        server_state: what its connections share.
        app_state: what the application has left in its lifespan, for every scope.
        _loop: uvicorn passes it; the running loop is taken.

    """

    def __init__(
        self,
        config: ServerConfig,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._app = config.loaded_app
        self._settings = config.settings
        self._open_files = config.open_files
        self._state = server_state
        self._app_state = app_state
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._searched = 0
        self._buffer_since = 0.0
        self._exchange: Exchange | None = None
        self._decoder: LengthDecoder | ChunkedDecoder = LengthDecoder(0)
        self._undecoded = b""
        self._is_idle = self._is_discarding = self._is_read_paused = False
        self._is_stopping = False
        self._discarded_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._writable = asyncio.Event()
        self.is_write_paused = False

    # The transport's calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self.write = self._transport.write
        self.abort = self._transport.abort
        self._state.connections.add(self)
        server, client = (transport.get_extra_info(one) for one in ("sockname", "peername"))
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
            "server": tuple(server[:2]) if isinstance(server, tuple) else None,
            "client": tuple(client[:2]) if isinstance(client, tuple) else None,
            "root_path": "",
            ABORT: self.abort,
        }
        bound = transport.get_extra_info("socket")
        if bound is not None:
            self._open_files.check(bound.fileno())
        self._start_timer(self._settings.receive_seconds, self._time_out)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (however it ended)
        """Notify the running request that its client has disconnected."""
        self._state.connections.discard(self)
        self._stop_timer()
        self._buffer = b""
        self._undecoded = b""
        if self._exchange is not None:
            self._exchange.on_gone()
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        """Take bytes in: of a head, of a body, of a later request, or of nobody."""
        if self._is_discarding:
            self._discard(len(data))
        elif self._exchange is None:
            self._read_head(self._buffer + data)
        elif self._decoder.is_complete:
            self._keep(data)
        else:
            self._read_body(data)

    def pause_writing(self) -> None:
        """Note that the client reads slower than is written."""
        self.is_write_paused = True
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        self.is_write_paused = False
        self._writable.set()

    # The server's call.

    def shutdown(self) -> None:
        """Close, behind the running answer if there is one."""
        self._is_stopping = True
        if self._exchange is None:
            self._close()
        else:
            self._exchange.is_persistent = False

    # The exchange's calls, with `write` and `abort`, which are the transport's.

    async def wait_writable(self) -> None:
        """Wait until the client has caught up, or has gone."""
        await self._writable.wait()

    def on_body_taken(self) -> None:
        """Go on to read the body."""
        if self._is_read_paused and not self._undecoded:
            self._resume_reading()

    def on_answer_end(self) -> None:
        """Go on to the next request, or close."""
        exchange, self._exchange = self._exchange, None
        self._state.total_requests += 1
        if exchange is None or self._transport.is_closing():
            return
        if (
            not exchange.is_received
            or self._is_discarding
            or (self._buffer and not exchange.is_persistent)
        ):
            self._close_gently()
            return
        if not exchange.is_persistent:
            self._close()
            return
        self._is_idle = True
        self._start_timer(self._settings.connection_idle_seconds, self._close)
        if self._buffer:
            late = self._loop.time() - self._buffer_since > self._settings.receive_seconds
            self._read_head(self._buffer)
            if late and self._exchange is None:
                self._close()  # its time has passed during the answer; to write now would be odd

    # Heads.

    def _read_head(self, data: bytes) -> None:
        """Look for a whole head in what is there, and begin to serve it."""
        if data.startswith((b"\r", b"\n")):  # RFC 9112, section 2.2: empty lines before a request
            data = data.lstrip(_LINE_END)
            self._searched = 0
        self._buffer = data
        if not data:
            return  # whoever sends nothing else is still idle
        most = self._settings.header_bytes
        end = data.find(_HEAD_END, self._searched) + len(_HEAD_END)
        try:
            if end < len(_HEAD_END):
                check_beginning(data, self._searched, most)
                self._wait_for_head()
                return
            head = parse_head(data[:end], most)
        except RefusedError as error:
            self._refuse(error)
            return
        self._buffer = b""
        self._searched = 0
        self._is_idle = False
        self._stop_timer()
        self._serve(head, data[end:])

    def _wait_for_head(self) -> None:
        self._searched = max(0, len(self._buffer) - len(_HEAD_END) + 1)
        if self._is_idle:
            self._is_idle = False
            self._start_timer(self._settings.receive_seconds, self._time_out)

    def _serve(self, head: RequestHead, rest: bytes) -> None:
        exchange = Exchange(head, self, self._state.default_headers)
        if self._is_stopping:
            exchange.is_persistent = False
        self._exchange = exchange
        self._decoder = body_decoder(head.content_length, self._settings.header_bytes)
        scope = self._scope | {
            "http_version": head.http_version,
            "method": head.method,
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query,
            "headers": head.headers,
            "state": self._app_state.copy(),
            DIRECT_WRITER: exchange,
        }
        if rest or self._decoder.is_complete:
            self._read_body(rest)
        task = self._loop.create_task(exchange.run(self._app, scope))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    # Bodies.

    def _read_body(self, data: bytes) -> None:
        exchange, decoder = self._exchange, self._decoder
        if exchange is None:
            return
        if isinstance(decoder, ChunkedDecoder):
            data, self._undecoded = data[:MAX_SLICE_BYTES], data[MAX_SLICE_BYTES:]
        try:
            body, rest = decoder.feed(data)
        except RefusedError as error:
            self._refuse(error)
            return
        exchange.on_body(body, is_last=decoder.is_complete)
        if decoder.is_complete:
            rest, self._undecoded = rest + self._undecoded, b""
            self._resume_reading()
            if rest:
                self._keep(rest)
        elif self._undecoded:
            self._pause_reading()
            self._loop.call_soon(self._read_undecoded)
        elif exchange.unread_bytes > MAX_UNREAD_BYTES:
            self._pause_reading()

    def _read_undecoded(self) -> None:
        """Go on with what the last slice left, between other connections' work."""
        data, self._undecoded = self._undecoded, b""
        if self._transport.is_closing() or self._is_discarding or self._exchange is None:
            return
        if self._exchange.unread_bytes <= MAX_UNREAD_BYTES:
            self._resume_reading()
        self._read_body(data)

    def _keep(self, data: bytes) -> None:
        """Keep what comes behind a request that is being served."""
        if not self._buffer:
            self._buffer_since = self._loop.time()
        self._buffer += data
        if len(self._buffer) > MAX_UNREAD_BYTES:
            self._buffer = b""
            self._is_discarding = True
            if self._exchange is not None:
                self._exchange.is_persistent = False

    def _pause_reading(self) -> None:
        if not self._is_read_paused:
            self._is_read_paused = True
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if self._is_read_paused:
            self._is_read_paused = False
            self._transport.resume_reading()

    # Ends.

    def _time_out(self) -> None:
        seconds = self._settings.receive_seconds
        message = f"timed out after {seconds:g} s waiting for the request"
        self._refuse(RefusedError(message, 408, code="request_timeout"))

    def _refuse(self, error: RefusedError) -> None:
        """Answer what cannot be served, and close."""
        failure = to_error_response(error)
        request_id = f"req_{secrets.token_hex(16)}"
        log_event("request_refused", {"request_id": request_id, "code": error.code})
        if self._exchange is None:
            headers = [*self._state.default_headers, (b"x-request-id", request_id.encode())]
            self.write(whole_answer(failure, headers))
        else:
            self._exchange.refuse(failure)
        self._close_gently()

    def _discard(self, size: int) -> None:
        """Drop what comes while nothing more is read; while an answer runs, without a bound."""
        if self._exchange is None or self._exchange.is_gone:
            self._discarded_bytes += size
            if self._discarded_bytes > MAX_LINGER_BYTES:
                self._close()

    def _close_gently(self) -> None:
        """Close once the client has had time to read the answer, or has closed itself."""
        self._is_discarding = True
        self._buffer = b""
        self._undecoded = b""
        if self._transport.can_write_eof():  # not through TLS
            self._transport.write_eof()
        self._resume_reading()
        self._start_timer(LINGER_SECONDS, self._close)

    def _close(self) -> None:
        """Close when what was written has been sent."""
        self._stop_timer()
        self._transport.close()
        self._cut_off_unless_read(self._transport.get_write_buffer_size() + 1)

    def _cut_off_unless_read(self, before: int) -> None:
        """Abort when the client has read nothing for too long."""
        size = self._transport.get_write_buffer_size()
        if size >= before:
            self.abort()
        elif size:
            seconds = self._settings.write_seconds
            self._start_timer(seconds, lambda: self._cut_off_unless_read(size))

    def _start_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = self._loop.call_later(seconds, callback)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
