"""What one kind of server is told apart by: its paths, its field names, how its stream is read.

A server's dialect declares its differences as class attributes and overrides what attributes cannot
say. Knows nothing of connections; what a payload added is a `StreamDelta`, whatever server sent it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from harmonium.engines.protocol import (
    Capabilities,
    ConstraintName,
    FinishReason,
    GenerationRequest,
    SamplingParams,
    TokenLogprob,
)
from harmonium.limits import DEFAULT_LIMITS, Limits
from harmonium.tokens import Tokenizer, load_tokenizer

if TYPE_CHECKING:
    from harmonium.engines.remote.model_list import JSONSource

Framing = Literal["events", "lines"]


class StreamDelta(NamedTuple):
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


Decoder = Callable[[bytes], StreamDelta | None]
"""Reads one stream, payload after payload: the bytes of one event's data, or of one line, as they
were received. None where a payload adds nothing.

Raises `EngineError`: the payload reports a failure of the server, or makes no sense.
"""

SAMPLING_FIELDS = frozenset(field.name for field in fields(SamplingParams))
_FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {"stop": "stop", "length": "length", "abort": "abort"}
)


class Dialect(ABC):
    """One kind of server.

    Attributes:
        kind: the word before the colon in an engine's address.
        framing: how its stream is cut into payloads.
        omits_stop_token: the id that ended a generation may be missing, and must be inferred.
        health_path: what to GET to learn whether it can serve.
        param_names: fields of `SamplingParams` that are sent as they are -> the server's names.
        other_params: fields of `SamplingParams` that `build_request` sends in some other way.
        constraints: names of the kinds of `Constraint` it honours.
        max_logprobs: how many alternatives it returns; 0 the chosen token's alone, None none.
        is_lossy: text goes in and out, so that structure may be lost.

    Args:
        limits: sizes.
        tokenizer: the model's, for servers that take or return text; o200k_harmony's when None.

    """

    kind: ClassVar[str]
    framing: ClassVar[Framing] = "events"
    omits_stop_token: ClassVar[bool] = True
    health_path: ClassVar[str] = "/health"
    param_names: ClassVar[Mapping[str, str]]
    other_params: ClassVar[frozenset[str]] = frozenset({"max_tokens"})
    constraints: ClassVar[frozenset[ConstraintName]] = frozenset()
    max_logprobs: ClassVar[int | None] = None
    is_lossy: ClassVar[bool] = False

    def __init__(self, limits: Limits = DEFAULT_LIMITS, tokenizer: Tokenizer | None = None) -> None:
        self._limits = limits
        self.tokenizer = tokenizer or load_tokenizer()

    async def fetch_capabilities(self, server: JSONSource) -> Capabilities:
        """Ask the server what it supports.

        Raises:
            EngineError: it cannot be asked, or its answer makes no sense.

        """
        from harmonium.engines.remote.model_list import (  # noqa: PLC0415  (needs msgspec)
            list_models,
            smallest_context,
        )

        models = await list_models(server)
        return self.capabilities([model.id for model in models], smallest_context(models))

    def capabilities(self, models: Iterable[str], max_context: int | None) -> Capabilities:
        """Return what this kind of server supports, for the models that one has."""
        return Capabilities(
            models=tuple(models),
            max_context=max_context,
            constraints=self.constraints,
            logprobs=self.max_logprobs,
            lossy=self.is_lossy,
            ignored=SAMPLING_FIELDS - frozenset(self.param_names) - self.other_params,
        )

    @abstractmethod
    def build_request(self, request: GenerationRequest, room: int | None) -> HttpRequest:
        """Return a request in the server's form; `room` is how many tokens fit, when known."""

    @abstractmethod
    def make_decoder(self, request: GenerationRequest) -> Decoder:
        """Return the decoder of one stream."""

    def abort_request(self, request_id: str) -> HttpRequest | None:  # noqa: ARG002  (for subclasses)
        """Return how to end a generation; None where closing the connection is the only way."""
        return None

    def sampling_fields(self, sampling: SamplingParams) -> dict[str, object]:
        """Return the fields that are set, under the server's names."""
        values = ((theirs, getattr(sampling, ours)) for ours, theirs in self.param_names.items())
        return {name: _to_json(value) for name, value in values if value is not None}


def same_names(*names: str) -> dict[str, str]:
    """Return the table for a server that calls these parameters as `SamplingParams` does."""
    return {name: name for name in names}


def finish_reason(word: str | None) -> FinishReason | None:
    """Return the reason a server's word stands for: an unknown word still ends the generation."""
    return _FINISH_REASONS.get(word, "stop") if word else None


def most_likely(pairs: list[tuple[int, float]], most: int) -> tuple[tuple[int, float], ...]:
    """Return alternatives, the most likely first, as many as were asked for."""
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:most])


def _to_json(value: object) -> object:
    """Return a value as JSON has it: keys of a logit bias are strings there."""
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    return list(value) if isinstance(value, tuple) else value
