"""The HTTP connection to one server: requests, streams, timeouts, failures.

Knows nothing of tokens. The client is aiohttp: reading an engine's stream of small frames costs it
a third to a half of the processor time that httpx and httpx2 take (benchmarks/engine_clients.py).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harmonium.engines.remote.direct_read import first_left
from harmonium.engines.remote.error_mapping import error_for_status, map_client_errors
from harmonium.engines.timeouts import Waits
from harmonium.errors import (
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidInputError,
    Position,
)
from harmonium.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    import aiohttp

_KEEP_IDLE_SECONDS = 2.0
"""Uvicorn and llama.cpp close connections that idle for five seconds; never race them."""

_OK, _REDIRECTS = 200, 300
_NOT_THERE = frozenset({404, 405, 501})


class Upstream:
    """Talk to one server. No proxy, no redirect, no cookie: prompts go there and nowhere else.

    Args:
        url: ``http`` or ``https``, host, port and perhaps a path; no credentials in it.
        kind: what the server is, for its name.
        api_key: sent as bearer token, never shown.
        limits: time-outs and sizes.

    Raises:
        InvalidInputError: the URL cannot be used (``invalid_engine``).

    """

    def __init__(
        self, url: str, kind: str, *, api_key: str | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.url = _checked(url)
        self.name = f"{kind}:{self.url}"
        self.limits = limits
        self._headers = {"Accept-Encoding": "identity"}
        if api_key is not None:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._session: aiohttp.ClientSession | None = None
        self._is_closed = False
        self.left: set[Source] = set()
        """Answers whose end nobody waits for any more."""

    async def get(self, path: str) -> object:
        """Return the JSON at a path; None where the server has no such path.

        Raises:
            EngineError: it cannot be reached, refuses, or answers no JSON.

        """
        from harmonium.engines.remote.payload import read_json  # noqa: PLC0415  (needs msgspec)

        async with self._probing(), self._get(path) as response:
            body = await self._body(response)
            if response.status in _NOT_THERE:
                return None
            self._check(response, body)
            return read_json(body) if body else None

    async def look(self, path: str) -> None:
        """Ask for a path, and be content with any success.

        Raises:
            EngineError: it cannot be reached, or answers with an error.

        """
        async with self._probing(), self._get(path) as response:
            self._check(response, await self._body(response))

    async def tell(self, path: str, body: Mapping[str, object]) -> None:
        """Post something whose answer does not matter; raises as `look`."""
        async with self._probing(), self._post(path, body) as response:
            await response.read()

    async def stream(self, path: str, body: Mapping[str, object], waits: Waits) -> Source:
        """Post, and give the answer once its headers are there, if it is one.

        Raises:
            EngineError: unreachable, refused, or slower than `waits`.

        """
        with map_client_errors(self.name, begun=False):
            async with waits.bounding():
                response = await self._answer(path, body)
                if response.status == _OK:
                    return Source(response, waits, self)
                async with response:
                    raise self._failure(response, await self._body(response))

    async def _answer(self, path: str, body: Mapping[str, object]) -> aiohttp.ClientResponse:
        """Post until there are headers: a kept connection may have been closed at the other end.

        llama.cpp closes each behind a stream without saying so. It is tried once more, on a new
        connection: the request may be what broke the first one.
        """
        import aiohttp  # noqa: PLC0415  (only engines behind HTTP need it)

        attempt = SimpleNamespace(is_kept=False)
        try:
            return await self._post(path, body, attempt)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not attempt.is_kept:
                raise
        try:
            with map_client_errors(self.name, begun=False):
                return await self._post(path, body)
        except EngineUnavailableError as error:
            error.broken_connections += 1
            raise

    async def aclose(self) -> None:
        """Close every connection."""
        self._is_closed = True
        for left in tuple(self.left):
            left.cut()
        if self._session is not None:
            await self._session.close()

    # ---- sending

    def _open(self) -> aiohttp.ClientSession:
        if self._is_closed:
            message = "the engine is closed; open a new one"
            raise EngineUnavailableError(message, engine=self.name)
        if self._session is None:
            import aiohttp  # noqa: PLC0415  (only engines behind HTTP need it)

            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_IDLE_SECONDS)
            connect = self.limits.engine_connect_seconds
            trace = aiohttp.TraceConfig()
            trace.on_connection_reuseconn.append(_note_kept)
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=self._headers,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect),
                trace_configs=[trace],
            )
        return self._session

    def _get(self, path: str) -> aiohttp.client._RequestContextManager:
        return self._open().get(self.url + path, allow_redirects=False)

    def _post(
        self, path: str, body: Mapping[str, object], attempt: SimpleNamespace | None = None
    ) -> aiohttp.client._RequestContextManager:  # the type has no public name
        return self._open().post(
            self.url + path,
            data=_written(body),
            headers={"Content-Type": "application/json"},
            allow_redirects=False,
            trace_request_ctx=attempt,
        )

    # ---- what failures mean

    @asynccontextmanager
    async def _probing(self) -> AsyncGenerator[None, None]:
        """Bound a question in time, and explain its failures."""
        try:
            async with asyncio.timeout(self.limits.engine_probe_seconds):
                with map_client_errors(self.name, begun=False):
                    yield
        except TimeoutError:
            message = "the engine did not answer a health check in time; is it overloaded?"
            raise EngineTimeoutError(message, phase="probe", engine=self.name) from None

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        most = self.limits.engine_body_bytes
        parts: list[bytes] = []
        size = 0
        async for piece in response.content.iter_any():
            size += len(piece)
            if size > most:
                response.close()
                message = f"the engine answered with more than {most} bytes"
                raise EngineProtocolError(message, engine=self.name)
            parts.append(piece)
        return b"".join(parts)

    def _check(self, response: aiohttp.ClientResponse, body: bytes) -> None:
        if not _OK <= response.status < _REDIRECTS:
            raise self._failure(response, body)

    def _failure(self, response: aiohttp.ClientResponse, body: bytes) -> EngineError:
        words = body.decode("utf-8", "replace")[: self.limits.engine_error_chars]
        retry_after = response.headers.get("Retry-After")
        return error_for_status(response.status, words, self.name, retry_after)


def _leave(_: bytes) -> bool:
    """Leave every piece to who reads."""
    return False


class Source:
    """Read one answer's bytes as they come.

    Args:
        response: its headers are there.
        waits: bounds each read.
        upstream: where it comes from.

    """

    def __init__(self, response: aiohttp.ClientResponse, waits: Waits, upstream: Upstream) -> None:
        self._response = response
        self._waits = waits
        self._upstream = upstream
        self._timer: asyncio.TimerHandle | None = None
        waits.watch(response.close)

    async def read(self, passes: Callable[[bytes], bool] = _leave) -> bytes:
        """Wait for more bytes, and give all that are there; none at the end.

        Args:
            passes: takes what was read, and then more is waited for; False leaves it. It may be
                called from outside the task that reads.

        Raises:
            EngineError: the connection broke, or it took longer than it may.

        """
        waits, content = self._waits, self._response.content
        waits.begin()
        try:
            piece = await content.readany()
            if passes(piece):
                piece = await first_left(content, passes)
        except Exception as error:
            if waits.late is not None:
                raise waits.late from None
            with map_client_errors(self._upstream.name, begun=True):
                raise error from None
        finally:
            waits.end()
        return piece

    def close(self) -> None:
        """Release the connection, and so of the generation; it serves again if all was read."""
        self._waits.close()
        self._response.close()

    def leave(self) -> None:
        """Read a complete answer to its end, so that its connection can be reused.

        Nobody waits for that: what does not end soon is closed.
        """
        self._waits.close()
        content = self._response.content
        if content.is_eof() or self._response.closed:
            self._response.close()
            return
        seconds = self._upstream.limits.engine_close_seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, self.cut)
        self._upstream.left.add(self)
        content.on_eof(self.cut)

    def cut(self) -> None:
        """Close an answer that was left; where it has ended, its connection is kept."""
        if self._timer is not None:
            self._timer.cancel()
        self._upstream.left.discard(self)
        self._response.close()


def _written(body: Mapping[str, object]) -> bytes:
    """Write a request: 131,072 ids take 1 ms, where json takes 20."""
    import msgspec  # noqa: PLC0415  (only engines behind HTTP need it)

    try:
        return msgspec.json.encode(body)
    except (OverflowError, TypeError, UnicodeError):  # large integers, half characters of a schema
        return json.dumps(body, separators=(",", ":")).encode()


async def _note_kept(_session: object, context: SimpleNamespace, _params: object) -> None:
    """Note that a connection was there already; aiohttp calls this."""
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.is_kept = True


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
