"""The HTTP client of one server: requests, streams, kept connections, timeouts, failures.

Knows nothing of tokens. The connections are `ClientConnection`s: an engine's stream of small frames
costs them a fraction of the processor time that general HTTP clients take
(benchmarks/engine_clients.py).
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import quote, urlsplit

from harmonium.engines.remote.error_mapping import error_for_status, map_client_errors
from harmonium.engines.remote.http_connection import (
    ClientConnection,
    ConnectionBrokenError,
    ConnectionFailedError,
    Reader,
    Response,
)
from harmonium.engines.timeouts import Deadlines
from harmonium.errors import (
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidInputError,
    Position,
)
from harmonium.limits import DEFAULT_LIMITS, Limits

_KEEP_IDLE_SECONDS = 2.0
"""Uvicorn and llama.cpp close connections that idle for five seconds; never race them."""

_OK, _REDIRECTS = 200, 300
_NOT_THERE = frozenset({404, 405, 501})
_UNCODED = frozenset({"", "identity"})
_PATH_CHARS = "/%:@!$&'()*+,;=~-._"


class Upstream:
    """Client of one server. No proxy, no redirect, no cookie: prompts go there and nowhere else.

    Args:
        url: ``http`` or ``https``, host, port and perhaps a path; no credentials in it.
        kind: what the server is, for its name.
        api_key: sent as bearer token, never shown.
        limits: time-outs and sizes.

    Raises:
        InvalidInputError: the URL or the key cannot be used (``invalid_engine``).

    """

    def __init__(
        self, url: str, kind: str, *, api_key: str | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.url = _checked(url)
        self.name = f"{kind}:{self.url}"
        self.limits = limits
        self._connections = _Connections(self.url, limits.engine_connect_seconds)
        self._path = quote(urlsplit(self.url).path, safe=_PATH_CHARS)
        self._headers = _headers(self.url, api_key)
        self._is_closed = False
        self.draining: set[Source] = set()
        """Answers whose end nobody waits for any more."""

    async def get(self, path: str) -> object:
        """Return the JSON at a path; None where the server has no such path.

        Raises:
            EngineError: it cannot be reached, refuses, or answers no JSON.

        """
        from harmonium.engines.remote.payload import read_json  # noqa: PLC0415  (needs msgspec)

        async with self._probe("GET", path) as response:
            body = await self._body(response)
            if response.status in _NOT_THERE:
                return None
            self._check(response, body)
            return read_json(body) if body else None

    async def check(self, path: str) -> None:
        """Ask for a path, and accept any success.

        Raises:
            EngineError: it cannot be reached, or answers with an error.

        """
        async with self._probe("GET", path) as response:
            self._check(response, await self._body(response))

    async def post(self, path: str, body: Mapping[str, object]) -> None:
        """Post something whose answer does not matter; raises as `check`."""
        async with self._probe("POST", path, body) as response:
            await self._body(response)

    async def stream(self, path: str, body: Mapping[str, object], deadlines: Deadlines) -> Source:
        """Post, and return the answer once its headers are there, if it is one.

        Raises:
            EngineError: unreachable, refused, or slower than `deadlines`.

        """
        with map_client_errors(self.name, begun=False):
            async with deadlines.limit():
                response = await self._send("POST", path, body)
                if response.status == _OK:
                    self._check_coding(response)
                    return Source(response, deadlines, self)
                try:
                    raise self._failure(response, await self._body(response))
                finally:
                    response.close()

    async def aclose(self) -> None:
        """Close every connection."""
        self._is_closed = True
        for source in tuple(self.draining):
            source.abort()
        self._connections.close()

    # ---- sending

    async def _send(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Response:
        """Send until there are headers: a kept connection may have been closed at the other end.

        llama.cpp closes each behind a stream without saying so. It is tried once more, on a new
        connection: the request may be what broke the first one.
        """
        if self._is_closed:
            message = "the engine is closed; open a new one"
            raise EngineUnavailableError(message, engine=self.name)
        request = self._request(method, path, body)
        kept = self._connections.take_idle()
        if kept is not None:
            try:
                return await _exchange(kept, request)
            except ConnectionBrokenError:
                pass
        try:
            with map_client_errors(self.name, begun=False):
                return await _exchange(await self._connections.open(), request)
        except EngineUnavailableError as error:
            error.broken_connections += kept is not None
            raise

    def _request(self, method: str, path: str, body: Mapping[str, object] | None) -> bytes:
        head = f"{method} {self._path}{path} HTTP/1.1\r\n{self._headers}"
        if body is None:
            return f"{head}\r\n".encode("latin-1")
        data = _written(body)
        head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n"
        return head.encode("latin-1") + data

    # ---- what failures mean

    @asynccontextmanager
    async def _probe(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> AsyncGenerator[Response, None]:
        """Send a request that is bounded in time, and explain its failures."""
        response = None
        try:
            async with asyncio.timeout(self.limits.engine_probe_seconds):
                with map_client_errors(self.name, begun=False):
                    response = await self._send(method, path, body)
                    self._check_coding(response)
                    yield response
        except TimeoutError:
            message = "the engine did not answer a health check in time; is it overloaded?"
            raise EngineTimeoutError(message, phase="probe", engine=self.name) from None
        finally:
            if response is not None:
                response.close()

    async def _body(self, response: Response) -> bytes:
        most = self.limits.engine_body_bytes
        parts: list[bytes] = []
        size = 0
        while piece := await response.read():
            size += len(piece)
            if size > most:
                message = f"the engine answered with more than {most} bytes"
                raise EngineProtocolError(message, engine=self.name)
            parts.append(piece)
        return b"".join(parts)

    def _check(self, response: Response, body: bytes) -> None:
        if not _OK <= response.status < _REDIRECTS:
            raise self._failure(response, body)

    def _check_coding(self, response: Response) -> None:
        """Refuse a compressed answer: none was asked for, and it could expand without bound."""
        if response.headers.get("content-encoding", "").lower() not in _UNCODED:
            response.close()
            message = "the engine compressed its answer, which it was asked not to do"
            raise EngineProtocolError(message, engine=self.name)

    def _failure(self, response: Response, body: bytes) -> EngineError:
        words = body.decode("utf-8", "replace")[: self.limits.engine_error_chars]
        retry_after = response.headers.get("retry-after")
        return error_for_status(response.status, words, self.name, retry_after)


class Source:
    """The bytes of one answer as they come.

    Args:
        response: its headers are there.
        deadlines: bounds each read.
        upstream: where it comes from.

    """

    def __init__(self, response: Response, deadlines: Deadlines, upstream: Upstream) -> None:
        self._response = response
        self._deadlines = deadlines
        self._upstream = upstream
        self._timer: asyncio.TimerHandle | None = None
        deadlines.watch(response.close)

    async def read(self, reader: Reader | None = None) -> bytes:
        """Wait for more bytes, and return all that are there; none at the end.

        Args:
            reader: receives pieces as they come until it refuses one, which is returned; see
                `Response.read`.

        Raises:
            EngineError: the connection broke, or it took longer than it may.

        """
        deadlines = self._deadlines
        deadlines.on_read()
        try:
            return await self._response.read(reader)
        except Exception as error:
            if deadlines.expired is not None:
                raise deadlines.expired from None
            with map_client_errors(self._upstream.name, begun=True):
                raise error from None
        finally:
            deadlines.on_read_end()

    def close(self) -> None:
        """Release the connection, and so the generation; it serves again if all was read."""
        self._deadlines.close()
        self._response.close()

    def drain(self) -> None:
        """Read a complete answer to its end, so that its connection can be reused.

        Nobody waits for that: what does not end soon is closed.
        """
        self._deadlines.close()
        if self._response.is_complete:
            return
        seconds = self._upstream.limits.engine_close_seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, self.abort)
        self._upstream.draining.add(self)
        self._response.on_end(self.abort)

    def abort(self) -> None:
        """Close an answer that is being drained; where it has ended, its connection is kept."""
        if self._timer is not None:
            self._timer.cancel()
        self._upstream.draining.discard(self)
        self._response.close()


class _Connections:
    """The connections to one server: idle ones are kept for `_KEEP_IDLE_SECONDS`."""

    def __init__(self, url: str, connect_seconds: float) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._seconds = connect_seconds
        self._idle: dict[ClientConnection, asyncio.TimerHandle] = {}
        self._is_closed = False

    def take_idle(self) -> ClientConnection | None:
        """Return the connection that idles for the shortest time; None where there is none."""
        while self._idle:
            connection, timer = self._idle.popitem()
            timer.cancel()
            if not connection.is_closed:
                return connection
        return None

    async def open(self) -> ClientConnection:
        """Return a new connection.

        Raises:
            ConnectionFailedError: there is none to be had; the cause is an `OSError`.

        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._seconds):
                _, connection = await loop.create_connection(
                    lambda: ClientConnection(self._keep), self._host, self._port, ssl=self._tls
                )
        except (OSError, UnicodeError) as error:  # a host name that is none is a UnicodeError
            raise ConnectionFailedError from error
        return connection

    def close(self) -> None:
        """Close the idle connections; those in use close behind their answers."""
        self._is_closed = True
        while (connection := self.take_idle()) is not None:
            connection.abort()

    def _keep(self, connection: ClientConnection) -> None:
        if self._is_closed:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.call_later(_KEEP_IDLE_SECONDS, self._drop, connection)

    def _drop(self, connection: ClientConnection) -> None:
        self._idle.pop(connection, None)
        connection.abort()


async def _exchange(connection: ClientConnection, request: bytes) -> Response:
    """Send a request, and return its answer once the headers are there."""
    response = connection.send(request)
    try:
        await response.head()
    except BaseException:
        response.close()
        raise
    return response


def _headers(url: str, api_key: str | None) -> str:
    """Return the headers that every request has, each with its line end."""
    host = urlsplit(url).netloc.encode("idna" if not url.isascii() else "ascii").decode("ascii")
    lines = [f"Host: {host}", "Accept: */*", "Accept-Encoding: identity", "User-Agent: harmonium"]
    if api_key is not None:
        if not (api_key.isascii() and api_key.isprintable()):
            message = "the engine's API key has characters that no HTTP header may hold"
            raise InvalidInputError(
                message, code="invalid_engine", position=Position(path="engine_api_key")
            )
        lines.append(f"Authorization: Bearer {api_key}")
    return "".join(f"{line}\r\n" for line in lines)


def _written(body: Mapping[str, object]) -> bytes:
    """Write a request: 131,072 ids take 1 ms, where json takes 20."""
    import msgspec  # noqa: PLC0415  (only engines behind HTTP need it)

    try:
        return msgspec.json.encode(body)
    except (OverflowError, TypeError, UnicodeError):  # large integers, half characters of a schema
        return json.dumps(body, separators=(",", ":")).encode()


def _checked(url: str) -> str:
    fault = _fault_of(url)
    if fault is None:
        return url.rstrip("/")
    message = f"the engine's address is invalid: {fault}"
    raise InvalidInputError(message, code="invalid_engine", position=Position(path="engine"))


def _fault_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return "its host or port cannot be read"
    if parts.scheme not in {"http", "https"} or not has_host:
        return "it must begin with http:// or https:// and name a host"
    if parts.username or parts.password:
        return "credentials have no place in it; give an API key instead"
    return "it must end with the path, if any" if parts.query or parts.fragment else None
