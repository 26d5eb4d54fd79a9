"""The parts of one gateway that every route receives. Knows nothing of any route."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from harmonium.encoding import Encoding
from harmonium.engines import Capabilities, Engine
from harmonium.gateway.admission.concurrency import ConcurrencyLimiter
from harmonium.gateway.admission.shutdown import Shutdown
from harmonium.gateway.admission.start_throttle import StartThrottle
from harmonium.gateway.config.api_keys import KeyRing
from harmonium.gateway.config.settings import Settings
from harmonium.gateway.errors import RefusedError
from harmonium.gateway.generation.decoders import safe_token_bytes
from harmonium.gateway.observability.metrics import Metrics
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.observability.tracing import Tracing
from harmonium.gateway.storage.response_store import ResponseStore
from harmonium.model import ReasoningEffort
from harmonium.model.contents import DEFAULT_IDENTITY
from harmonium.openai import (
    AnswerContext,
    AnswerOptions,
    IdSource,
    PromptSettings,
    ReasoningCipher,
    ResponseOptions,
)
from harmonium.openai import random_ids as _random_ids

T = TypeVar("T")

UNNAMED_MODEL = "gpt-oss"
"""What the model is called in lists when neither the settings nor the engine have a name."""

_OFFLOADED_BYTES = 64 * 1024
_LOOK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Model:
    """The names of one model: for clients, and for the engine."""

    id: str
    engine_name: str


@dataclass(slots=True)
class Service:
    """What routes need.

    Args:
        settings: the configuration.
        encoding: the model's tokens.
        engine: who generates.
        keys: who may ask.
        now: seconds since the epoch.
        new_id: where the ids of answers come from.
        cipher: seals reasoning that clients keep; None refuses to.

    """

    settings: Settings
    encoding: Encoding
    engine: Engine
    keys: KeyRing = field(default_factory=KeyRing)
    now: Callable[[], float] = time.time
    new_id: IdSource = _random_ids
    cipher: ReasoningCipher | None = None
    metrics: Metrics = field(init=False)
    admission: ConcurrencyLimiter = field(init=False)
    lifecycle: Shutdown = field(init=False)
    pace: StartThrottle = field(init=False, default_factory=StartThrottle)
    store: ResponseStore | None = field(init=False)
    tracing: Tracing = field(init=False)
    token_bytes: Callable[[int], bytes] = field(init=False)
    started: int = field(init=False)
    _looked: float = field(init=False, default=0.0)
    _waiting: int = field(init=False, default=0)
    _minute: float = field(init=False, default=-1.0)
    _told: PromptSettings = field(init=False, default_factory=PromptSettings)

    def __post_init__(self) -> None:
        settings = self.settings
        self.metrics = Metrics()
        self.admission = ConcurrencyLimiter(
            settings.concurrency, settings.queue, settings.queue_seconds, self._show_load
        )
        self.lifecycle = Shutdown(settings.drain_seconds, settings.grace_seconds)
        self.store = ResponseStore(settings.store_bytes) if settings.store == "memory" else None
        self.tracing = Tracing(enabled=settings.traces)
        self.token_bytes = safe_token_bytes(self.encoding)
        self.started = int(self.now())

    def _show_load(self, running: int, waiting: int) -> None:
        self.metrics.running.set(running)
        if waiting != self._waiting:
            self._waiting = waiting
            self.metrics.waiting.set(waiting)

    @property
    def answer_context(self) -> AnswerContext:
        """The time, and where ids come from."""
        return AnswerContext(int(self.now()), self.new_id)

    @property
    def chat_options(self) -> AnswerOptions:
        """What the settings decide of chat answers."""
        return AnswerOptions(reasoning=self.settings.reasoning_field)

    @property
    def response_options(self) -> ResponseOptions:
        """What the settings decide of responses."""
        return ResponseOptions(dialect=self.settings.dialect)

    def prompt_settings(self) -> PromptSettings:
        """Return what every prompt tells, on this day: a day begins with a minute, in any zone."""
        now = self.now()
        if now // 60 != self._minute:
            self._minute = now // 60
            self._told = self._prompt_settings(now)
        return self._told

    def _prompt_settings(self, now: float) -> PromptSettings:
        settings = self.settings
        today = dt.datetime.fromtimestamp(now).astimezone().date().isoformat()
        dates = {"today": today, "none": None}
        return PromptSettings(
            today=dates.get(settings.date, settings.date),
            identity=settings.identity or DEFAULT_IDENTITY,
            effort=ReasoningEffort(settings.effort),
        )

    def models(self, capabilities: Capabilities) -> tuple[Model, ...]:
        """Return the models that are served."""
        settings = self.settings
        theirs = capabilities.models
        first = theirs[0] if theirs else (settings.model or UNNAMED_MODEL)
        ours: tuple[Model, ...]
        if settings.model or not theirs:
            ours = (Model(settings.model or first, first),)
        else:
            ours = tuple(Model(name, name) for name in theirs)
        return (*ours, *(Model(alias, ours[0].engine_name) for alias in settings.aliases))

    def find_model(self, name: str, capabilities: Capabilities) -> Model:
        """Find the model a request asks for.

        Raises:
            RefusedError: it is not served here.

        """
        models = self.models(capabilities)
        for model in models:
            if model.id == name:
                return model
        if not capabilities.models and not self.settings.model:
            return Model(UNNAMED_MODEL, name)  # a client's word would be a metric's label
        known = ", ".join(model.id for model in models)
        message = f"the model asked for is not served here; these are: {known}"
        raise RefusedError(message, 404, code="model_not_found", param="model")

    def knows(self, token: int) -> bool:
        """Return whether an id is one of the encoding's."""
        return self.token_bytes(token) != b""

    async def run_cpu_bound(self, size: int, work: Callable[[], T]) -> T:
        """Run work that holds the processor: beside the event loop when it is large.

        Args:
            size: bytes of the request it reads.
            work: what to run.

        """
        return await asyncio.to_thread(work) if size > _OFFLOADED_BYTES else work()

    def ended(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        self.metrics.count(record)
        self.tracing.ended(record)
        if record.clock() - self._looked >= _LOOK_SECONDS:
            self.update_cache_metrics()

    def update_cache_metrics(self) -> None:
        """Count what the cache of tokens has done; looking costs more than a request should."""
        self._looked = time.monotonic()
        self.metrics.count_cache(self.encoding.tokenizer.cache.info())
