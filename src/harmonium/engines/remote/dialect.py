"""The interface of a dialect: the paths, requests and stream format of one kind of server.

Knows nothing of connections; what a stream said is a `StreamDelta`, whatever said it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Literal, Protocol, runtime_checkable

from harmonium.engines.protocol import (
    Capabilities,
    FinishReason,
    GenerationRequest,
    SamplingParams,
    TokenLogprob,
)
from harmonium.json_types import JSONMapping

Framing = Literal["events", "lines"]


@dataclass(frozen=True, slots=True)
class StreamDelta:
    """What one payload of a stream added.

    Args:
        token_ids: the new ids.
        logprobs: one entry an id, when they were asked for.
        reason: why the generation ended, when it has.
        stop_token: the id that ended it, when the server told.
        cached_tokens: prompt tokens the server had cached, when it told.

    """

    token_ids: tuple[int, ...] = ()
    logprobs: tuple[TokenLogprob, ...] | None = None
    reason: FinishReason | None = None
    stop_token: int | None = None
    cached_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A POST: where to, and the JSON object to send."""

    path: str
    body: Mapping[str, object]


Reader = Callable[[JSONMapping], StreamDelta | None]
"""Reads one stream, payload after payload; None where a payload adds nothing."""

QuickReader = Callable[[bytes], tuple[int, ...] | None]
"""Gives the ids of a payload that brings ids alone, undecoded as it came; None for any other."""


class Asker(Protocol):
    """Ask a server something small; what a dialect needs of a connection."""

    async def get(self, path: str) -> object:
        """Return the JSON at a path; None where the server has no such path.

        Raises:
            EngineError: it cannot be reached, refuses, or answers no JSON.

        """
        ...


class Dialect(Protocol):
    """Speak to one kind of server."""

    @property
    def kind(self) -> str:
        """The word before the colon in an engine's address."""
        ...

    @property
    def framing(self) -> Framing:
        """The framing of its stream."""
        ...

    @property
    def omits_stop_token(self) -> bool:
        """Whether the id that ended a generation may be missing, so that it must be inferred."""
        ...

    @property
    def health_path(self) -> str:
        """What to GET to learn whether it can serve."""
        ...

    async def probe(self, server: Asker) -> Capabilities:
        """Find out what the server can do."""
        ...

    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Put a request in the server's words; `room` is how many tokens fit, when known."""
        ...

    def reader(self, request: GenerationRequest) -> Reader:
        """Build the reader of one stream."""
        ...

    def abort_request(self, request_id: str) -> HttpRequest | None:
        """Return the request that ends a generation, or None if closing the connection does."""
        ...


@runtime_checkable
class QuickDialect(Protocol):
    """Speak to a server most of whose payloads can be read in a quicker way."""

    def quick_reader(self, request: GenerationRequest) -> QuickReader | None:
        """Return the quick way for one stream, where it has one."""
        ...


SAMPLING_FIELDS = frozenset(field.name for field in fields(SamplingParams))


def spelled(sampling: SamplingParams, names: Mapping[str, str]) -> dict[str, object]:
    """Return the fields that are set, under the server's names."""
    values = ((theirs, getattr(sampling, ours)) for ours, theirs in names.items())
    return {name: _plain(value) for name, value in values if value is not None}


def _plain(value: object) -> object:
    """Build a value JSON: keys of a logit bias are strings there."""
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    return list(value) if isinstance(value, tuple) else value


def ignored_fields(names: Mapping[str, str], *handled: str) -> frozenset[str]:
    """Return the fields of `SamplingParams` that a table of names leaves out."""
    return SAMPLING_FIELDS - set(names) - set(handled)


def by_likelihood(
    pairs: list[tuple[int, float]], most: int | None
) -> tuple[tuple[int, float], ...]:
    """Return alternatives, the most likely first, as many as were asked for."""
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[: most or 0])
