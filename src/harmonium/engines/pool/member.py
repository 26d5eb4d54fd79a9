"""One engine of a pool: its load, its capabilities, its circuit breaker. Does not choose.

Theory of operation. The breaker has three states:

- *closed*: requests go to the engine.
- *open*: none do. An engine that cannot be reached, or does not answer, opens it at once; one that
  breaks or sends nonsense, with the third failure in a row. A task checks the engine's health after
  1, 2, 4 and up to every 30 seconds: one check for all requests, and in no request's way.
- *on probation*: its health is good again, and requests go there. The first failure opens the
  breaker again and the pauses go on growing, since the health page of an engine may be well when
  its model is not; the first success closes it.

An engine that is full is not ill: `OverloadedError` changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from harmonium.engines.capability_cache import CapabilityCache
from harmonium.engines.protocol import Capabilities, Engine, GenerationRequest
from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineProtocolError,
    EngineTimeoutError,
    EngineUnavailableError,
)

HEALTH_ERRORS = (
    EngineUnavailableError,
    EngineTimeoutError,
    EngineBrokenError,
    EngineProtocolError,
)
"""Errors that say something about the engine, not about the request or the load."""

_UNRESPONSIVE_PHASES = frozenset({"connect", "probe", "first_token"})
_MAX_FAILURES = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0
_log = logging.getLogger("harmonium.engines")


class Member:
    """One engine of a pool.

    Args:
        number: its place in the pool.
        engine: the engine.
        pause: waits some seconds between two health checks.

    """

    def __init__(
        self, number: int, engine: Engine, pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self.number = number
        self.engine = engine
        self.name = engine.name
        self.capabilities = CapabilityCache(self._fetch_capabilities)
        self.outstanding = 0
        self.last_turn = 0
        self.is_healthy = True
        self._pause = pause
        self._failures = 0
        self._seconds = _FIRST_PAUSE
        self._is_on_probation = False
        self._recovery: asyncio.Task[None] | None = None

    def serves(self, request: GenerationRequest) -> bool:
        """Return whether the engine is known to have the model and what the request asks for."""
        known = self.capabilities.known
        if known is None:
            return False
        constraint, logprobs = request.constraint, request.sampling.logprobs
        has_model = not known.models or request.model in known.models
        has_logprobs = logprobs is None or (
            known.logprobs is not None and known.logprobs >= logprobs
        )
        has_constraint = constraint is None or constraint.name in known.constraints
        return has_model and has_logprobs and has_constraint

    def verify(self) -> None:
        """Check an engine that keeps a request waiting: it may have stopped answering."""
        self.capabilities.expire()
        self.capabilities.refresh()

    def on_success(self) -> None:
        """Record a success: the engine works."""
        self._failures = 0
        self._is_on_probation = False
        self._seconds = _FIRST_PAUSE

    def on_failure(self, error: EngineError) -> None:
        """Record a failure, which may open the breaker."""
        if not isinstance(error, HEALTH_ERRORS):
            return
        self.capabilities.expire()
        self._failures += 1
        is_down = self._failures >= _MAX_FAILURES or self._is_on_probation
        if self.is_healthy and (is_down or _is_unresponsive(error)):
            self.is_healthy = False
            _log.warning("engine %s is unhealthy (%s); checking it", self.name, error.code)
            self._recovery = asyncio.get_running_loop().create_task(self._recover())

    async def aclose(self) -> None:
        """End the health checks, and close the engine."""
        if self._recovery is not None:
            self._recovery.cancel()
            await asyncio.gather(self._recovery, return_exceptions=True)
        await self.capabilities.aclose()
        await self.engine.aclose()

    async def _fetch_capabilities(self) -> Capabilities:
        """Ask whether the engine is well, and what it supports: the latter may be its own cache."""
        try:
            if self.capabilities.known is not None:
                await self.engine.check()
            return await self.engine.capabilities()
        except EngineError as error:
            self.on_failure(error)
            raise

    async def _recover(self) -> None:
        while not self.is_healthy:
            await self._pause(self._seconds)
            self._seconds = min(2 * self._seconds, _LONGEST_PAUSE)
            with suppress(EngineError):
                await self.engine.check()
                self.is_healthy, self._is_on_probation, self._failures = True, True, 0
                self.capabilities.expire()
        _log.warning("engine %s is healthy again", self.name)


def _is_unresponsive(error: EngineError) -> bool:
    if isinstance(error, EngineTimeoutError):
        return error.phase in _UNRESPONSIVE_PHASES
    return isinstance(error, EngineUnavailableError)
