"""Generation at a server: request, payloads, deltas, chunks, and every way it can end.

Knows nothing of any one server: that is its dialect's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from harmonium.engines.capability_cache import CapabilityCache
from harmonium.engines.capability_check import check_supported
from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    GenerationRequest,
    Taker,
    join_chunks,
)
from harmonium.engines.remote.dialect import Decoder, Dialect, Framing, QuickDialect, QuickReader
from harmonium.engines.remote.http_client import Source, Upstream
from harmonium.engines.remote.sse import LineDecoder, SSEDecoder
from harmonium.engines.termination import Ending
from harmonium.engines.timeouts import Waits
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineProtocolError,
    EngineRejectedError,
    EngineUnavailableError,
    OverloadedError,
)

_DONE = b"[DONE]"
_FRAMES: Mapping[Framing, type[LineDecoder]] = {"events": SSEDecoder, "lines": LineDecoder}
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
        self._quick = dialect if isinstance(dialect, QuickDialect) else None
        self._capabilities = CapabilityCache(partial(dialect.fetch_capabilities, upstream))
        self._abortions: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """Its kind and address."""
        return self._upstream.name

    async def capabilities(self) -> Capabilities:
        """Return what the server supports, as it last said."""
        return await self._capabilities.get()

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""
        return self.generate_quickly(request, None)

    async def generate_quickly(
        self, request: GenerationRequest, take: Taker | None
    ) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `QuickEngine.generate_quickly`."""
        capabilities = await self._capabilities.get()
        check_supported(request, capabilities)
        request = _with_its_model(request, capabilities)
        http_request = self._dialect.build_request(request, _room(request, capabilities))
        stream = self._stream(request)
        ending, waits = stream.ending, stream.waits
        is_reached, is_whole = True, False
        try:
            stream.source = await self._upstream.stream(http_request.path, http_request.body, waits)
            while ending.finish is None:
                if stream.is_ahead:
                    chunk = self._next(stream)
                else:
                    chunk = self._take_piece(stream, await stream.source.read(stream.passes))
                if chunk is not None:
                    yield chunk
                    stream.take = take
                    waits.go_on()
            is_whole = await self._wind_up(stream)
            yield ending.last()
            await stream.drain()
        except EngineError as error:
            error.engine = self.name
            self._capabilities.expire()
            is_reached = not isinstance(error, _NEVER_BEGAN)
            raise
        finally:
            stream.close(is_whole=is_whole)
            if is_reached and not is_whole:
                self._abort_soon(request.request_id)

    def _stream(self, request: GenerationRequest) -> _Stream:
        upstream = self._upstream
        return _Stream(
            waits=Waits(upstream.limits, upstream.name),
            frames=_FRAMES[self._dialect.framing](upstream.limits.engine_line_bytes),
            decode=self._dialect.make_decoder(request),
            read_quickly=None if self._quick is None else self._quick.quick_reader(request),
            ending=Ending(
                request,
                infers_stop=self._dialect.omits_stop_token,
                tokenizer=self._dialect.tokenizer,
            ),
        )

    async def abort(self, request_id: str) -> None:
        """End a generation at the server, where it has a way to be told."""
        http_request = self._dialect.abort_request(request_id)
        if http_request is not None:
            await self._upstream.tell(http_request.path, http_request.body)

    async def check(self) -> None:
        """Find out whether the server can serve."""
        await self._upstream.look(self._dialect.health_path)

    async def aclose(self) -> None:
        """Close the connections, after the server was told which generations to abort."""
        await self._capabilities.aclose()
        await asyncio.gather(*self._abortions)
        await self._upstream.aclose()

    def _take_piece(self, stream: _Stream, piece: bytes) -> Chunk | None:
        """Process what was read: nearly always one payload of new ids only."""
        payload = stream.frames.lone(piece)
        if payload is not None and stream.read_quickly is not None:
            ids = stream.read_quickly(payload)
            if ids is not None:
                stream.has_spoken = True
                return stream.ending.take_ids(ids)
        if not piece:
            raise self._ended_early(stream)
        stream.heard.extend(stream.frames.feed(piece))
        return self._next(stream)

    def _next(self, stream: _Stream) -> Chunk | None:
        """Return what came together as one chunk; None when it adds no ids.

        What stands behind a fault of the server, or behind the end, stays for the next call.
        """
        if stream.fault is not None:
            raise stream.fault
        usual = self._next_usual(stream)
        chunks = [] if usual is None else [usual]
        while stream.heard and stream.ending.finish is None:
            if stream.heard[0] == _DONE:
                if chunks:
                    break
                raise self._ended_early(stream)
            try:
                chunk = self._take(stream)
            except EngineError as error:
                if not chunks:
                    raise
                stream.fault = error
                break
            if chunk is not None:
                chunks.append(chunk)
        return join_chunks(chunks) if chunks else None

    def _next_usual(self, stream: _Stream) -> Chunk | None:
        """Process payloads that the fast decoder reads, up to the first that it does not."""
        heard, read = stream.heard, stream.read_quickly
        found: list[tuple[int, ...]] = []
        while heard and read is not None:
            ids = read(heard[0])
            if ids is None:
                break
            heard.popleft()
            found.append(ids)
        if not found:
            return None
        stream.has_spoken = True
        return stream.ending.take_ids(tuple(chain(*found)))

    def _take(self, stream: _Stream) -> Chunk | None:
        """Process one payload in full."""
        payload = stream.heard.popleft()
        stream.has_spoken = True
        delta = stream.decode(payload)
        return None if delta is None else stream.ending.take(delta)

    async def _wind_up(self, stream: _Stream) -> bool:
        """Hear what a server says behind the end; tell whether it ended its answer in time.

        The answer is complete: no failure matters any more.
        """
        stream.waits.wind_up()
        try:
            while await stream.hear():
                if stream.heard[0] == _DONE:
                    return True
                self._take(stream)
        except EngineError:
            return False
        return True

    def _abort_soon(self, request_id: str) -> None:
        """Notify the server without making the caller wait; the connection is already closed."""
        if self._dialect.abort_request(request_id) is not None:
            task = asyncio.get_running_loop().create_task(self._abort_quietly(request_id))
            self._abortions.add(task)
            task.add_done_callback(self._abortions.discard)

    async def _abort_quietly(self, request_id: str) -> None:
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(self._upstream.limits.engine_close_seconds):
                await self.abort(request_id)

    def _ended_early(self, stream: _Stream) -> EngineError:
        if stream.has_spoken:
            message = "the engine stopped in the middle of an answer; see its log"
            return EngineBrokenError(message, engine=self.name)
        message = "the engine answered without a single event; is it the right kind of engine?"
        return EngineProtocolError(message, engine=self.name)


@dataclass(slots=True)
class _Stream:
    """What one generation needs while it runs."""

    waits: Waits
    frames: LineDecoder
    decode: Decoder
    read_quickly: QuickReader | None
    ending: Ending
    source: Source | None = None
    heard: deque[bytes] = field(default_factory=deque)
    has_spoken: bool = False
    fault: EngineError | None = None
    take: Taker | None = None

    @property
    def is_ahead(self) -> bool:
        """Whether there is something to take before more is read."""
        return bool(self.heard) or self.fault is not None

    def passes(self, piece: bytes) -> bool:
        """Return the ids of a piece to who takes them at once; False changes nothing."""
        take, read, ending = self.take, self.read_quickly, self.ending
        if take is None or read is None:
            return False
        payload = self.frames.lone(piece)
        ids = read(payload) if payload is not None else self._ids_of_several(piece, read)
        if ids is None or not (ending.ends_nothing(ids) and take(ids)):
            return False
        ending.count(ids)
        self.waits.go_on()
        return True

    def _ids_of_several(self, piece: bytes, read: QuickReader) -> tuple[int, ...] | None:
        found: list[tuple[int, ...]] = []
        for payload in self.frames.several(piece) or ():
            ids = read(payload)
            if ids is None:
                return None
            found.append(ids)
        return tuple(chain(*found))

    async def hear(self) -> bool:
        """Wait until payloads are there; tell whether any are, rather than the body's end.

        Raises:
            EngineError: the server failed, now or behind what was taken last.

        """
        if self.fault is not None:
            raise self.fault
        while not self.heard:
            piece = b"" if self.source is None else await self.source.read()
            if not piece:
                return False
            self.heard.extend(self.frames.feed(piece))
        return True

    async def drain(self) -> None:
        """Read to the end of the body, so that its connection can serve again."""
        with suppress(EngineError):
            while self.source is not None and await self.source.read():
                pass

    def close(self, *, is_whole: bool) -> None:
        """Release the connection: for others when the answer is whole, else for good."""
        if self.source is not None and is_whole:
            self.source.leave()
        elif self.source is not None:
            self.source.close()


def _with_its_model(request: GenerationRequest, capabilities: Capabilities) -> GenerationRequest:
    """Name the model as the server does where it serves one alone: callers know it otherwise."""
    if len(capabilities.models) != 1 or request.model in capabilities.models:
        return request
    return replace(request, model=capabilities.models[0])


def _room(request: GenerationRequest, capabilities: Capabilities) -> int | None:
    """Return how many tokens may be generated: what was asked for, else what the context holds."""
    if request.sampling.max_tokens is not None or capabilities.max_context is None:
        return request.sampling.max_tokens
    return max(1, capabilities.max_context - len(request.prompt))
