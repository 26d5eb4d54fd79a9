"""Own the run of one request's generations: chunks become pieces, choice by choice.

A piece is what one engine chunk says of one choice. Several choices are generated side by side,
and their pieces come as they are ready; no more than one waits for each choice, so that a slow
reader slows the engine. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Generic, NamedTuple, Protocol, TypeVar

from harmonium.engines.protocol import Chunk, Finish, GenerationRequest
from harmonium.engines.protocol import TokenLogprob as EngineLogprob
from harmonium.errors import EngineBrokenError, EngineError
from harmonium.gateway.record import Phase, Record
from harmonium.openai import EngineFinish

_BREATH_SECONDS = 0.005
"""How long one generation may hold the event loop, when its engine and its client never wait."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Piece(NamedTuple, Generic[T]):
    """Hold what one chunk says of one choice; ``finish`` is given with the last."""

    choice: int
    said: T
    logprobs: Sequence[EngineLogprob]
    finish: EngineFinish | None


class Reading(Protocol[T_co]):
    """Read one choice's ids."""

    @property
    def found(self) -> bool:
        """Whether a stop string has ended the choice."""

    def take(self, ids: Sequence[int], *, last: bool) -> T_co:
        """Take the next ids, and give what they say."""


class Generator(Protocol):
    """Generate as an engine does."""

    @property
    def name(self) -> str:
        """What to call it in errors."""

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""


class EngineClock:
    """Know since when the engine is being waited for; the delivery holds it to its deadlines."""

    __slots__ = ("has_begun", "now", "waiting_since")

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.waiting_since: float | None = None
        self.has_begun = False


class Generation(Generic[T]):
    """Run the generations of one request.

    Args:
        engine: who generates.
        requests: one for each choice.
        readings: what reads each choice's ids.
        record: what is remembered of the request.
        clock: told when the engine is waited for.

    """

    def __init__(
        self,
        engine: Generator,
        requests: Sequence[GenerationRequest],
        readings: Sequence[Reading[T]],
        record: Record,
        clock: EngineClock,
    ) -> None:
        self._engine = engine
        self._requests = tuple(requests)
        self._readings = tuple(readings)
        self._record = record
        self._clock = clock

    @asynccontextmanager
    async def opened(
        self, at_end: Callable[[], object] = lambda: None
    ) -> AsyncIterator[AsyncGenerator[Piece[T], None]]:
        """Open the pieces; when this closes, the engine is let go of, and `at_end` called."""
        try:
            async with aclosing(self.pieces()) as pieces:
                yield pieces
        finally:
            at_end()

    async def pieces(self) -> AsyncGenerator[Piece[T], None]:
        """Give every piece; the engine is let go of when this is closed.

        Raises:
            HarmoniumError: the engine failed, or the ids deviate under the strict policy.

        """
        several = len(self._requests) > 1
        source = self._merged() if several else self._choice(0)
        clock, record = self._clock, self._record
        rested = clock.now()
        async with aclosing(source):
            while True:
                clock.waiting_since = since = clock.now()
                piece = await anext(source, None)
                clock.waiting_since = None
                record.last_token = now = clock.now()
                record.engine_seconds += now - since
                if piece is None:
                    return
                if not clock.has_begun:
                    clock.has_begun = True
                    record.first_token, record.phase = now, _PHASES[record.stream]
                yield piece
                if now - rested >= _BREATH_SECONDS:
                    await asyncio.sleep(0)
                    rested = clock.now()

    async def _choice(self, index: int) -> AsyncGenerator[Piece[T], None]:
        record, reading = self._record, self._readings[index]
        ended = failed = False
        chunks = self._engine.generate(self._requests[index])
        try:
            async for chunk in chunks:
                ended = chunk.finish is not None
                self._count(chunk)
                piece = self._read(index, chunk, reading)
                yield piece
                if piece.finish is not None:
                    record.finish.append(piece.finish)
                    return
            message = f"{self._engine.name} ended a generation without saying why; try again"
            raise EngineBrokenError(message, engine=self._engine.name)
        except EngineError:
            failed = True
            raise
        finally:
            record.upstream_cancels += not (ended or failed)
            await chunks.aclose()

    def _count(self, chunk: Chunk) -> None:
        record = self._record
        record.output_tokens += len(chunk.token_ids)
        if chunk.cached_tokens is not None:
            record.cached_tokens = max(record.cached_tokens, chunk.cached_tokens)

    def _read(self, index: int, chunk: Chunk, reading: Reading[T]) -> Piece[T]:
        finish = None if chunk.finish is None else self._reason(chunk.finish)
        said = reading.take(chunk.token_ids, last=finish is not None)
        return Piece(index, said, chunk.logprobs or (), "stop" if reading.found else finish)

    def _reason(self, finish: Finish) -> EngineFinish:
        if finish.reason == "stop" or finish.reason == "length":  # noqa: PLR1714  (narrows the type)
            return finish.reason
        message = f"{self._engine.name} gave the generation up ({finish.reason}); try again"
        raise EngineBrokenError(message, engine=self._engine.name)

    async def _merged(self) -> AsyncGenerator[Piece[T], None]:
        ready: asyncio.Queue[Piece[T] | BaseException | None] = asyncio.Queue(1)
        tasks = [
            asyncio.create_task(_pump(self._choice(index), ready))
            for index in range(len(self._requests))
        ]
        try:
            running = len(tasks)
            while running:
                found = await ready.get()
                if isinstance(found, BaseException):
                    raise found
                running -= found is None
                if found is not None:
                    yield found
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


_PHASES: Mapping[bool, Phase] = {True: "streaming", False: "generating"}


async def _pump(
    source: AsyncGenerator[Piece[T], None],
    ready: asyncio.Queue[Piece[T] | BaseException | None],
) -> None:
    """Put every piece of a choice into the queue, then None, or the error that ended it."""
    try:
        async with aclosing(source):
            async for piece in source:
                await ready.put(piece)
        await ready.put(None)
    except Exception as error:  # noqa: BLE001  (raised again by the reader)
        await ready.put(error)
