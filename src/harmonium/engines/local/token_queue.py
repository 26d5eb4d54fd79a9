"""The queue of tokens from the thread that computes them to the event loop that reads them.

Knows nothing of models.

Theory of operation. A bounded queue under one condition variable, which only the thread ever waits
on: a slow reader makes the model wait. The loop waits on an `asyncio.Event`. Waking a loop from
another thread costs a system call, so it is done for the first token of those the loop has not
taken, not for each: a fast model finds the loop awake. Cancelling notifies the condition, and calls
the reactions outside of it, since they call into the model's library.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from harmonium.engines.local.runtime import Token
from harmonium.errors import EngineError

_CAPACITY = 256
"""Tokens that may wait: more than most models make in a second on most machines."""


class TokenQueue:
    """The tokens of one generation. Made in a running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._changed = threading.Condition()
        self._waiting: deque[Token] = deque()
        self._is_cancelled = False
        self._reactions: list[Callable[[], object]] = []
        self._is_over = False
        self._is_seen = False
        self._error: EngineError | None = None
        self.cached_tokens: int | None = None

    def is_cancelled(self) -> bool:
        """Return whether the generation is cancelled; callable from any thread."""
        return self._is_cancelled

    def cancel(self) -> None:
        """Cancel the generation; queued tokens can still be read. Callable from any thread."""
        with self._changed:
            self._is_cancelled = True
            self._changed.notify_all()
            reactions, self._reactions = self._reactions, []
        for react in reactions:
            react()

    def on_cancel(self, react: Callable[[], object]) -> None:
        """Call `react` on cancellation, at once if that has happened; from any thread."""
        with self._changed:
            if not self._is_cancelled:
                self._reactions.append(react)
                return
        react()

    def put(self, token: Token) -> None:
        """Add a token, waiting for room while somebody reads; from the computing thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_cancelled or len(self._waiting) < _CAPACITY)
            self._waiting.append(token)
            is_first = len(self._waiting) == 1
        if is_first:
            self._wake()

    def fail(self, error: EngineError) -> None:
        """Set the error for the reader to raise; called from the computing thread."""
        self._error = error

    def end(self) -> None:
        """Mark the end of the tokens; called from the computing thread."""
        with self._changed:
            self._is_over = True
        self._wake()

    async def take(self) -> list[Token]:
        """Return the tokens that have come since the last call, waiting for one; none at the end.

        Raises:
            EngineError: what ``fail`` was given, once the tokens before it have been given.

        """
        tokens: list[Token] = []
        while not tokens and not self._is_seen:
            await self._arrived.wait()
            self._arrived.clear()
            with self._changed:
                tokens = list(self._waiting)
                self._waiting.clear()
                self._is_seen = self._is_over
                self._changed.notify_all()
        if not tokens and self._error is not None:
            raise self._error
        return tokens

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody reads
            self._loop.call_soon_threadsafe(self._arrived.set)
