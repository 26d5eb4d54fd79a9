"""Own a generation at a server: question, frames, deltas, chunks, and the end in every case.

Knows nothing of any one server: that is its dialect's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace

from harmonium.engines.dialect import Dialect, Question, Reader
from harmonium.engines.ending import Ending
from harmonium.engines.failures import raise_if_error
from harmonium.engines.frames import EventFrames, LineFrames
from harmonium.engines.protocol import Capabilities, Chunk, GenerationRequest
from harmonium.engines.support import check_supported
from harmonium.engines.upstream import Upstream
from harmonium.engines.waits import Waits
from harmonium.engines.wire import read_object
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineProtocolError,
    EngineRejectedError,
    EngineUnavailableError,
    OverloadedError,
)

_DONE = b"[DONE]"
_NEVER_BEGAN = (EngineRejectedError, EngineUnavailableError, OverloadedError)


class RemoteEngine:
    """Generate at a server over HTTP.

    Args:
        upstream: the connection.
        dialect: the server's ways.

    """

    def __init__(self, upstream: Upstream, dialect: Dialect) -> None:
        self._upstream = upstream
        self._dialect = dialect
        self._known: Capabilities | None = None
        self._probing = asyncio.Lock()
        self._abortions: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """Its kind and address."""
        return self._upstream.name

    async def capabilities(self) -> Capabilities:
        """Tell what the server can do; asked once, remembered when it answered."""
        async with self._probing:
            if self._known is None:
                self._known = await self._dialect.probe(self._upstream)
            return self._known

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""
        capabilities = self._known or await self.capabilities()
        check_supported(request, capabilities, self.name)
        request = _with_its_model(request, capabilities)
        stream = self._stream(request, capabilities)
        is_reached, is_whole = True, False
        try:
            async for chunk in self._chunks(stream):
                yield chunk
                stream.waits.go_on()
            is_whole = await self._wind_up(stream)
            yield stream.ending.last()
            await self._drain(stream)
        except EngineError as error:
            error.engine = self.name
            is_reached = not isinstance(error, _NEVER_BEGAN)
            raise
        finally:
            await stream.payloads.aclose()
            if is_reached and not is_whole:
                self._abort_soon(request.request_id)

    def _stream(self, request: GenerationRequest, capabilities: Capabilities) -> _Stream:
        waits = Waits(self._upstream.limits)
        question = self._dialect.question(request, _room(request, capabilities))
        return _Stream(
            payloads=self._payloads(question, waits),
            read=self._dialect.reader(request),
            ending=Ending(request, infers_stop=self._dialect.omits_stop),
            waits=waits,
        )

    async def abort(self, request_id: str) -> None:
        """End a generation at the server, where it has a way to be told."""
        question = self._dialect.abortion(request_id)
        if question is not None:
            await self._upstream.tell(question.path, question.body)

    async def check(self) -> None:
        """Find out whether the server can serve."""
        await self._upstream.look(self._dialect.health_path)

    async def aclose(self) -> None:
        """Let go of the connections, once the server has heard which generations are unwanted."""
        await asyncio.gather(*self._abortions)
        await self._upstream.aclose()

    async def _payloads(self, question: Question, waits: Waits) -> AsyncGenerator[bytes, None]:
        limit = self._upstream.limits.engine_line_bytes
        frames = EventFrames(limit) if self._dialect.framing == "events" else LineFrames(limit)
        pieces = self._upstream.pieces(question.path, question.body, waits)
        try:
            async for piece in pieces:
                for payload in frames.feed(piece):
                    yield payload
        finally:
            await pieces.aclose()

    async def _chunks(self, stream: _Stream) -> AsyncIterator[Chunk]:
        """Give chunks until the generation has ended."""
        heard = 0
        async for payload in stream.payloads:
            if payload == _DONE:
                break
            heard += 1
            chunk = self._take(payload, stream)
            if chunk is not None:
                yield chunk
            if stream.ending.finish is not None:
                return
        raise self._ended_early(heard)

    def _take(self, payload: bytes, stream: _Stream) -> Chunk | None:
        said = read_object(payload)
        raise_if_error(said, self.name)
        delta = stream.read(said)
        return None if delta is None else stream.ending.take(delta)

    async def _wind_up(self, stream: _Stream) -> bool:
        """Hear what a server says behind the end; tell whether it ended its answer in time.

        The answer is complete: no failure matters any more.
        """
        stream.waits.wind_up()
        try:
            async for payload in stream.payloads:
                if payload == _DONE:
                    return True
                self._take(payload, stream)
        except EngineError:
            return False
        return True

    async def _drain(self, stream: _Stream) -> None:
        """Read to the end of the body, so that its connection can serve again."""
        with suppress(EngineError):
            async for _ in stream.payloads:
                pass

    def _abort_soon(self, request_id: str) -> None:
        """Tell the server without making the caller wait; the connection is closed already."""
        if self._dialect.abortion(request_id) is not None:
            task = asyncio.get_running_loop().create_task(self._abort_quietly(request_id))
            self._abortions.add(task)
            task.add_done_callback(self._abortions.discard)

    async def _abort_quietly(self, request_id: str) -> None:
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(self._upstream.limits.engine_close_seconds):
                await self.abort(request_id)

    def _ended_early(self, heard: int) -> EngineError:
        if heard:
            message = f"{self.name} stopped in the middle of an answer; see its log"
            return EngineBrokenError(message, engine=self.name)
        message = f"{self.name} answered without a single event; is it the right engine?"
        return EngineProtocolError(message, engine=self.name)


@dataclass(frozen=True, slots=True)
class _Stream:
    """Hold what one generation needs while it runs."""

    payloads: AsyncGenerator[bytes, None]
    read: Reader
    ending: Ending
    waits: Waits


def _with_its_model(request: GenerationRequest, capabilities: Capabilities) -> GenerationRequest:
    """Name the model as the server does where it serves one alone: callers know it otherwise."""
    if len(capabilities.models) != 1 or request.model in capabilities.models:
        return request
    return replace(request, model=capabilities.models[0])


def _room(request: GenerationRequest, capabilities: Capabilities) -> int | None:
    """Give how many tokens may be generated: what was asked for, else what the context holds."""
    if request.sampling.max_tokens is not None or capabilities.max_context is None:
        return request.sampling.max_tokens
    return max(1, capabilities.max_context - len(request.prompt))
