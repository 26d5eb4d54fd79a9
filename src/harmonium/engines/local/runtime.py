"""The interface of a model in this process. Knows nothing of any library that runs models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from harmonium.engines.protocol import Capabilities, GenerationRequest, TokenLogprob


class GenerationCancelled(Exception):  # noqa: N818  (not an error: nobody wants the rest)
    """A generation was cancelled while the model was computing."""


class Token(NamedTuple):
    """One generated id, and how likely it was when that was asked for."""

    token_id: int
    logprob: TokenLogprob | None = None


class CancelToken(Protocol):
    """Whether a generation is still wanted; safe to ask from any thread."""

    def is_cancelled(self) -> bool:
        """Return whether the generation has been cancelled."""
        ...

    def on_cancel(self, react: Callable[[], object]) -> None:
        """Call `react` once the generation is cancelled, at once if it has been.

        It is called from another thread, and must not wait.
        """
        ...


class Generation(NamedTuple):
    """A generation that has begun.

    Args:
        tokens: gives them as they are made; it does not look at the request's stop ids or size.
        cached_tokens: how many of the prompt's tokens the model still knew; None when unknown.

    """

    tokens: Iterator[Token]
    cached_tokens: int | None = None


class Runtime(Protocol):
    """One model, which computes one generation at a time, on one thread."""

    @property
    def vocabulary(self) -> int:
        """The number of ids the model knows, from 0."""
        ...

    def capabilities(self) -> Capabilities:
        """Return what the model and its library support; ``max_context`` is never None."""
        ...

    def start(self, request: GenerationRequest, room: int, cancel_token: CancelToken) -> Generation:
        """Begin a generation of at most `room` tokens, which fit behind the prompt.

        Its tokens raise `GenerationCancelled` when it is cancelled while the model computes.
        """
        ...

    def close(self) -> None:
        """Free the model; nothing is asked of it any more."""
        ...
