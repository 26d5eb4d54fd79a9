"""The limit on requests started in one turn of the event loop. Knows nothing of requests.

Hundreds that arrive at once would else be read, rendered and sent on one behind the other while the
tokens of running streams wait. A few are begun, then tokens move, then a few more. Fewer at once
would shorten that wait, and spread streams so thin that each token is handled by itself, which
costs a quarter more (make bench-gateway, 256 streams).
"""

from __future__ import annotations

import asyncio
from collections import deque

AT_ONCE = 32
"""Half a millisecond each: 15 ms are less than any engine takes for a token."""


class StartThrottle:
    """Throttle that lets a few through in each turn of the event loop, in order of arrival.

    Args:
        at_once: how many.

    Example:
        >>> pace, passed = StartThrottle(2), []
        >>> async def come(name):
        ...     await pace.wait()
        ...     passed.append(name)
        >>> async def main():
        ...     await asyncio.gather(come("a"), come("b"), come("c"))
        >>> asyncio.run(main())
        >>> passed
        ['a', 'b', 'c']

    """

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._room = at_once
        self._called = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_counting = False

    async def wait(self) -> None:
        """Wait while as many as may have come through in this turn of the event loop."""
        loop = asyncio.get_running_loop()
        if not self._is_counting:
            self._is_counting = True
            loop.call_soon(self._next_turn)
        if self._room and not (self._waiting or self._called):
            self._room -= 1
            return
        mine: asyncio.Future[None] = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _next_turn(self) -> None:
        """Make room, and call those who wait; whoever is called comes through one turn later."""
        self._room = self._at_once - self._called
        self._called = 0
        while self._waiting and self._called < self._at_once:
            first = self._waiting.popleft()
            if not first.done():  # it may have been cancelled
                first.set_result(None)
                self._called += 1
        self._is_counting = self._called > 0 or self._room < self._at_once
        if self._is_counting:
            asyncio.get_running_loop().call_soon(self._next_turn)
