"""The generations of one request: chunks in, updates per choice out.

A piece is what one engine chunk says of one choice, or several chunks that came together. Several
choices are generated side by side. Few chunks wait to be read, so that a slow reader slows the
engine. Knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar, cast

from harmonium.engines import Chunk, Finish, GenerationRequest, TokenLogprob
from harmonium.engines.protocol import QuickEngine, Taker, is_quick, join_chunks
from harmonium.errors import EngineBrokenError
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.openai import EngineFinish

_MOST_WAITING = 64
"""Chunks that may wait to be read; the engine then waits as well, and in turn its own server."""

_FAIR = 32
"""Pieces after which other requests get a turn, should the engine never make anyone wait."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ChoiceUpdate(NamedTuple, Generic[T]):
    """What was said of one choice; ``finish`` is given with the last."""

    choice: int
    said: T
    logprobs: Sequence[TokenLogprob]
    finish: EngineFinish | None


_make_piece = partial(
    tuple.__new__, ChoiceUpdate
)  # a named tuple's own constructor takes twice as long


class ChoiceDecoder(Protocol[T_co]):
    """Read one choice's ids."""

    @property
    def found(self) -> bool:
        """Whether a stop string has ended the choice."""

    def take(self, ids: Sequence[int], *, last: bool) -> T_co:
        """Process the next ids and return their content."""


class Generator(Protocol):
    """Generate as an engine does."""

    @property
    def name(self) -> str:
        """What to call it in errors."""

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""


class Outlet(Protocol):
    """Write to the client at once, past all who would hand a piece on."""

    def hold(self) -> None:
        """The next write, of whatever, until another comes: both then go out as one."""

    def is_open(self) -> bool:
        """Whether the answer has begun, and nothing stands in the way of more of it."""

    def say(self, piece: bytes) -> None:
        """Write a piece; only while the outlet is open."""


class EngineClock:
    """The time since when the engine is awaited; the delivery checks it against deadlines.

    Args:
        now: seconds that only go forward.

    """

    __slots__ = ("has_begun", "last_write", "now", "waiting_since")

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.waiting_since: float | None = None
        self.last_write = now()
        """When the client was last sent something."""
        self.has_begun = False


class GenerationRunner(Generic[T]):
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
        readings: Sequence[ChoiceDecoder[T]],
        record: RequestRecord,
        clock: EngineClock,
    ) -> None:
        self._engine = engine
        self._requests = tuple(requests)
        self._readings = tuple(readings)
        self._record = record
        self._clock = clock
        self._take: Taker | None = None

    def say_at_once(self, take: Taker) -> None:
        """Set `take` to receive ids of the only choice as they are read, if it accepts them.

        Such ids make no piece, and `take` counts them. It is asked for those alone that end
        nothing, behind a first piece.
        """
        self._take = take

    def opened(self, at_end: Callable[[], object] = lambda: None) -> _Opened[T]:
        """Open the pieces; when this closes, the engine is let go of, and `at_end` called."""
        return _Opened(self.pieces(), at_end)

    def pieces(self) -> AsyncGenerator[ChoiceUpdate[T], None]:
        """Return every piece; the engine is let go of when this is closed.

        Raises:
            HarmoniumError: the engine failed, or the ids deviate under the strict policy.

        """
        return self._one() if len(self._requests) == 1 else self._several()

    async def _one(self) -> AsyncGenerator[ChoiceUpdate[T], None]:
        """Generate the only choice in the task that reads: no second one wakes for each chunk."""
        chunks = self._generate(self._requests[0])
        record, clock, is_last, given = self._record, self._clock, False, 0
        try:
            while True:
                clock.waiting_since = clock.now()
                try:
                    chunk = await anext(chunks)
                except StopAsyncIteration:
                    is_last = True
                    raise self._broke_off() from None
                except Exception:
                    is_last = True
                    raise
                finally:
                    self._note_wait()
                    clock.waiting_since = None
                if not clock.has_begun:
                    self._note_begin()
                is_last = chunk.finish is not None
                piece = self._read(0, chunk)
                yield piece
                if piece.finish is not None:
                    record.on_finish(piece.finish)
                    return
                given += 1
                if not given % _FAIR:
                    await asyncio.sleep(0)
        finally:
            if not is_last:
                record.on_cancel()
            await chunks.aclose()

    def _generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        engine, take = self._engine, self._take
        if take is None or not is_quick(type(engine)):
            return engine.generate(request)
        return cast("QuickEngine", engine).generate_quickly(request, take)

    def _note_wait(self) -> None:
        """Count the wait that has ended."""
        self._record.on_engine_wait(self._clock.waiting_since, self._clock.now())

    async def _several(self) -> AsyncGenerator[ChoiceUpdate[T], None]:
        """Generate every choice in a task of its own."""
        inbox = _Inbox()
        pumps = [asyncio.create_task(self._pump(at, inbox)) for at in range(len(self._requests))]
        going = set(range(len(pumps)))
        try:
            while going:
                found = await self._wait(inbox)
                for choice in going & found.keys():
                    piece = self._read(choice, found[choice])
                    yield piece
                    going -= self._ended(piece, pumps[choice])
                inbox.check()
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    def _ended(self, piece: ChoiceUpdate[T], pump: asyncio.Task[None]) -> set[int]:
        """Release the engine if a choice has ended; return the choices that have."""
        if piece.finish is None:
            return set()
        self._record.on_finish(piece.finish)
        pump.cancel()
        return {piece.choice}

    async def _wait(self, inbox: _Inbox) -> dict[int, Chunk]:
        """Wait for chunks; give all that have come, those of a choice as one."""
        clock = self._clock
        clock.waiting_since = clock.now()
        found = await inbox.take()
        self._note_wait()
        clock.waiting_since = None
        if found and not clock.has_begun:
            self._note_begin()
        return found

    def _note_begin(self) -> None:
        self._clock.has_begun = True
        self._record.on_first_token()

    async def _pump(self, choice: int, inbox: _Inbox) -> None:
        """Put what the engine says of a choice into the inbox, as long as there is room."""
        ended = failed = False
        chunks = self._engine.generate(self._requests[choice])
        try:
            async for chunk in chunks:
                ended = chunk.finish is not None
                inbox.put(choice, chunk)
                if ended:
                    return
                if inbox.is_full:
                    await inbox.emptied.wait()
            failed = True
            inbox.fail(self._broke_off())
        except Exception as error:  # noqa: BLE001  (raised again by who reads)
            failed = True
            inbox.fail(error)
        finally:
            if not (ended or failed):
                self._record.on_cancel()
            await chunks.aclose()

    def _read(self, choice: int, chunk: Chunk) -> ChoiceUpdate[T]:
        reading = self._readings[choice]
        self._record.on_engine(chunk.engine)
        self._record.on_tokens(len(chunk.token_ids), chunk.cached_tokens)
        finish = None if chunk.finish is None else self._reason(chunk.finish)
        said = reading.take(chunk.token_ids, last=finish is not None)
        if reading.found:
            finish = "stop"
        return _make_piece((choice, said, chunk.logprobs or (), finish))

    def _broke_off(self) -> EngineBrokenError:
        message = "the engine ended a generation without a reason; try again"
        return EngineBrokenError(message, engine=self._engine.name)

    def _reason(self, finish: Finish) -> EngineFinish:
        if finish.reason == "stop" or finish.reason == "length":  # noqa: PLR1714  (narrows the type)
            return finish.reason
        message = f"the engine aborted the generation ({finish.reason}); try again"
        raise EngineBrokenError(message, engine=self._engine.name)


class _Opened(Generic[T]):
    """Context manager of open pieces; a class costs a third of a decorated generator."""

    def __init__(
        self, pieces: AsyncGenerator[ChoiceUpdate[T], None], at_end: Callable[[], object]
    ) -> None:
        self._pieces = pieces
        self._at_end = at_end

    async def __aenter__(self) -> AsyncGenerator[ChoiceUpdate[T], None]:
        return self._pieces

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._pieces.aclose()
        finally:
            self._at_end()


class _Inbox:
    """Queue of chunks; chunks that came together are read together."""

    def __init__(self) -> None:
        self._chunks: dict[int, list[Chunk]] = {}
        self._count = 0
        self._error: Exception | None = None
        self._filled = asyncio.Event()
        self.emptied = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether no more should be put in before something is taken."""
        return self._count >= _MOST_WAITING

    def put(self, choice: int, chunk: Chunk) -> None:
        """Put in a chunk of a choice."""
        self._chunks.setdefault(choice, []).append(chunk)
        self._count += 1
        self.emptied.clear()
        self._filled.set()

    def fail(self, error: Exception) -> None:
        """End a choice because of an error; the first error counts."""
        self._error = self._error or error
        self._filled.set()

    def check(self) -> None:
        """Raise the error that a choice has ended with."""
        if self._error is not None:
            raise self._error

    async def take(self) -> dict[int, Chunk]:
        """Wait for something, and take all of it: one chunk for each choice."""
        await self._filled.wait()
        found, self._chunks, self._count = self._chunks, {}, 0
        self._filled.clear()
        self.emptied.set()
        return {choice: join_chunks(chunks) for choice, chunks in found.items()}
