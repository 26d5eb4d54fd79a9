"""The engine that generates in this process: its thread, its queue, and every way it can end.

Knows models by the `Runtime` protocol alone.

Theory of operation. Computing a token takes milliseconds to seconds inside a library, so the event
loop must not do it, and the libraries' objects must not be used by two threads at once. So a model
has one thread, which alone touches it: it loads, computes one generation after the other, and
frees. A generation is a job for that thread and a `TokenQueue` back to the loop:

- The thread puts tokens, waiting while the queue is full, so that a slow reader slows the model.
- The loop takes what is there, and bounds how long it waits for more.
- Whoever loses interest cancels the queue: the reader that is closed, `abort`, or `aclose`. That
  wakes a thread that waits for room, and calls the runtime's own way to stop a computation, since
  reading a long prompt takes minutes in a single call.
- Whatever the thread does, the last thing it does is to end the queue, so no reader waits for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

from harmonium.engines.capability_check import check_supported
from harmonium.engines.local.loader import Load, loader
from harmonium.engines.local.options import read_place
from harmonium.engines.local.runtime import GenerationCancelled, Runtime, Token
from harmonium.engines.local.token_queue import TokenQueue
from harmonium.engines.protocol import Capabilities, Chunk, FinishReason, GenerationRequest
from harmonium.engines.remote.dialect import StreamDelta
from harmonium.engines.termination import StopTracker, end_tokens
from harmonium.engines.timeouts import Deadlines
from harmonium.errors import (
    EngineBrokenError,
    EngineRejectedError,
    EngineUnavailableError,
)
from harmonium.limits import DEFAULT_LIMITS, Limits
from harmonium.tokens import Tokenizer, load_tokenizer

_BAD_REQUEST = 400


class LocalEngine:
    """A model in this process.

    The model is loaded when it is first needed, which may take a while, on the thread that also
    computes. Closing a generation stops the computing, also in the middle of a long prompt.

    Args:
        place: a ``.gguf`` file, or a folder with a ``genai_config.json``; options may follow, as
            in ``model.gguf?context=32768&threads=8``, see `LocalOptions`.
        limits: how long a generation may take.
        tokenizer: the model's; o200k_harmony's when None.

    Raises:
        InvalidInputError: there is no model of either kind, or an unknown option
            (``invalid_engine``).

    """

    bounds_waits = True
    """Its waits are bounded here; see `bound_waits`."""

    def __init__(
        self,
        place: str,
        limits: Limits = DEFAULT_LIMITS,
        *,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        path, options = read_place(place)
        self._path = Path(path).expanduser()
        self._tokenizer = tokenizer or load_tokenizer()
        self._model = _Model(self.name, loader(self._path, options), self._tokenizer)
        self._limits = limits
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="harmonium-local")
        self._running: dict[str, TokenQueue] = {}
        self._is_closed = False

    @property
    def name(self) -> str:
        """Its kind and the file's name, without the folders it lies in."""
        return f"local:{self._path.name}"

    async def capabilities(self) -> Capabilities:
        """Load the model, once, and return what it supports."""
        if self._is_closed:
            raise _closed(self.name)
        if self._model.known is None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._model.load)
        return self._model.loaded_capabilities()

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion; see `Engine.generate`."""
        check_supported(request, await self.capabilities())
        room = self._model.room(request)
        stops = StopTracker(request, tokenizer=self._tokenizer)
        ends = end_tokens(request, self._tokenizer)
        deadlines, queue = Deadlines(self._limits, self.name), TokenQueue()
        self._running[request.request_id] = queue
        self._thread.submit(self._model.compute, request, room, queue)
        try:
            while stops.finish is None:
                async with deadlines.limit():
                    tokens = await queue.take()
                chunk = stops.apply(_delta(tokens, queue, request, ends))
                if chunk is not None:
                    yield chunk
                deadlines.on_tokens()
            yield stops.final_chunk()
        finally:
            queue.cancel()
            self._running.pop(request.request_id, None)

    async def abort(self, request_id: str) -> None:
        """End a generation by its name: it gives what it has and finishes as aborted."""
        queue = self._running.get(request_id)
        if queue is not None:
            queue.cancel()

    async def check(self) -> None:
        """Check that the model is loaded, or can be."""
        await self.capabilities()

    async def aclose(self) -> None:
        """Abort what is running, wait until the thread has noticed, free the model."""
        if self._is_closed:
            return
        self._is_closed = True
        for queue in self._running.values():
            queue.cancel()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._model.free)
        self._thread.shutdown(wait=False)


class _Model:
    """What the engine's one thread does: load, compute, free."""

    def __init__(self, name: str, load: Load, tokenizer: Tokenizer) -> None:
        self._name = name
        self._load = load
        self._runtime: Runtime | None = None
        self.known: Capabilities | None = None
        self._tokenizer = tokenizer

    def load(self) -> None:
        if self._runtime is None:
            self._runtime = self._load(self._name)
            self.known = self._runtime.capabilities()

    def loaded_capabilities(self) -> Capabilities:
        if self.known is None:
            raise _closed(self._name)
        return self.known

    def free(self) -> None:
        if self._runtime is not None:
            self._runtime.close()
        self._runtime = self.known = None

    def room(self, request: GenerationRequest) -> int:
        """Return how many tokens may be generated.

        Raises:
            EngineRejectedError: the prompt is empty, too long, or holds ids the model lacks.

        """
        runtime, context = self._runtime, self.loaded_capabilities().max_context or 0
        largest = runtime.vocabulary - 1 if runtime else 0
        room = context - len(request.prompt)
        if room < 1:
            message = (
                f"this model's maximum context length is {context} tokens; "
                f"the prompt has {len(request.prompt)}"
            )
            error = self._refusal(message, "context_length_exceeded")
            error.max_context = context
            raise error
        if not request.prompt or not 0 <= min(request.prompt) <= max(request.prompt) <= largest:
            message = f"a prompt needs one token id or more, each from 0 to {largest}"
            raise self._refusal(message, "invalid_prompt")
        wanted = request.sampling.max_tokens
        return room if wanted is None else min(room, wanted)

    def _refusal(self, message: str, code: str) -> EngineRejectedError:
        return EngineRejectedError(
            message, upstream_status=_BAD_REQUEST, code=code, engine=self._name
        )

    def compute(self, request: GenerationRequest, room: int, queue: TokenQueue) -> None:
        """Generate into the queue until a stop id, the last token that fits, or cancellation."""
        try:
            self._compute(request, room, queue)
        except GenerationCancelled:
            pass
        except EngineRejectedError as error:
            queue.fail(error)
        except Exception as error:  # noqa: BLE001  (whatever the library raises)
            message = f"the engine failed while computing ({type(error).__name__})"
            queue.fail(EngineBrokenError(message, engine=self._name))
        finally:
            queue.end()

    def _compute(self, request: GenerationRequest, room: int, queue: TokenQueue) -> None:
        if self._runtime is None:
            queue.fail(_closed(self._name))
            return
        if queue.is_cancelled():
            return
        ends = end_tokens(request, self._tokenizer)
        generation = self._runtime.start(request, room, queue)
        queue.cached_tokens = generation.cached_tokens
        for token in islice(generation.tokens, room):
            queue.put(token)
            if token.token_id in ends or queue.is_cancelled():
                return


def _closed(name: str) -> EngineUnavailableError:
    return EngineUnavailableError("the engine is closed; open a new one", engine=name)


def _delta(
    tokens: list[Token], queue: TokenQueue, request: GenerationRequest, ends: frozenset[int]
) -> StreamDelta:
    """Return the delta of what came; nothing means the end, without a stop id."""
    ids = tuple([token.token_id for token in tokens])
    reason: FinishReason | None = None
    if not ids:
        reason = "abort" if queue.is_cancelled() else "length"
    elif ids[-1] in ends:
        reason = "stop"
    likely = None
    if request.sampling.logprobs is not None:
        likely = tuple([token.logprob for token in tokens if token.logprob is not None])
    return StreamDelta(ids, likely, reason, None, queue.cached_tokens)
