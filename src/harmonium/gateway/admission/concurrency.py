"""The limit on requests that generate or wait. Does not know requests.

Theory of operation. So many requests run at once, so many more wait. A request belongs to an owner
(an API key), and owners share both places:

* A free slot goes to the owners that wait in turn, and within an owner in the order of arrival. One
  owner with five hundred requests therefore delays another's only request by one slot, not by five
  hundred.
* A full queue rejects the newcomer with a 429, unless its owner waits with fewer requests than
  another owner: then the latest request of the owner that has the most gives way. No owner can
  fill the queue for the others.

A waiting request is a future in its owner's queue. A slot is passed on by setting the result of a
future, so that the number that run never drops in between and nobody can slip in front. A request
that is cancelled at the very moment it gets its slot passes the slot on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from harmonium.errors import OverloadedError

_Waiting = asyncio.Future[None]


class ConcurrencyLimiter:
    """Limiter that lets some requests run, queues some, and rejects the rest.

    Args:
        running: how many run at a time.
        waiting: how many wait; more are rejected at once.
        seconds: how long one waits.
        on_change: called with the numbers that run and wait, whenever one changes.

    """

    def __init__(
        self,
        running: int,
        waiting: int,
        seconds: float,
        on_change: Callable[[int, int], None] = lambda _, __: None,
    ) -> None:
        self._most_running = running
        self._most_waiting = waiting
        self._seconds = seconds
        self._on_change = on_change
        self._running = 0
        self._waiting = 0
        self._queues: OrderedDict[str | None, deque[_Waiting]] = OrderedDict()

    @property
    def running(self) -> int:
        """The number that run now."""
        return self._running

    @property
    def waiting(self) -> int:
        """The number that wait now."""
        return self._waiting

    def slot(self, owner: str | None = None) -> AbstractAsyncContextManager[None]:
        """Wait for a slot, and hold it while the block runs.

        Args:
            owner: for whom; owners get slots in turn.

        Raises:
            OverloadedError: too many wait already (429), or the wait was too long (503); on
                entering.

        """
        return _Slot(self, owner)

    async def enter(self, owner: str | None = None) -> None:
        """Wait for a slot; whoever has one must `leave`. Raises as `slot`."""
        if self._running < self._most_running and not self._waiting:
            self._running += 1
            self._notify()
        else:
            await self._wait(owner)

    def leave(self) -> None:
        """Pass the slot to the first request of the next owner, or free it."""
        while self._queues:
            owner, queue = next(iter(self._queues.items()))
            first = queue.popleft()
            self._waiting -= 1
            self._queues.move_to_end(owner)
            if not queue:
                del self._queues[owner]
            if not first.done():
                first.set_result(None)
                self._notify()
                return
        self._running -= 1
        self._notify()

    async def _wait(self, owner: str | None) -> None:
        if self._waiting >= self._most_waiting:
            self._make_room(owner)
        mine: _Waiting = asyncio.get_running_loop().create_future()
        self._queues.setdefault(owner, deque()).append(mine)
        self._waiting += 1
        self._notify()
        try:
            async with asyncio.timeout(self._seconds):
                await mine
        except TimeoutError:
            self._leave_queue(owner, mine)
            message = f"queued for {self._seconds:g} s without a free slot; try again later"
            raise OverloadedError(message, retry_after=1) from None
        except asyncio.CancelledError:
            self._leave_queue(owner, mine)
            raise

    def _make_room(self, owner: str | None) -> None:
        """Reject the latest request of the owner that waits with the most, or the newcomer."""
        message = f"the queue is full: {self._waiting} requests are waiting; try again later"
        error = OverloadedError(message, retry_after=1, http_status=429)
        most = max(self._queues, key=lambda one: len(self._queues[one]), default=owner)
        # One that has as many as the other after it came gains nothing by pushing it out.
        if len(self._queues.get(most, ())) <= len(self._queues.get(owner, ())) + 1:
            raise error
        last = self._queues[most].pop()
        self._waiting -= 1
        if not last.done():
            last.set_exception(error)

    def _leave_queue(self, owner: str | None, mine: _Waiting) -> None:
        """Leave the queue; a slot granted at the same moment goes to the next."""
        queue = self._queues.get(owner, ())
        if mine in queue:
            self._queues[owner].remove(mine)
            self._waiting -= 1
            if not self._queues[owner]:
                del self._queues[owner]
            self._notify()
        elif mine.done() and not mine.cancelled() and mine.exception() is None:
            self.leave()

    def _notify(self) -> None:
        self._on_change(self._running, self._waiting)


class _Slot(AbstractAsyncContextManager[None]):
    """A slot; as a class it costs a third of a decorated generator."""

    def __init__(self, admission: ConcurrencyLimiter, owner: str | None) -> None:
        self._admission = admission
        self._owner = owner

    async def __aenter__(self) -> None:
        await self._admission.enter(self._owner)

    async def __aexit__(self, *_: object) -> None:
        self._admission.leave()
