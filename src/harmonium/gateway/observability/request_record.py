"""The record of one request, which feeds its log line, metrics and trace.

It holds numbers, names and codes; never anything that was said.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

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

    """

    request_id: str
    method: str
    clock: Callable[[], float] = time.monotonic
    route: str = "unmatched"
    status: int = 0
    key: str | None = None
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
    error: str | None = None
    disconnected: str | None = None
    upstream_cancels: int = 0
    wants_repairs: bool = False
    max_tokens: int | None = None
    temperature: float | None = None
    wall_started: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def seconds(self) -> float:
        """The time the request has taken so far."""
        return self.clock() - self.started

    @property
    def first_token_seconds(self) -> float | None:
        """The time from the start of the request to the first token."""
        return None if self.first_token is None else self.first_token - self.started

    @property
    def repaired(self) -> str:
        """What was repaired, as a header says it: ``code=count``, the codes in order."""
        told = ", ".join(f"{code}={count}" for code, count in sorted(self.repairs.items()))
        return told or "none"

    @property
    def repairs_comment(self) -> bytes:
        """What was repaired, as a comment in a stream; nothing unless it was asked for."""
        told = f": harmonium-repairs {self.repaired}\n\n" if self.wants_repairs else ""
        return told.encode("ascii")

    def with_repairs(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return a whole answer, with what was repaired in it if that was asked for."""
        told = {"harmonium": {"repairs": dict(sorted(self.repairs.items()))}}
        return {**body, **(told if self.wants_repairs else {})}

    def line(self) -> dict[str, object]:
        """Return the fields of the request's line in the log; what is not known is left out."""
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
            "error": self.error,
            "disconnected": self.disconnected,
            "upstream_cancels": self.upstream_cancels or None,
        }
        return {name: value for name, value in fields.items() if value is not None}
