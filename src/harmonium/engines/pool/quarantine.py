"""Prompts that broke engines, refused for a while. Knows digests, and nothing of engines.

Theory of operation. A prompt can kill an engine: a bug in a kernel, memory for a long prompt. Given
to one engine after another it kills a whole pool, and given again it kills them again. So a prompt
is counted each time an engine breaks with it before a token has come, and at the second time it is
refused for a minute; an answer clears it. An engine that dies takes others' requests with it. Those
are counted too, but they are given to other engines, where they succeed and are cleared; at worst
one that broke twice beside the killer waits out the minute, which is why it is short and the
refusal says when to come back.

Only digests of 128 bits are kept, so that nobody can make two prompts count as one.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence

_MAX_BREAKS = 2
_SECONDS = 60.0
_MAX_PROMPTS = 1_024
"""Prompts remembered: a pool has lost each of its engines many times when so many have broken."""


class PromptQuarantine:
    """How often something broke behind each prompt.

    Args:
        clock: seconds, from any beginning.

    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._breaks: OrderedDict[bytes, tuple[int, float]] = OrderedDict()

    def seconds_left(self, prompt: Sequence[int]) -> float:
        """Return for how long a prompt is still refused; 0 for one that is not."""
        if not self._breaks:  # nearly always: hashing a long prompt takes half a millisecond
            return 0.0
        count, last = self._breaks.get(_digest(prompt), (0, 0.0))
        left = last + _SECONDS - self._clock()
        return left if count >= _MAX_BREAKS and left > 0 else 0.0

    def add(self, prompt: Sequence[int], breaks: int = 1) -> None:
        """Count what broke when an engine was given a prompt: none, one connection, or more."""
        if not breaks:
            return
        key, now = _digest(prompt), self._clock()
        count, last = self._breaks.pop(key, (0, now))
        self._breaks[key] = (breaks + (count if now < last + _SECONDS else 0), now)
        while len(self._breaks) > _MAX_PROMPTS:
            self._breaks.popitem(last=False)

    def clear(self, prompt: Sequence[int]) -> None:
        """Forget a prompt that an engine has answered."""
        if self._breaks:
            self._breaks.pop(_digest(prompt), None)


def _digest(prompt: Sequence[int]) -> bytes:
    return hashlib.blake2b(array("q", prompt).tobytes(), digest_size=16).digest()
