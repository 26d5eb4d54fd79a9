"""Delivery of one answer: queueing, deadlines, disconnects, keep-alive and end.

One task does the work; beside it stands the watch, which sees the client leave and the deadlines
pass. What the answer says is the job's business.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Protocol

from starlette.types import Receive, Scope, Send

from harmonium.errors import EngineTimeoutError, HarmoniumError, ParseError
from harmonium.gateway.errors import ErrorResponse, to_error_response
from harmonium.gateway.generation.runner import EngineClock, Outlet
from harmonium.gateway.observability.logging import log_event
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service

ABORT = "harmonium.abort"
"""Where in the ASGI scope stands what closes the connection at once, where the server has it."""

OUTLET = "harmonium.outlet"
"""Where stands the `Outlet` of the connection, where the server has one."""

STUCK = "stuck"
KEEP_ALIVE = b": keep-alive\n\n"
_STREAM_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
}


class AnswerSource(Protocol):
    """The content of an answer: frames of a stream, or one whole body."""

    streamed: bool
    is_last: bool
    """Whether the piece that is given now is a stream's last."""

    def pieces(self, clock: EngineClock, outlet: Outlet | None) -> AsyncGenerator[bytes, None]:
        """Return the frames, or the body in one piece; frames may go out at once instead.

        Raises:
            HarmoniumError: the answer cannot go on.

        """

    def failed(self, failure: ErrorResponse) -> bytes:
        """Return the frames that end a stream which has begun."""


class AnswerResponse:
    """Deliver a job's answer over ASGI.

    Args:
        job: what is said.
        service: the gateway's parts.
        record: what is remembered of the request.

    """

    def __init__(self, job: AnswerSource, service: Service, record: RequestRecord) -> None:
        self._job = job
        self._service = service
        self._record = record
        self._limits = service.settings
        self._clock = EngineClock(record.clock)
        self._reason: HarmoniumError | None = None
        self._work: asyncio.Task[None] | None = None
        self._writing_since: float | None = None
        self._begun = False
        self._lock = asyncio.Lock()
        self._send: Send = _unsent
        self._outlet: Outlet | None = None

    def interrupt(self, error: HarmoniumError) -> None:
        """End because of `error`, and say so to the client."""
        if self._reason is None and self._work is not None and not self._work.done():
            self._reason = error
            self._work.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Deliver; everything that was begun has ended when this returns."""
        self._send = send
        self._outlet = scope.get(OUTLET) if self._job.streamed else None
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
        longest = min(limits.first_token_seconds, limits.idle_seconds, limits.total_seconds,
                      limits.write_seconds, limits.keepalive_seconds)  # fmt: skip
        while True:
            wait = min(longest, max(0.001, self._next_deadline() - self._clock.now()))
            done, _ = await asyncio.wait(
                (work, gone), timeout=wait, return_when=asyncio.FIRST_COMPLETED
            )
            if work in done:
                work.result()
                return
            if gone in done:
                self._record.on_disconnect()
                return
            self._check_engine()
            if self._is_stuck() or not await self._keep_alive():
                self._record.on_disconnect(STUCK)
                return

    def _next_deadline(self) -> float:
        limits, clock = self._limits, self._clock
        times = [self._record.started + limits.total_seconds]
        if clock.waiting_since is not None:
            times.append(clock.waiting_since + self._patience())
        if self._writing_since is not None:
            times.append(self._writing_since + limits.write_seconds)
        if self._job.streamed:
            times.append(self._clock.last_write + limits.keepalive_seconds)
        return min(times)

    def _patience(self) -> float:
        limits = self._limits
        return limits.idle_seconds if self._clock.has_begun else limits.first_token_seconds

    def _is_stuck(self) -> bool:
        since = self._writing_since
        return since is not None and self._clock.now() - since >= self._limits.write_seconds

    def _check_engine(self) -> None:
        now, since = self._clock.now(), self._clock.waiting_since
        total = self._limits.total_seconds
        if now - self._record.started >= total:
            message = f"the request took longer than {total:g} seconds; ask for fewer tokens"
            self.interrupt(EngineTimeoutError(message, phase="total"))
        elif since is not None and now - since >= self._patience():
            phase = "idle" if self._clock.has_begun else "first_token"
            what = "next" if self._clock.has_begun else "first"
            message = f"the {what} token did not come within {self._patience():g} seconds"
            self.interrupt(EngineTimeoutError(message, phase=phase))

    async def _keep_alive(self) -> bool:
        """Write a comment after a long silence; tell whether the client still reads."""
        silent = self._clock.now() - self._clock.last_write
        is_idle = self._writing_since is None and self._reason is None
        if self._job.streamed and is_idle and silent >= self._limits.keepalive_seconds:
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
            async with aclosing(self._job.pieces(self._clock, self._outlet)) as pieces:
                async for piece in pieces:
                    await self._write(piece)
        await self._end()

    async def _write(self, piece: bytes) -> None:
        if not self._begun:
            async with self._lock:  # the watch may begin a silent stream at the same moment
                if not self._begun:
                    await self._begin(200, self._headers(piece))
        if self._outlet is not None and self._job.is_last:
            self._outlet.hold()  # for the end of the body
        self._writing_since = before = self._clock.now()
        try:
            if self._outlet is not None and self._outlet.is_open():
                self._outlet.say(piece)
            else:
                await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            self._writing_since = None
        self._clock.last_write = now = self._clock.now()
        self._record.on_write(now - before)

    async def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        if self._outlet is not None:
            self._outlet.hold()  # for the first piece
        await self._send({"type": "http.response.start", "status": status, "headers": raw})
        self._begun = True

    async def _end(self) -> None:
        self._record.on_done()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _headers(self, piece: bytes) -> Mapping[str, str]:
        if self._job.streamed:
            return _STREAM_HEADERS
        headers = {"content-type": "application/json", "content-length": str(len(piece))}
        if self._record.wants_repairs:
            headers["x-harmonium-repairs"] = self._record.repairs_header
        return headers

    async def _fail(self, error: Exception) -> None:
        failure = to_error_response(error)
        self._service.on_error(error, failure.code, self._record)
        if isinstance(error, ParseError):
            self._service.metrics.count_parse_error()
        if self._begun:
            await self._write(self._job.failed(failure))
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
