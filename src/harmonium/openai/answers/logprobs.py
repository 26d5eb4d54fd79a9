"""Log probabilities of the visible tokens, matched by token position."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

LEAST = -9999.0
"""What OpenAI's APIs say for a token that is as good as impossible; JSON has no infinity."""


@dataclass(frozen=True, slots=True)
class AnswerLogprob:
    """What the engine says of one token it chose.

    Args:
        token: the token's bytes (``Encoding.token_bytes`` gives them).
        logprob: its log probability.
        top: the likeliest tokens at this place and their log probabilities, likeliest first.

    """

    token: bytes
    logprob: float
    top: tuple[tuple[bytes, float], ...] = ()

    def to_dict(self, top: int) -> dict[str, object]:
        """Return OpenAI's object, with at most `top` alternatives."""
        others = [_entry(token, logprob) for token, logprob in self.top[:top]]
        return {**_entry(self.token, self.logprob), "top_logprobs": others}


class LogprobQueue:
    """The log probabilities of tokens until it is known which of them are visible.

    Example:
        >>> queue = LogprobQueue()
        >>> queue.add([AnswerLogprob(text, 0.0) for text in (b"a", b"b", b"c")])
        >>> [entry.token for entry in queue.take(1, 3)]
        [b'b', b'c']

    """

    def __init__(self) -> None:
        self._waiting: deque[AnswerLogprob] = deque()
        self._next = 0

    def add(self, logprobs: Iterable[AnswerLogprob]) -> None:
        """Add those of the next tokens of the answer, in order."""
        self._waiting.extend(logprobs)

    def take(self, start: int, end: int) -> list[AnswerLogprob]:
        """Return those of tokens `start` up to `end`, and forget them and all before."""
        while self._next < start and self._waiting:
            self._waiting.popleft()
            self._next += 1
        taken: list[AnswerLogprob] = []
        while self._next < end and self._waiting:
            taken.append(self._waiting.popleft())
            self._next += 1
        return taken


def finite_logprob(logprob: float) -> float:
    """Return a log probability as JSON can say it, at least `LEAST`.

    >>> finite_logprob(-0.5), finite_logprob(float("-inf"))
    (-0.5, -9999.0)
    """
    return max(logprob, LEAST) if math.isfinite(logprob) else LEAST


def _entry(token: bytes, logprob: float) -> dict[str, object]:
    value = finite_logprob(logprob)
    return {"token": token.decode("utf-8", "replace"), "bytes": list(token), "logprob": value}
