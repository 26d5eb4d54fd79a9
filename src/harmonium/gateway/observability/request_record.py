"""The record of one request, which feeds its log line, metrics and trace.

Numbers, names and codes; never text of a prompt or an answer.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from harmonium.openai import comment

RequestPhase = Literal[
    "receiving", "queued", "before_first_token", "streaming", "generating", "done"
]
"""Where a request stands; ``generating`` is a whole answer of which nothing was sent."""


@dataclass(slots=True)
class RequestRecord:
    """Collect the facts of one request while it is served.

    Args:
        request_id: the client's ``x-request-id``, or one of ours.
        method: the HTTP method.
        clock: seconds that only go forward.
        key: the name of the API key, for logs.
        owner: the whole digest of the API key: whose stored responses may be used.

    """

    request_id: str
    method: str
    clock: Callable[[], float] = time.monotonic
    route: str = "unmatched"
    status: int = 0
    key: str | None = None
    owner: str | None = None
    model: str | None = None
    engine: str | None = None
    stream: bool = False
    phase: RequestPhase = "receiving"
    started: float = 0.0
    queue_seconds: float | None = None
    engine_seconds: float = 0.0
    client_seconds: float = 0.0
    first_token: float | None = None
    last_token: float | None = None
    prompt_tokens: int | None = None
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    finish: list[str] = field(default_factory=list)
    repairs: Counter[str] = field(default_factory=Counter)
    adaptations: Counter[str] = field(default_factory=Counter)
    error: str | None = None
    disconnected: str | None = None
    upstream_cancels: int = 0
    wants_repairs: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    wall_started: float = field(default_factory=time.time)
    _queued: float = 0.0

    def __post_init__(self) -> None:
        self.started = self.clock()

    def on_model(self, name: str, *, stream: bool) -> None:
        """Record the model that answers, and whether its answer is streamed."""
        self.model, self.stream = name, stream

    def on_prompt(self, tokens: int, max_tokens: int | None, temperature: float | None) -> None:
        """Record what the engine is asked for."""
        self.prompt_tokens, self.max_tokens, self.temperature = tokens, max_tokens, temperature

    def on_engine(self, name: str | None) -> None:
        """Record the engine that generates, once it is known which of several it is."""
        self.engine = name or self.engine

    def on_queued(self) -> None:
        """Begin to wait for a slot."""
        self.phase, self._queued = "queued", self.clock()

    def on_admitted(self) -> None:
        """End the wait for a slot."""
        self.queue_seconds = self.clock() - self._queued
        self.phase = "before_first_token"

    def on_engine_wait(self, since: float | None, now: float) -> None:
        """Count one wait for the engine, which ended with tokens or an error."""
        self.last_token = now
        if since is not None:
            self.engine_seconds += now - since

    def on_first_token(self) -> None:
        """Record that the engine has begun: the wait that has just ended was the first."""
        self.first_token = self.last_token
        self.phase = "streaming" if self.stream else "generating"

    def on_tokens(self, count: int, cached: int | None = None) -> None:
        """Count generated tokens, and the prompt tokens that the engine had cached."""
        self.output_tokens += count
        if cached is not None:
            self.cached_tokens = max(self.cached_tokens, cached)

    def on_finish(self, reason: str) -> None:
        """Record how one choice finished."""
        self.finish.append(reason)

    def on_cancel(self) -> None:
        """Count a generation that was ended before the engine's end."""
        self.upstream_cancels += 1

    def on_answer(self, repairs: Iterable[str], reasoning_tokens: int) -> None:
        """Record the codes of all repairs in the answer, and its reasoning tokens."""
        self.repairs = Counter(repairs)
        self.reasoning_tokens = reasoning_tokens

    def on_adapted(self, codes: Iterable[str]) -> None:
        """Record how the request was adapted to what the API knows, by code."""
        self.adaptations.update(codes)

    def on_write(self, seconds: float) -> None:
        """Count one wait for the client."""
        self.client_seconds += seconds

    def on_disconnect(self, phase: str | None = None) -> None:
        """Record that the client has gone, in the present phase unless another is given."""
        self.disconnected = phase or self.phase

    def on_error(self, code: str) -> None:
        """Record the error that ends the request."""
        self.error = code

    def on_done(self) -> None:
        """Record that the whole answer was handed to the server."""
        self.phase = "done"

    @property
    def seconds(self) -> float:
        """The time the request has taken so far."""
        return self.clock() - self.started

    @property
    def first_token_seconds(self) -> float | None:
        """The time from the start of the request to the first token."""
        return None if self.first_token is None else self.first_token - self.started

    @property
    def repairs_header(self) -> str:
        """The repairs as a header value: ``code=count``, sorted by code; ``none`` without any."""
        told = ", ".join(f"{code}={count}" for code, count in sorted(self.repairs.items()))
        return told or "none"

    @property
    def adaptations_header(self) -> str:
        """The adaptations of the request as a header value: ``code=count``, sorted by code."""
        return ", ".join(f"{code}={count}" for code, count in sorted(self.adaptations.items()))

    @property
    def repairs_comment(self) -> bytes:
        """The repairs as a comment in a stream; empty unless the client asked for them."""
        return comment(f"harmonium-repairs {self.repairs_header}") if self.wants_repairs else b""

    def with_repairs(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return the body of an answer, with its repairs if the client asked for them."""
        told = {"harmonium": {"repairs": dict(sorted(self.repairs.items()))}}
        return {**body, **(told if self.wants_repairs else {})}

    def log_fields(self) -> dict[str, object]:
        """Return the fields of the request's log line, without those that are unknown."""
        first = self.first_token_seconds
        fields: dict[str, object] = {
            "request_id": self.request_id,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "seconds": round(self.seconds, 6),
            "key": self.key,
            "model": self.model,
            "engine": self.engine,
            "stream": self.stream if self.model else None,
            "prompt_tokens": self.prompt_tokens,
            "cached_tokens": self.cached_tokens or None,
            "output_tokens": self.output_tokens or None,
            "reasoning_tokens": self.reasoning_tokens or None,
            "queue_seconds": None if self.queue_seconds is None else round(self.queue_seconds, 6),
            "first_token_seconds": None if first is None else round(first, 6),
            "finish": self.finish or None,
            "repairs": dict(sorted(self.repairs.items())) or None,
            "adapted": dict(sorted(self.adaptations.items())) or None,
            "error": self.error,
            "disconnected": self.disconnected,
            "upstream_cancels": self.upstream_cancels or None,
        }
        return {name: value for name, value in fields.items() if value is not None}
