"""The engine protocol: requests, chunks, capabilities.

Knows nothing of any server, of HTTP, or of what the tokens mean.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Literal, Protocol, cast, runtime_checkable

from harmonium.tokens import HARMONY_FORMAT

FinishReason = Literal["stop", "length", "abort", "error"]
"""Why a generation ended; the engines here raise an ``EngineError`` rather than say ``error``."""

ConstraintName = Literal["json_object", "json_schema", "structural_tag", "grammar"]
"""The word by which `Capabilities` tells that a kind of constraint is understood."""


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """Sampling parameters; None means the engine's default.

    Args:
        max_tokens: ids to generate at most, the stop id among them.
        temperature: from 0, which means the most likely token each time.
        top_p: over 0, up to 1.
        top_k: candidates to keep; 0 or less keeps all.
        min_p: from 0 to 1, relative to the most likely token.
        presence_penalty: -2 to 2.
        frequency_penalty: -2 to 2.
        repetition_penalty: over 0; 1 changes nothing.
        seed: the same seed and request should give the same tokens, where the engine can.
        logit_bias: token id -> what is added to its logit, -100 to 100.
        logprobs: how many alternatives to tell beside the chosen token's log probability; 0 tells
            the chosen one's alone, None none.
        stop_token_ids: ids that end the generation, and are given as its last.

    There is no way to ask an engine to ignore the end of generation.

    """

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    logit_bias: Mapping[int, float] | None = None
    logprobs: int | None = None
    stop_token_ids: tuple[int, ...] = (HARMONY_FORMAT.return_, HARMONY_FORMAT.call)


@dataclass(frozen=True, slots=True)
class JsonObject:
    """Ask for any JSON object; see `JsonSchema`."""

    name: ConstraintName = field(default="json_object", init=False, repr=False)


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """Ask for JSON that satisfies a schema, as the whole completion.

    So the prompt must end where a message's text begins: markers are no JSON. A stand-in holds the
    text of its final answer to it.
    """

    schema: Mapping[str, object] = field(repr=False)
    name: ConstraintName = field(default="json_schema", init=False, repr=False)


@dataclass(frozen=True, slots=True)
class StructuralTag:
    """Constrain the whole completion by a structural tag, as its JSON (xgrammar's form)."""

    json: str = field(repr=False)
    name: ConstraintName = field(default="structural_tag", init=False, repr=False)


@dataclass(frozen=True, slots=True)
class Grammar:
    """Constrain the whole completion by a grammar, in the engine's own notation."""

    text: str = field(repr=False)
    name: ConstraintName = field(default="grammar", init=False, repr=False)


Constraint = JsonObject | JsonSchema | StructuralTag | Grammar


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """Ask for one completion of one prompt.

    Args:
        request_id: a name for this generation, unique among those that run; ``abort`` takes it.
        model: the name the engine knows the model by; an engine that serves one model may
            disregard it.
        prompt: the token ids to continue.
        sampling: how to choose tokens.
        constraint: what the completion must be, one that `Capabilities` lists.

    """

    request_id: str
    model: str
    prompt: Sequence[int] = field(repr=False)
    sampling: SamplingParams = field(default_factory=SamplingParams)
    constraint: Constraint | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """The log probability of a generated token and of its alternatives (natural logarithms).

    ``top`` holds (token id, log probability), the most likely first.
    """

    token_id: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """Why a generation ended; ``stop_token`` is the id that ended it, if one did."""

    reason: FinishReason
    stop_token: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Return some generated ids, in order.

    Only the last chunk of a generation has `finish`, and every generation that raises nothing has
    one. A stop id is the last of the ids. How ids are cut into chunks means nothing.

    Args:
        token_ids: the new ids; may be empty in the last chunk.
        logprobs: one entry an id when asked for, else None.
        finish: why it ended, in the last chunk.
        cached_tokens: prompt tokens the engine had in its cache, once it has said so.
        engine: the name of the engine that generates, in the first chunk of a pool's generation.

    """

    token_ids: tuple[int, ...]
    logprobs: tuple[TokenLogprob, ...] | None = None
    finish: Finish | None = None
    cached_tokens: int | None = None
    engine: str | None = None


def join_chunks(chunks: Sequence[Chunk]) -> Chunk:
    """Return chunks in a row, at least one, as one: how ids are cut into chunks means nothing."""
    if len(chunks) == 1:
        return chunks[0]
    told = [chunk.logprobs for chunk in chunks if chunk.logprobs is not None]
    cached = [chunk.cached_tokens for chunk in chunks if chunk.cached_tokens is not None]
    return Chunk(
        tuple(chain.from_iterable(chunk.token_ids for chunk in chunks)),
        tuple(chain.from_iterable(told)) if told else None,
        chunks[-1].finish,
        max(cached, default=None),
        chunks[0].engine,
    )


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine supports, as far as it can be known.

    Args:
        models: names of the models it serves; empty when it does not say.
        max_context: tokens of prompt and completion together; None when unknown.
        constraints: names of the kinds of `Constraint` it honours.
        logprobs: how many alternatives it can give; 0 the chosen token's alone, None none at all.
        lossy: text goes in or out, so that ids are recovered from text and structure may be lost.
        is_simulated: there is no model, as with the demo and with recordings.
        ignored: the fields of `SamplingParams` that it does not honour.

    """

    models: tuple[str, ...] = ()
    max_context: int | None = None
    constraints: frozenset[ConstraintName] = frozenset()
    logprobs: int | None = None
    lossy: bool = False
    is_simulated: bool = False
    ignored: frozenset[str] = frozenset()


@runtime_checkable
class Engine(Protocol):
    """Generate tokens from tokens. One engine object serves many generations at a time."""

    @property
    def name(self) -> str:
        """What to call it in logs and metrics: its kind and place, no credentials."""
        ...

    async def capabilities(self) -> Capabilities:
        """Return what the engine supports; asked once, then cached.

        Raises:
            EngineError: it cannot be reached, or its answer makes no sense.

        """
        ...

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one completion, chunk by chunk.

        Closing the generator, or cancelling the task that reads it, ends the generation upstream
        within a second.

        Raises:
            EngineError: while iterating; see its subclasses. Chunks already given stay valid.

        """
        ...

    async def abort(self, request_id: str) -> None:
        """End a generation by its name; nothing happens when there is none of that name."""
        ...

    async def check(self) -> None:
        """Find out whether it can serve.

        Raises:
            EngineError: it cannot.

        """
        ...

    async def aclose(self) -> None:
        """Release its connections; it generates nothing from then on."""
        ...


ChunkSink = Callable[[Chunk], bool]
"""Receiver of chunks as they are read; False refuses one."""


@runtime_checkable
class SupportsSink(Protocol):
    """An engine that hands chunks to a sink in the call that reads their bytes."""

    def generate_into(
        self, request: GenerationRequest, sink: ChunkSink
    ) -> AsyncGenerator[Chunk, None]:
        """Generate as `Engine.generate` does, but yield no chunk that `sink` has received.

        The sink is called with chunks in their order, none of which is the last, and only behind
        a first one that was yielded. A chunk that it refuses is yielded. What it raises ends the
        generation.
        """
        ...


def generate_into(
    engine: Engine, request: GenerationRequest, sink: ChunkSink | None
) -> AsyncGenerator[Chunk, None]:
    """Generate at an engine, into a sink where there is one and the engine supports that."""
    if sink is not None and _supports_sink(type(engine)):
        return cast("SupportsSink", engine).generate_into(request, sink)
    return engine.generate(request)


@cache
def _supports_sink(kind: type) -> bool:
    """Return whether engines of a class support sinks; cached, since the check is slow."""
    return issubclass(kind, SupportsSink)
