"""Several engines that serve one model: routing of requests, health, retries.

Knows engines by their protocol alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from typing import TypeVar, cast

from harmonium.engines.pool.prefix_affinity import PrefixAffinity
from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    Engine,
    GenerationRequest,
    QuickEngine,
    Taker,
    is_quick,
)
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    EngineUnavailableError,
    InvalidInputError,
    OverloadedError,
)

_SLACK = 4
"""Requests a member may have more than the least busy one and still keep its prompts: running a
few more side by side costs an engine less than reading a long prompt anew."""

_FAILURES = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_HEALTH_ERRORS = (
    EngineUnavailableError,
    EngineTimeoutError,
    EngineBrokenError,
    EngineProtocolError,
)
_Answer = TypeVar("_Answer")
_log = logging.getLogger("harmonium.engines")


class Pool:
    """Spread generations over engines that serve the same model.

    A request goes to the engine that has seen the beginning of its prompt, unless that one is much
    busier than others; else to the one with the fewest requests under way. An engine that cannot be
    reached, or fails three times in a row, gets no requests until a probe finds it well; when
    none is well, all are tried. While no token has reached the caller, a request that failed is
    given to another engine; a time-out later than connecting is not retried, since the caller has
    waited long enough.

    Args:
        engines: one or more; the pool closes them with itself.
        pause: waits some seconds between two probes of an engine that is down.

    Raises:
        InvalidInputError: no engine.

    """

    def __init__(
        self,
        engines: Iterable[Engine],
        *,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._members = [_Member(number, engine) for number, engine in enumerate(engines)]
        if not self._members:
            message = "a pool needs at least one engine"
            raise InvalidInputError(message, code="invalid_engine")
        self._pause = pause
        self._prefixes = PrefixAffinity()
        self._running: dict[str, _Member] = {}
        self._known: Capabilities | None = None
        self._turn = 0

    @property
    def name(self) -> str:
        """The names of its engines."""
        return ",".join(member.engine.name for member in self._members)

    @property
    def healthy(self) -> tuple[str, ...]:
        """The names of the engines that get requests now."""
        return tuple(member.engine.name for member in self._members if member.is_up)

    async def capabilities(self) -> Capabilities:
        """Return what every reachable engine supports; cached once all have answered."""
        if self._known is not None:
            return self._known
        answers = await asyncio.gather(
            *(member.engine.capabilities() for member in self._members), return_exceptions=True
        )
        told = _successes(answers)
        merged = _shared(told)
        if len(told) == len(self._members):
            self._known = merged
        return merged

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion at one of the engines; see `Engine.generate`."""
        return self.generate_quickly(request, None)

    async def generate_quickly(
        self, request: GenerationRequest, take: Taker | None
    ) -> AsyncGenerator[Chunk, None]:
        """Generate one completion at one of the engines; see `QuickEngine.generate_quickly`.

        Ids are taken behind a first chunk alone, so that what was taken is never retried.
        """
        tried: set[int] = set()
        while True:
            member = self._choose(request.prompt, tried)
            tried.add(member.number)
            stream = self._generate_at(member, request, take)
            has_begun = False
            try:
                async for chunk in stream:
                    has_begun = has_begun or bool(chunk.token_ids)
                    yield chunk
            except EngineError as error:
                self._note(member, error)
                if has_begun or not _may_retry(error) or len(tried) == len(self._members):
                    raise
                _log.warning("retrying at another engine: %s failed (%s)", member.name, error.code)
            else:
                member.failures = 0
                return
            finally:
                await stream.aclose()

    async def abort(self, request_id: str) -> None:
        """End a generation at the engine that runs it."""
        member = self._running.get(request_id)
        if member is not None:
            await member.engine.abort(request_id)

    async def check(self) -> None:
        """Find out whether any engine can serve.

        Raises:
            EngineError: none can; the error is one engine's.

        """
        checks = (member.engine.check() for member in self._members)
        _successes(await asyncio.gather(*checks, return_exceptions=True))

    async def aclose(self) -> None:
        """Close every engine."""
        probes = [member.probe for member in self._members if member.probe is not None]
        for probe in probes:
            probe.cancel()
        await asyncio.gather(*probes, return_exceptions=True)
        await asyncio.gather(*(member.engine.aclose() for member in self._members))

    # ---- choosing

    def _choose(self, prompt: Sequence[int], tried: set[int]) -> _Member:
        untried = [member for member in self._members if member.number not in tried]
        candidates = [member for member in untried if member.is_up] or untried
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
        self, member: _Member, request: GenerationRequest, take: Taker | None
    ) -> AsyncGenerator[Chunk, None]:
        stream = _stream(member.engine, request, take)
        member.outstanding += 1
        self._running[request.request_id] = member
        try:
            async for chunk in stream:
                yield chunk
        finally:
            member.outstanding -= 1
            self._running.pop(request.request_id, None)
            await stream.aclose()

    # ---- health

    def _note(self, member: _Member, error: EngineError) -> None:
        if not isinstance(error, _HEALTH_ERRORS):
            return
        member.failures += 1
        is_ill = isinstance(error, EngineUnavailableError) or member.failures >= _FAILURES
        if is_ill and member.is_up:
            member.is_up = False
            _log.warning("engine %s is down (%s); probing it", member.name, error.code)
            member.probe = asyncio.get_running_loop().create_task(self._recover(member))

    async def _recover(self, member: _Member) -> None:
        pause = _FIRST_PAUSE
        while not member.is_up:
            await self._pause(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                await member.engine.check()
            except EngineError:
                continue
            member.is_up, member.failures, member.probe = True, 0, None
        _log.warning("engine %s is up again", member.name)


class _Member:
    """One engine and how it fares."""

    def __init__(self, number: int, engine: Engine) -> None:
        self.number = number
        self.engine = engine
        self.name = engine.name
        self.outstanding = 0
        self.last_turn = 0
        self.failures = 0
        self.is_up = True
        self.probe: asyncio.Task[None] | None = None


def _stream(
    engine: Engine, request: GenerationRequest, take: Taker | None
) -> AsyncGenerator[Chunk, None]:
    if is_quick(type(engine)):
        return cast("QuickEngine", engine).generate_quickly(request, take)
    return engine.generate(request)


def _may_retry(error: EngineError) -> bool:
    if isinstance(error, EngineTimeoutError):
        return error.phase in {"connect", "probe"}
    return isinstance(error, (*_HEALTH_ERRORS, OverloadedError))


def _successes(answers: Sequence[_Answer | BaseException]) -> list[_Answer]:
    """Return the answers that are none of the failures; raise the first failure if none is."""
    successes = [answer for answer in answers if not isinstance(answer, BaseException)]
    failures = [answer for answer in answers if isinstance(answer, BaseException)]
    for failure in failures:
        if not successes or not isinstance(failure, EngineError):
            raise failure
    return successes


def _shared(told: Sequence[Capabilities]) -> Capabilities:
    """Return what all of them can do."""
    contexts = [each.max_context for each in told if each.max_context is not None]
    return Capabilities(
        models=tuple(name for name in told[0].models if all(name in each.models for each in told)),
        max_context=min(contexts, default=None),
        constraints=frozenset.intersection(*(each.constraints for each in told)),
        logprobs=min(
            (each.logprobs for each in told), key=lambda most: -1 if most is None else most
        ),
        lossy=any(each.lossy for each in told),
        is_simulated=any(each.is_simulated for each in told),
        ignored=frozenset.union(*(each.ignored for each in told)),
    )
