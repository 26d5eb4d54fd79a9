"""The generations of one request: chunks of the engine in, bytes of the answer out.

Theory of operation. Each choice has a pipeline and a generation. An engine that supports sinks
feeds the pipeline in the call that reads its bytes, as long as the client can be written to;
every other chunk comes to the task, which feeds the same pipeline and waits until the client has
room: so a slow reader slows the engine. One choice runs in the request's own task, several run in
a task each. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol, cast

from harmonium.engines import Chunk, ChunkSink, Engine, GenerationRequest, generate_into
from harmonium.errors import EngineBrokenError, EngineError, EngineTimeoutError
from harmonium.gateway.generation.pipeline import ChoicePipeline
from harmonium.gateway.observability.request_record import RequestRecord

_FAIR = 32
"""Chunks after which other requests get a turn, should the engine never make anyone wait."""


class Generator(Protocol):
    """Generate as an engine does."""

    @property
    def name(self) -> str:
        """What to call it in errors."""

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""


class Output(Protocol):
    """Receiver of the answer's bytes."""

    def can_write(self) -> bool:
        """Return whether `write` may be called now: the answer has begun, the client reads."""

    def write(self, data: bytes) -> None:
        """Write at once."""

    async def send(self, data: bytes) -> None:
        """Write, and wait until the client has room for more."""


class EngineClock:
    """The time spent waiting for the engine: while every choice that goes on waits.

    Args:
        record: counts the waits.
        now: seconds that only go forward.

    """

    __slots__ = ("_now", "_open", "_record", "_since", "_waiting")

    def __init__(
        self, record: RequestRecord, choices: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._record = record
        self._open = choices
        self._now = now
        self._waiting = 0
        self._since: float | None = None

    def begin_wait(self) -> None:
        """Mark that a choice waits for the engine."""
        self._waiting += 1
        if self._waiting == self._open:
            self._since = self._now()

    def end_wait(self, *, has_tokens: bool = True) -> None:
        """Mark that a choice waits no longer."""
        self._waiting -= 1
        self._record.on_engine_wait(self._since, self._now())
        self._since = None
        if has_tokens and self._record.first_token is None:
            self._record.on_first_token()

    def end_choice(self) -> None:
        """Mark that a choice has ended; the others may all be waiting."""
        self._open -= 1
        if self._open and self._waiting == self._open:
            self._since = self._now()


class _ChoiceEnded(Exception):  # noqa: N818  (no error: a stop string was found)
    """End a generation from inside its sink."""


class GenerationRunner:
    """Run the generations of one request.

    Args:
        engine: who generates.
        requests: one for each choice.
        pipelines: one for each choice.
        record: what is remembered of the request.

    """

    def __init__(
        self,
        engine: Generator,
        requests: Sequence[GenerationRequest],
        pipelines: Sequence[ChoicePipeline],
        record: RequestRecord,
    ) -> None:
        self._engine = engine
        self._requests = tuple(requests)
        self._pipelines = tuple(pipelines)
        self._record = record
        self._clock = EngineClock(record, len(self._requests), record.clock)
        self._open = len(self._requests)

    async def run(self, output: Output) -> bytes:
        """Generate every choice, and return the last bytes, which are for the caller to send.

        Raises:
            HarmoniumError: the engine failed, or the ids deviate under the strict policy.

        """
        if len(self._requests) == 1:
            return await self._run_choice(0, output)
        tasks = [
            asyncio.create_task(self._run_choice(choice, output))
            for choice in range(len(self._requests))
        ]
        try:
            last = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return b"".join(last)

    async def _run_choice(self, choice: int, output: Output) -> bytes:
        """Generate one choice; return its last bytes if it is the last one that ends."""
        pipeline, has_ended, given = self._pipelines[choice], False, 0
        sink = self._sink(pipeline, output)
        chunks = generate_into(cast("Engine", self._engine), self._requests[choice], sink)
        try:
            while True:
                chunk = await self._next(chunks)
                has_ended = chunk.finish is not None
                data = pipeline.feed(chunk)
                if pipeline.finish is not None:
                    break
                if data:
                    await output.send(data)
                given += 1
                if not given % _FAIR:
                    await asyncio.sleep(0)
        except _ChoiceEnded as ended:
            data = ended.args[0]
        except EngineError as error:
            has_ended = not isinstance(error, EngineTimeoutError)  # then it is we who end it
            raise
        finally:
            if not has_ended:
                self._record.on_cancel()
            await chunks.aclose()
        return await self._end_choice(data, output)

    async def _next(self, chunks: AsyncGenerator[Chunk, None]) -> Chunk:
        """Wait for a chunk that the sink does not receive."""
        clock, has_tokens = self._clock, False
        clock.begin_wait()
        try:
            chunk = await anext(chunks)
            has_tokens = True
        except StopAsyncIteration:
            message = "the engine ended a generation without a reason; try again"
            raise EngineBrokenError(message, engine=self._engine.name) from None
        finally:
            clock.end_wait(has_tokens=has_tokens)
        return chunk

    def _sink(self, pipeline: ChoicePipeline, output: Output) -> ChunkSink:
        clock, can_write, write, feed = self._clock, output.can_write, output.write, pipeline.feed

        def receive(chunk: Chunk) -> bool:
            if not can_write():
                return False
            clock.end_wait()
            data = feed(chunk)
            if pipeline.finish is not None:
                clock.begin_wait()
                raise _ChoiceEnded(data)
            if data:
                write(data)
            clock.begin_wait()
            return True

        return receive

    async def _end_choice(self, data: bytes, output: Output) -> bytes:
        self._clock.end_choice()
        self._open -= 1
        if not self._open:
            return data  # goes out with what follows
        if data:
            await output.send(data)
        return b""
