"""What an engine supports, as it last said: asked by one question at a time for all who wait.

Knows nothing of how an engine is asked.

Theory of operation. Every request needs the answer, and it hardly ever changes, so it is cached.
But an engine can be replaced by one with another model, so it is asked again: from time to time,
and soon after a failure. Three rules keep the question out of the way of requests:

1. While nothing is known, all who need the answer wait for the same question. Its failure is theirs
   too: nobody asks again behind it, one after another.
2. Once something is known it is the answer at once. A question that is due runs beside, and its
   failure changes nothing; what it returns replaces what was known.
3. Failures come in crowds, so a failure makes a question due at most once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from harmonium.engines.protocol import Capabilities

_MAX_AGE_SECONDS = 30.0
"""A model list is a few hundred bytes: asking twice a minute costs an engine nothing."""

_MIN_AGE_SECONDS = 1.0


class CapabilityCache:
    """What an engine supports, cached.

    Args:
        fetch: asks the engine; raises `EngineError`.

    """

    def __init__(self, fetch: Callable[[], Awaitable[Capabilities]]) -> None:
        self._fetch = fetch
        self._question: asyncio.Task[Capabilities] | None = None
        self._asked = 0.0
        self._due = 0.0
        self.known: Capabilities | None = None
        """The last answer; None before the first."""

    async def get(self) -> Capabilities:
        """Return what is known, else wait for the answer.

        Raises:
            EngineError: nothing is known, and the engine does not say.

        """
        if self.known is None:
            return await asyncio.shield(self._ask())
        self.refresh()
        return self.known

    def refresh(self) -> None:
        """Ask the engine again if that is due; nobody waits for the answer."""
        if self.known is None or asyncio.get_running_loop().time() >= self._due:
            self._ask()

    def expire(self) -> None:
        """Make a refresh due: the engine failed, and may have been replaced."""
        self._due = min(self._due, self._asked + _MIN_AGE_SECONDS)

    async def aclose(self) -> None:
        """Cancel the question that is under way."""
        if self._question is not None:
            self._question.cancel()
            await asyncio.gather(self._question, return_exceptions=True)

    def _ask(self) -> asyncio.Task[Capabilities]:
        """Return the question under way, or begin one."""
        if self._question is None:
            loop = asyncio.get_running_loop()
            self._asked = loop.time()
            self._due = self._asked + _MAX_AGE_SECONDS
            self._question = loop.create_task(self._answer())
            self._question.add_done_callback(self._on_answer)
        return self._question

    async def _answer(self) -> Capabilities:
        return await self._fetch()

    def _on_answer(self, question: asyncio.Task[Capabilities]) -> None:
        self._question = None
        if not question.cancelled() and question.exception() is None:
            self.known = question.result()
