"""Which member of a pool has seen the beginning of a prompt. Knows nothing of engines."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence

_BLOCK = 64
"""Tokens compared at once: engines cache by blocks of 16 to 128."""

_MAX_BLOCKS = 65_536
"""Blocks remembered: four million tokens, more than the caches of a rack hold."""


class PrefixAffinity:
    """Who was last given each block of each prompt; the oldest blocks are forgotten.

    A block counts together with all that stands before it, so two prompts share blocks exactly as
    far as they begin alike.
    """

    def __init__(self, max_blocks: int = _MAX_BLOCKS) -> None:
        self._max_blocks = max_blocks
        self._holders: OrderedDict[int, int] = OrderedDict()

    def find(self, prompt: Sequence[int]) -> int | None:
        """Return who has seen the longest beginning of a prompt; None when nobody a whole block."""
        holder = None
        for key in _keys(prompt):
            found = self._holders.get(key)
            if found is None:
                break
            holder = found
        return holder

    def remember(self, prompt: Sequence[int], holder: int) -> None:
        """Record who is given a prompt."""
        for key in _keys(prompt):
            self._holders[key] = holder
            self._holders.move_to_end(key)
        while len(self._holders) > self._max_blocks:
            self._holders.popitem(last=False)


def _keys(prompt: Sequence[int]) -> Iterator[int]:
    key = 0
    for begin in range(0, len(prompt) - _BLOCK + 1, _BLOCK):
        key = hash((key, tuple(prompt[begin : begin + _BLOCK])))
        yield key
