"""Engines that replay recorded generations, and that record another engine's.

Knows engines by their protocol alone, and nothing of how a recording is written.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from harmonium.engines.capability_check import check_supported
from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    Engine,
    Finish,
    GenerationRequest,
    TokenLogprob,
)
from harmonium.engines.remote.dialect import StreamDelta
from harmonium.engines.replay.continuation import find_continuation
from harmonium.engines.replay.recordings import Recording, read_recordings, write_recording
from harmonium.engines.termination import StopTracker
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineProtocolError,
    EngineRejectedError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidInputError,
    OverloadedError,
)
from harmonium.tokens import HARMONY_FORMAT, Tokenizer, load_tokenizer

_MAX_LOGPROBS = 20
_BAD_REQUEST = 400


class ReplayEngine:
    """Recordings played back: those of the same prompt, in order and around again.

    A prompt that was not recorded gets the recordings of the file in order, whatever their prompts.
    One that ends inside a message, as prompts do that force a call, gets what follows that
    beginning in a recording, and is refused where no recording has it. ``max_tokens`` and the stop
    ids of a request hold here as elsewhere; the rest of the sampling changes nothing.

    Args:
        path: a file that `Recorder` wrote.
        tokenizer: the model's; o200k_harmony's when None.

    Raises:
        InvalidInputError: as `read_recordings`, also when the file cannot be read.

    """

    bounds_waits = True
    """It waits for nothing; see `bound_waits`."""

    def __init__(self, path: str | os.PathLike[str], *, tokenizer: Tokenizer | None = None) -> None:
        self._tokenizer = tokenizer or load_tokenizer()
        self._format = self._tokenizer.format or HARMONY_FORMAT
        try:
            recordings = read_recordings(path)
        except OSError as error:
            message = f"cannot read the file of recordings ({type(error).__name__})"
            raise InvalidInputError(message, code="invalid_recording") from None
        self._models = tuple(dict.fromkeys(each.model for each in recordings if each.model))
        chunks = [chunk for each in recordings for chunk in each.chunks if chunk.token_ids]
        self._has_logprobs = all(chunk.logprobs is not None for chunk in chunks)
        self._any = cycle(recordings)
        self._count = len(recordings)
        by_prompt: dict[tuple[int, ...], list[Recording]] = {}
        for recording in recordings:
            by_prompt.setdefault(recording.prompt, []).append(recording)
        self._by_prompt = {prompt: cycle(group) for prompt, group in by_prompt.items()}
        self._aborted: set[str] = set()
        self._running: set[str] = set()

    @property
    def name(self) -> str:
        """The word ``replay``: a path may tell more than a log should."""
        return "replay"

    async def capabilities(self) -> Capabilities:
        """Return the recorded models."""
        logprobs = _MAX_LOGPROBS if self._has_logprobs else None
        return Capabilities(models=self._models, logprobs=logprobs, is_simulated=True)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Play one recording back; see `Engine.generate`."""
        check_supported(request, await self.capabilities())
        recording, skipped = self._choose(request.prompt)
        stops = StopTracker(request, tokenizer=self._tokenizer)
        self._running.add(request.request_id)
        try:
            for delta in _deltas(recording, skipped, request.sampling.logprobs):
                await asyncio.sleep(0)  # others may want the event loop
                if request.request_id in self._aborted:
                    delta = StreamDelta(reason="abort")  # noqa: PLW2901  (what is played has changed)
                chunk = stops.apply(delta)
                if chunk is not None:
                    yield chunk
                if stops.finish is not None:
                    yield stops.final_chunk()
                    return
        finally:
            self._running.discard(request.request_id)
            self._aborted.discard(request.request_id)
        raise _error_of(recording.error or EngineBrokenError.code)

    def _choose(self, prompt: Sequence[int]) -> tuple[Recording, int]:
        """Return the recording to play, and how many of its ids come before what is played.

        Raises:
            EngineRejectedError: none continues the message that the prompt begins.

        """
        same = self._by_prompt.get(tuple(prompt))
        if same is not None:
            return next(same), 0
        for recording in islice(self._any, self._count):
            ids = tuple(token for chunk in recording.chunks for token in chunk.token_ids)
            place = find_continuation(recording.prompt, ids, prompt, self._format)
            if place is not None:
                return recording, place
        message = (
            "no recorded generation continues the message that the prompt begins, such as a forced "
            "tool call; record one that does"
        )
        raise EngineRejectedError(
            message, upstream_status=_BAD_REQUEST, code="not_recorded", engine=self.name
        )

    async def abort(self, request_id: str) -> None:
        """End a generation at its next chunk."""
        if request_id in self._running:
            self._aborted.add(request_id)

    async def check(self) -> None:
        """Return: recordings can always be played."""

    async def aclose(self) -> None:
        """Release nothing: the file was read when this was made."""


class Recorder:
    """A recorder of what an engine generates, which changes nothing of it.

    The file is made for its owner's eyes alone, and added to: one line a generation, when it ends.

    Args:
        engine: the engine that generates; closed with this.
        path: where to write.

    """

    def __init__(self, engine: Engine, path: str | os.PathLike[str]) -> None:
        self._engine = engine
        self._path = Path(path)

    @property
    def name(self) -> str:
        """The engine's own name."""
        return self._engine.name

    async def capabilities(self) -> Capabilities:
        """Return what the engine supports."""
        return await self._engine.capabilities()

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate at the engine, and write the generation down when it ends, however it does."""
        chunks: list[Chunk] = []
        error: str | None = None
        stream = self._engine.generate(request)
        try:
            async for chunk in stream:
                chunks.append(chunk)
                yield chunk
        except EngineError as failure:
            error = failure.code
            raise
        finally:
            if error is None and not (chunks and chunks[-1].finish):
                chunks.append(Chunk((), finish=Finish("abort")))
            prompt = tuple(request.prompt)
            write_recording(Recording(prompt, tuple(chunks), error, request.model), self._path)
            await stream.aclose()

    async def abort(self, request_id: str) -> None:
        """End a generation of the engine."""
        await self._engine.abort(request_id)

    async def check(self) -> None:
        """Check that the engine can serve."""
        await self._engine.check()

    async def aclose(self) -> None:
        """Close the engine."""
        await self._engine.aclose()


def _deltas(recording: Recording, skipped: int, most: int | None) -> Iterator[StreamDelta]:
    for chunk in recording.chunks:
        finish, size = chunk.finish, len(chunk.token_ids)
        begin, skipped = min(skipped, size), max(0, skipped - size)
        yield StreamDelta(
            chunk.token_ids[begin:],
            _truncate_top((chunk.logprobs or ())[begin:], most),
            None if finish is None else finish.reason,
            None if finish is None else finish.stop_token,
            chunk.cached_tokens,
        )


def _truncate_top(logprobs: tuple[TokenLogprob, ...], most: int | None) -> tuple[TokenLogprob, ...]:
    return tuple(TokenLogprob(each.token_id, each.logprob, each.top[:most]) for each in logprobs)


def _error_of(code: str) -> EngineError:
    """Build the error that ended a recorded generation, as far as its code tells."""
    message = "the recorded generation ended with this error"
    match code:
        case "engine_timeout":
            return EngineTimeoutError(message, phase="idle", engine="replay")
        case "engine_rejected" | "context_length_exceeded":
            return EngineRejectedError(message, upstream_status=400, code=code, engine="replay")
        case "overloaded":
            return OverloadedError(message, engine="replay")
    kinds = (EngineUnavailableError, EngineProtocolError, EngineBrokenError)
    kind = next((kind for kind in kinds if kind.code == code), EngineError)
    return kind(message, code=code, engine="replay")
