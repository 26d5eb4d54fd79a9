"""Several engines that serve one model: routing of requests, retries, merged capabilities.

Knows engines by their protocol alone.

Theory of operation. Three concerns, a part each:

- *Where a request goes* (`Pool._choose`). A prefix cache saves an engine the prompt it has read
  before, which is worth far more than an even load; so a request follows its prompt's beginning
  (`PrefixAffinity`) while that engine is not much busier than the least busy one.
- *Who takes part* (`Member`). Each engine has a circuit breaker. Its health and capabilities are
  asked for by one task an engine, beside the requests: none waits for an engine that does not
  answer while another is well.
- *What is tried again* (`Pool.generate`). Only what no caller has seen a token of. A request that
  never reached its engine may go to each of the others. One that had reached an engine that then
  broke may be the reason, so it is given to one more engine alone, and then to `PromptQuarantine`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import replace

from harmonium.engines.pool.member import HEALTH_ERRORS, Member
from harmonium.engines.pool.prefix_affinity import PrefixAffinity
from harmonium.engines.pool.quarantine import PromptQuarantine
from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    ChunkSink,
    Engine,
    GenerationRequest,
    generate_into,
)
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineTimeoutError,
    InvalidInputError,
    OverloadedError,
)

_SLACK = 4
"""Requests a member may have more than the least busy one and still keep its prompts: running a
few more side by side costs an engine less than reading a long prompt anew."""

_PATIENCE_SECONDS = 0.1
"""How long the first question of all waits for the rest, once one engine has answered: engines of
one network answer within it, and one that does not is left out until it does."""

_SUSPICION_SECONDS = 10.0
"""Without a token for so long, an engine is asked whether it is well: prompts may take minutes, but
a health check must not."""

_MAX_BREAKS = 2
_log = logging.getLogger("harmonium.engines")


class Pool:
    """Engines that serve the same model, used as one.

    Args:
        engines: one or more; the pool closes them with itself.
        pause: waits some seconds between two health checks of an engine that is unhealthy.
        clock: seconds from any beginning, for how long a prompt that broke engines is refused.

    Raises:
        InvalidInputError: no engine.

    """

    def __init__(
        self,
        engines: Iterable[Engine],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._members = [Member(number, engine, pause) for number, engine in enumerate(engines)]
        if not self._members:
            message = "a pool needs at least one engine"
            raise InvalidInputError(message, code="invalid_engine")
        self._prefixes = PrefixAffinity()
        self._quarantine = PromptQuarantine(clock)
        self._running: dict[str, Member] = {}
        self._turn = 0
        self._merged_from: tuple[Capabilities, ...] = ()
        self._merged = Capabilities()

    @property
    def name(self) -> str:
        """The names of its engines."""
        return ",".join(member.engine.name for member in self._members)

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Its engines."""
        return tuple(member.engine for member in self._members)

    @property
    def bounds_waits(self) -> bool:
        """Whether every engine bounds its waits itself; see `bound_waits`."""
        return all(getattr(member.engine, "bounds_waits", False) for member in self._members)

    @property
    def healthy(self) -> tuple[str, ...]:
        """The names of the engines that get requests now."""
        return tuple(member.engine.name for member in self._members if member.is_healthy)

    async def capabilities(self) -> Capabilities:
        """Return what every engine supports that has answered and is healthy.

        Raises:
            EngineError: none has answered; the error is one engine's.

        """
        asked = [member for member in self._members if member.is_healthy] or self._members
        if not any(member.capabilities.known for member in self._members):
            await _first_success(member.capabilities.get() for member in asked)
        for member in asked:
            member.capabilities.refresh()
        told = [member.capabilities.known for member in asked]
        told = told if any(told) else [member.capabilities.known for member in self._members]
        known = tuple(each for each in told if each is not None)
        if known != self._merged_from:  # every request asks, and hardly ever has anything changed
            self._merged_from, self._merged = known, _merge_capabilities(known)
        return self._merged

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion at one of the engines; see `Engine.generate`."""
        return self.generate_into(request, None)

    async def generate_into(
        self, request: GenerationRequest, sink: ChunkSink | None
    ) -> AsyncGenerator[Chunk, None]:
        """Generate one completion at one of the engines; see `SupportsSink.generate_into`.

        The sink is used behind a first chunk alone, so what it has received is never retried.
        """
        self._refuse_quarantined(request.prompt)
        if not any(member.capabilities.known for member in self._members):
            await self.capabilities()
        tried: set[int] = set()
        breaks = 0
        while True:
            member = self._choose(request, tried)
            tried.add(member.number)
            stream = self._generate_at(member, request, sink)
            has_begun = False
            try:
                async for chunk in stream:
                    yield chunk if has_begun else replace(chunk, engine=member.name)
                    has_begun = has_begun or bool(chunk.token_ids)
            except EngineError as error:
                member.on_failure(error)
                if not has_begun:
                    breaks += _breaks(error)
                    self._quarantine.add(request.prompt, _breaks(error))
                is_last = breaks >= _MAX_BREAKS or len(tried) == len(self._members)
                if has_begun or is_last or not _may_retry(error):
                    raise
                _log.warning("retrying at another engine: %s failed (%s)", member.name, error.code)
            else:
                member.on_success()
                self._quarantine.clear(request.prompt)
                return
            finally:
                await stream.aclose()

    async def abort(self, request_id: str) -> None:
        """End a generation at the engine that runs it."""
        member = self._running.get(request_id)
        if member is not None:
            await member.engine.abort(request_id)

    async def check(self) -> None:
        """Check that any engine can serve.

        Raises:
            EngineError: none can; the error is one engine's.

        """
        await _first_success(member.engine.check() for member in self._members)

    async def aclose(self) -> None:
        """Close every engine."""
        await asyncio.gather(*(member.aclose() for member in self._members))

    def _choose(self, request: GenerationRequest, tried: set[int]) -> Member:
        prompt = request.prompt
        untried = [member for member in self._members if member.number not in tried]
        healthy = [member for member in untried if member.is_healthy]
        candidates = [each for each in healthy if each.serves(request)] or healthy or untried
        chosen = min(candidates, key=lambda member: (member.outstanding, member.last_turn))
        holder = self._prefixes.find(prompt)
        for member in candidates:
            if member.number == holder and member.outstanding <= chosen.outstanding + _SLACK:
                chosen = member
        self._turn += 1
        chosen.last_turn = self._turn
        self._prefixes.remember(prompt, chosen.number)
        return chosen

    async def _generate_at(
        self, member: Member, request: GenerationRequest, sink: ChunkSink | None
    ) -> AsyncGenerator[Chunk, None]:
        stream = generate_into(member.engine, request, sink)
        member.outstanding += 1
        self._running[request.request_id] = member
        loop = asyncio.get_running_loop()
        suspicion = loop.call_later(_SUSPICION_SECONDS, member.verify)
        try:
            async for chunk in stream:
                suspicion.cancel()
                yield chunk
        finally:
            suspicion.cancel()
            member.outstanding -= 1
            self._running.pop(request.request_id, None)
            await stream.aclose()

    def _refuse_quarantined(self, prompt: Sequence[int]) -> None:
        seconds = self._quarantine.seconds_left(prompt)
        if seconds:
            message = "engines broke when they were given this prompt; it is refused for a minute"
            error = OverloadedError(message, retry_after=seconds)
            error.code = "prompt_quarantined"
            raise error


def _breaks(error: EngineError) -> int:
    """Return how often something broke behind a request before a token came."""
    return max(error.broken_connections, int(isinstance(error, EngineBrokenError)))


def _may_retry(error: EngineError) -> bool:
    """Return whether another engine may do better, soon enough.

    What one engine refused, the others would refuse too. A time-out later than connecting is not
    worth another: the caller has waited long enough.
    """
    if isinstance(error, EngineTimeoutError):
        return error.phase in {"connect", "probe"}
    return isinstance(error, (*HEALTH_ERRORS, OverloadedError))


async def _first_success(questions: Iterable[Coroutine[object, object, object]]) -> None:
    """Ask all at once, and return soon after the first has answered; the others are left alone.

    Raises:
        EngineError: none has answered; the error is the first one's.

    """
    tasks = [asyncio.ensure_future(question) for question in questions]
    try:
        pending: set[asyncio.Future[object]] = set(tasks)
        has_answer = False
        while pending and not has_answer:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            has_answer = any(task.exception() is None for task in done)
        if not has_answer:
            await tasks[0]
        elif pending:
            await asyncio.wait(pending, timeout=_PATIENCE_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _merge_capabilities(known: Sequence[Capabilities]) -> Capabilities:
    """Return what all of them can do; where no model is served by all, the models of any."""
    names = dict.fromkeys(name for each in known for name in each.models)
    shared = tuple(name for name in names if all(name in each.models for each in known))
    contexts = [each.max_context for each in known if each.max_context is not None]
    return Capabilities(
        models=shared or tuple(names),
        max_context=min(contexts, default=None),
        constraints=frozenset.intersection(*(each.constraints for each in known)),
        logprobs=min(
            (each.logprobs for each in known), key=lambda most: -1 if most is None else most
        ),
        lossy=any(each.lossy for each in known),
        is_simulated=any(each.is_simulated for each in known),
        ignored=frozenset.union(*(each.ignored for each in known)),
    )
