"""Generation at a server: request, payloads, deltas, chunks, and every way it can end.

Theory of operation. Bytes become chunks in one place, `_Stream.feed`: framing, the dialect's
decoder, the stop tracker; what came together is one chunk. `feed` is called by the connection, in
the call that reads the socket, and offers the chunk to the sink; only where there is no sink, where
it refuses, or where the generation ends or fails, does the task that generates wake, and yields the
chunk itself. So reading without a sink is the same way with nobody to take a chunk.

Knows nothing of any one server: that is its dialect's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from harmonium.engines.capability_cache import CapabilityCache
from harmonium.engines.capability_check import check_supported
from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    ChunkSink,
    GenerationRequest,
    join_chunks,
)
from harmonium.engines.remote.dialect import Decoder, Dialect, Framing
from harmonium.engines.remote.http_client import Source, Upstream
from harmonium.engines.remote.sse import LineDecoder, SSEDecoder
from harmonium.engines.termination import StopTracker
from harmonium.engines.timeouts import Deadlines
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineProtocolError,
    EngineRejectedError,
    EngineUnavailableError,
    OverloadedError,
)

_DONE = b"[DONE]"
_DECODERS: Mapping[Framing, type[LineDecoder]] = {"events": SSEDecoder, "lines": LineDecoder}
_NEVER_BEGAN = (EngineRejectedError, EngineUnavailableError, OverloadedError)


class RemoteEngine:
    """Generate at a server over HTTP.

    Args:
        upstream: the HTTP client.
        dialect: the server's ways.

    """

    bounds_waits = True
    """Its waits are bounded here; see `bound_waits`."""

    def __init__(self, upstream: Upstream, dialect: Dialect) -> None:
        self._upstream = upstream
        self._dialect = dialect
        self._capabilities = CapabilityCache(partial(dialect.fetch_capabilities, upstream))
        self._aborts: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str:
        """Its kind and address."""
        return self._upstream.name

    async def capabilities(self) -> Capabilities:
        """Return what the server supports, as it last said."""
        return await self._capabilities.get()

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""
        return self.generate_into(request, None)

    async def generate_into(
        self, request: GenerationRequest, sink: ChunkSink | None
    ) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `SupportsSink.generate_into`."""
        capabilities = await self._capabilities.get()
        check_supported(request, capabilities)
        request = _with_its_model(request, capabilities)
        http_request = self._dialect.build_request(request, _room(request, capabilities))
        stream = self._stream(request)
        is_reached, is_whole = True, False
        try:
            stream.source = await self._upstream.stream(
                http_request.path, http_request.body, stream.deadlines
            )
            while stream.stops.finish is None:
                chunk = await stream.next_chunk()
                if chunk is not None:
                    yield chunk
                    stream.sink = sink
                    stream.deadlines.on_tokens()
            is_whole = await stream.finish()
            yield stream.stops.final_chunk()
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
        upstream, dialect = self._upstream, self._dialect
        return _Stream(
            deadlines=Deadlines(upstream.limits, upstream.name),
            payloads_of=_DECODERS[dialect.framing](upstream.limits.engine_line_bytes).feed,
            decode=dialect.make_decoder(request),
            stops=StopTracker(
                request, infers_stop=dialect.omits_stop_token, tokenizer=dialect.tokenizer
            ),
        )

    async def abort(self, request_id: str) -> None:
        """End a generation at the server, where it has a way to be told."""
        http_request = self._dialect.abort_request(request_id)
        if http_request is not None:
            await self._upstream.post(http_request.path, http_request.body)

    async def check(self) -> None:
        """Check that the server can serve."""
        await self._upstream.check(self._dialect.health_path)

    async def aclose(self) -> None:
        """Close the connections, after the server was told which generations to abort."""
        await self._capabilities.aclose()
        await asyncio.gather(*self._aborts)
        await self._upstream.aclose()

    def _abort_soon(self, request_id: str) -> None:
        """Notify the server without making the caller wait; the connection is already closed."""
        if self._dialect.abort_request(request_id) is not None:
            task = asyncio.get_running_loop().create_task(self._abort_quietly(request_id))
            self._aborts.add(task)
            task.add_done_callback(self._aborts.discard)

    async def _abort_quietly(self, request_id: str) -> None:
        with suppress(EngineError, TimeoutError):
            async with asyncio.timeout(self._upstream.limits.engine_close_seconds):
                await self.abort(request_id)


@dataclass(slots=True)
class _Stream:
    """One generation while it runs: what was received, and what was not yet processed."""

    deadlines: Deadlines
    payloads_of: Callable[[bytes], list[bytes]]
    decode: Decoder
    stops: StopTracker
    source: Source | None = None
    sink: ChunkSink | None = None
    payloads: deque[bytes] = field(default_factory=deque)
    chunk: Chunk | None = None
    deferred_error: EngineError | None = None
    has_received: bool = False

    async def next_chunk(self) -> Chunk | None:
        """Wait for a chunk that the sink does not receive; None when payloads added no ids.

        Raises:
            EngineError: the server failed, or ended its answer too early.

        """
        if self.source is not None and not self.payloads and self.deferred_error is None:
            piece = await self.source.read(self.feed)
            if not piece:
                raise self._ended_early()
        if self.chunk is None:
            self.chunk = self._next_chunk()
        chunk, self.chunk = self.chunk, None
        return chunk

    def feed(self, piece: bytes) -> bool:
        """Process a piece of the body; False wakes the task: for a chunk, an error, the end."""
        if not piece:
            return False
        self.payloads.extend(self.payloads_of(piece))
        self.chunk = chunk = self._next_chunk()
        if self.payloads or self.deferred_error is not None or self.stops.finish is not None:
            return False
        if chunk is None:
            return True
        if self.sink is None or not self.sink(chunk):
            return False
        self.chunk = None
        self.deadlines.on_tokens()
        return True

    def _next_chunk(self) -> Chunk | None:
        """Return what came together as one chunk; None when it adds no ids.

        What stands behind an error of the server, or behind the end, stays for the next call.
        """
        if self.deferred_error is not None:
            raise self.deferred_error
        chunks: list[Chunk] = []
        payloads = self.payloads
        while payloads and self.stops.finish is None:
            if payloads[0] == _DONE:
                if chunks:
                    break
                raise self._ended_early()
            try:
                chunk = self._apply(payloads.popleft())
            except EngineError as error:
                if not chunks:
                    raise
                self.deferred_error = error
                break
            if chunk is not None:
                chunks.append(chunk)
        if len(chunks) == 1:
            return chunks[0]
        return join_chunks(chunks) if chunks else None

    def _apply(self, payload: bytes) -> Chunk | None:
        self.has_received = True
        delta = self.decode(payload)
        return None if delta is None else self.stops.apply(delta)

    async def finish(self) -> bool:
        """Read what a server sends behind the end; return whether it ended its answer in time.

        The tokens are complete: no failure matters any more.
        """
        self.deadlines.on_finish()
        try:
            while self.payloads or await self._read_payloads():
                if self.payloads[0] == _DONE:
                    return True
                self._apply(self.payloads.popleft())
        except EngineError:
            return False
        return True

    async def _read_payloads(self) -> bool:
        """Wait for payloads; return whether there are any, rather than the body's end."""
        if self.deferred_error is not None:
            raise self.deferred_error
        while not self.payloads:
            piece = b"" if self.source is None else await self.source.read()
            if not piece:
                return False
            self.payloads.extend(self.payloads_of(piece))
        return True

    async def drain(self) -> None:
        """Read to the end of the body, so that its connection can serve again."""
        with suppress(EngineError):
            while self.source is not None and await self.source.read():
                pass

    def close(self, *, is_whole: bool) -> None:
        """Release the connection: for others when the answer is whole, else for good."""
        if self.source is not None and is_whole:
            self.source.drain()
        elif self.source is not None:
            self.source.close()

    def _ended_early(self) -> EngineError:
        if self.has_received:
            message = "the engine stopped in the middle of an answer; see its log"
            return EngineBrokenError(message)
        message = "the engine answered without a single event; is it the right kind of engine?"
        return EngineProtocolError(message)


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
