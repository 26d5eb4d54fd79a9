"""The bound on all request bodies being received and parsed at once. Does not know HTTP."""

from __future__ import annotations

from harmonium.errors import OverloadedError


class BodyBudget:
    """Number of bytes that may be held for bodies that are not yet read.

    Args:
        limit: bytes; a parsed body takes a multiple of its own, so this is not all of the memory.

    Example:
        >>> budget = BodyBudget(10)
        >>> budget.take(8)
        >>> budget.left
        2

    """

    def __init__(self, limit: int) -> None:
        self.left = limit
        """Bytes that can still be taken."""

    def take(self, count: int) -> None:
        """Take some bytes; they must be given back.

        Raises:
            OverloadedError: there are not as many (503).

        """
        if count > self.left:
            message = "too many request bodies are being received; retry later"
            raise OverloadedError(message, retry_after=1)
        self.left -= count

    def give_back(self, count: int) -> None:
        """Return bytes to the budget."""
        self.left += count
