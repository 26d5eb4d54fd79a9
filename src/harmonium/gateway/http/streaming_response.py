"""Delivery of one answer: queueing, the total time, disconnects, keep-alive and end.

Theory of operation. One task does the work: it waits for a slot, runs the generations, and writes.
Beside it stands the watch, in the task of the request: it wakes when the work is done, when the
client has gone, or at the next deadline, and ends the work by cancelling it, with a reason where
the client is to be told one. The waits for the engine are bounded by the engine; here are bounded
the request in total, each wait for the client, and the silence between two frames.

Bytes go out in one of two ways, which give the same bytes: through the ASGI server's channel, or,
where the connection has a `DirectWriter` and takes more, straight to it. What the answer says is
its source's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope, Send

from harmonium.errors import EngineTimeoutError, HarmoniumError, ParseError
from harmonium.gateway.errors import to_error_response
from harmonium.gateway.generation.answer_source import AnswerSource
from harmonium.gateway.http.direct_write import ABORT, DIRECT_WRITER, DirectWriter
from harmonium.gateway.observability.logging import log_event
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service
from harmonium.openai import comment

STUCK = "stuck"
KEEP_ALIVE = comment("keep-alive")
_STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}


class AnswerResponse:
    """Deliver an answer over ASGI; also the `Output` of its source.

    Args:
        source: makes the answer's bytes.
        service: the gateway's parts.
        record: what is remembered of the request.

    """

    def __init__(self, source: AnswerSource, service: Service, record: RequestRecord) -> None:
        self._source = source
        self._service = service
        self._record = record
        self._limits = service.settings
        self._now = record.clock
        self._last_write = record.clock()
        self._reason: HarmoniumError | None = None
        self._work: asyncio.Task[None] | None = None
        self._writing_since: float | None = None
        self._begun = False
        self._lock = asyncio.Lock()
        self._send: Send = _unsent
        self._direct: DirectWriter | None = None

    def interrupt(self, error: HarmoniumError) -> None:
        """End because of `error`, and say so to the client."""
        if self._reason is None and self._work is not None and not self._work.done():
            self._reason = error
            self._work.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deliver; everything that was begun has ended when this returns."""
        self._send = send
        self._direct = scope.get(DIRECT_WRITER) if self._source.is_streaming else None
        self._service.lifecycle.enter(self)
        self._work = work = asyncio.create_task(self._serve())
        gone = asyncio.create_task(_until_gone(receive))
        try:
            await self._watch(work, gone)
        finally:
            gone.cancel()
            work.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
            self._service.lifecycle.leave(self)
        if self._record.disconnected == STUCK and ABORT in scope:
            scope[ABORT]()  # what was written waits for a client that does not read
            await asyncio.sleep(0)

    async def _watch(self, work: asyncio.Task[None], gone: asyncio.Task[None]) -> None:
        limits = self._limits
        longest = min(limits.total_seconds, limits.write_seconds, limits.keepalive_seconds)
        while True:
            wait = min(longest, max(0.001, self._next_deadline() - self._now()))
            done, _ = await asyncio.wait(
                (work, gone), timeout=wait, return_when=asyncio.FIRST_COMPLETED
            )
            if work in done:
                work.result()
                return
            if gone in done:
                self._record.on_disconnect()
                return
            self._check_total()
            if self._is_stuck() or not await self._keep_alive():
                self._record.on_disconnect(STUCK)
                return

    def _next_deadline(self) -> float:
        limits = self._limits
        times = [self._record.started + limits.total_seconds]
        if self._writing_since is not None:
            times.append(self._writing_since + limits.write_seconds)
        if self._source.is_streaming:
            times.append(self._last_write + limits.keepalive_seconds)
        return min(times)

    def _is_stuck(self) -> bool:
        since = self._writing_since
        return since is not None and self._now() - since >= self._limits.write_seconds

    def _check_total(self) -> None:
        total = self._limits.total_seconds
        if self._now() - self._record.started >= total:
            message = f"the request took longer than {total:g} seconds; ask for fewer tokens"
            self.interrupt(EngineTimeoutError(message, phase="total"))

    async def _keep_alive(self) -> bool:
        """Write a comment after a long silence; tell whether the client still reads."""
        silent = self._now() - self._last_write
        is_idle = self._writing_since is None and self._reason is None
        if self._source.is_streaming and is_idle and silent >= self._limits.keepalive_seconds:
            try:
                async with asyncio.timeout(self._limits.write_seconds):
                    await self._write(KEEP_ALIVE)
            except TimeoutError:
                return False
        return True

    async def _serve(self) -> None:
        """Do the work; whatever ends it is told to the client."""
        try:
            await self._deliver()
        except asyncio.CancelledError:
            if self._reason is None:
                raise
            _uncancel()
            await self._fail(self._reason)
        except HarmoniumError as error:
            await self._fail(error)
        except Exception as error:  # noqa: BLE001  (a fault of ours; the client hears of it)
            log_event("internal_error", {"request_id": self._record.request_id},
                      level=logging.ERROR, error=error)  # fmt: skip
            await self._fail(error)

    async def _deliver(self) -> None:
        record = self._record
        record.on_queued()
        async with self._service.admission.slot(record.owner):
            record.on_admitted()
            last = await self._source.run(self)
            await self._write(last, is_last=True)
        await self._end()

    # ---- the output of the source

    def can_write(self) -> bool:
        """Return whether `write` may be called: a stream has begun, and its client reads."""
        direct = self._direct
        if direct is None:
            return not self._source.is_streaming  # nothing is written before the end
        return self._begun and direct.can_write()

    def write(self, data: bytes) -> None:
        """Write frames at once."""
        if self._direct is not None:
            self._direct.write_body(data)
            self._last_write = self._now()

    async def send(self, data: bytes) -> None:
        """Write frames, and wait until the client has room for more."""
        await self._write(data)

    async def _write(self, data: bytes, *, is_last: bool = False) -> None:
        if not self._begun:
            async with self._lock:  # the watch may begin a silent stream at the same moment
                if not self._begun:
                    await self._begin(200, self._headers(data))
        direct = self._direct
        if direct is not None and is_last:
            direct.buffer_next()  # for the end of the body
        self._writing_since = before = self._now()
        try:
            if direct is not None and direct.can_write():
                direct.write_body(data)
            else:
                await self._send({"type": "http.response.body", "body": data, "more_body": True})
        finally:
            self._writing_since = None
        self._last_write = now = self._now()
        self._record.on_write(now - before)

    async def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        if self._direct is not None:
            self._direct.buffer_next()  # for the first piece
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        self._begun = True

    async def _end(self) -> None:
        self._record.on_done()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers(self, data: bytes) -> Mapping[str, str]:
        if self._source.is_streaming:
            return _STREAM_HEADERS
        headers = {"content-type": "application/json", "content-length": str(len(data))}
        if self._record.wants_repairs:
            headers["x-harmonium-repairs"] = self._record.repairs_header
        return headers

    async def _fail(self, error: Exception) -> None:
        failure = to_error_response(error)
        self._service.on_error(error, failure.code, self._record)
        if isinstance(error, ParseError):
            self._service.metrics.count_parse_error()
        if self._begun:
            await self._write(self._source.fail(failure))
        else:
            size = {"content-length": str(len(failure.body))}
            headers = {"content-type": "application/json", **size, **failure.headers}
            await self._begin(failure.status, headers)
            await self._send(
                {"type": "http.response.body", "body": failure.body, "more_body": True}
            )
        self._record.on_done()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _uncancel() -> None:
    """Undo the cancellation that was our own way to interrupt the work."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()


async def _until_gone(receive: Callable[[], Awaitable[Mapping[str, object]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unsent(_: object) -> None:
    """Stand in for the server's channel until there is one."""
