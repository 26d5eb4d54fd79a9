"""The parts of one gateway that every route receives. Knows nothing of any route."""

from __future__ import annotations

import asyncio
import copy
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from harmonium.encoding import Encoding
from harmonium.engines import Capabilities, Engine, EngineReport, bound_waits, check_engines
from harmonium.errors import EngineError, InvalidInputError
from harmonium.gateway.admission.body_budget import BodyBudget
from harmonium.gateway.admission.concurrency import ConcurrencyLimiter
from harmonium.gateway.admission.conversions import ConversionPool
from harmonium.gateway.admission.key_limits import KeyLimiter
from harmonium.gateway.admission.shutdown import Shutdown
from harmonium.gateway.admission.start_throttle import StartThrottle
from harmonium.gateway.config.api_keys import KeyRing
from harmonium.gateway.config.settings import Settings
from harmonium.gateway.generation.decoders import safe_token_bytes
from harmonium.gateway.model_catalog import Model, ModelCatalog, model_not_found
from harmonium.gateway.observability.logging import dropped_lines, flush_logs, log_event
from harmonium.gateway.observability.loop_monitor import LoopMonitor
from harmonium.gateway.observability.metrics import Metrics
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.observability.tracing import Tracing
from harmonium.gateway.prompt_defaults import PromptDefaults
from harmonium.gateway.storage.response_store import ResponseStore
from harmonium.openai import (
    AnswerContext,
    AnswerOptions,
    ChatHistories,
    IdSource,
    PromptSettings,
    ReasoningCipher,
    ResponseHistories,
    ResponseOptions,
)
from harmonium.openai import random_ids as _random_ids

T = TypeVar("T")

_OFFLOADED_BYTES = 64 * 1024
_CACHE_METRICS_SECONDS = 10.0


@dataclass(slots=True)
class Service:
    """What routes need.

    With several models, the service of the gateway has one for each (`for_model`), which differs in
    its settings, its engine and what follows from these, and shares all else.

    Args:
        settings: the configuration.
        encoding: the model's tokens.
        engine: who generates; with several models, the first one's.
        keys: who may ask.
        now: seconds since the epoch.
        new_id: where the ids of answers come from.
        cipher: seals reasoning that clients keep; None refuses to.
        load_keys: reads the keys again, on SIGHUP.
        parent: the process whose end ends this one.
        engines: name of a model in ``settings.models`` -> its engine.

    """

    settings: Settings
    encoding: Encoding
    engine: Engine
    keys: KeyRing = field(default_factory=KeyRing)
    now: Callable[[], float] = time.time
    new_id: IdSource = _random_ids
    cipher: ReasoningCipher | None = None
    engines: Mapping[str, Engine] = field(default_factory=dict)
    load_keys: Callable[[], KeyRing] | None = None
    parent: int | None = None
    metrics: Metrics = field(init=False)
    conversions: ConversionPool = field(init=False)
    body_budget: BodyBudget = field(init=False)
    admission: ConcurrencyLimiter = field(init=False)
    key_limits: KeyLimiter = field(init=False)
    lifecycle: Shutdown = field(init=False)
    pace: StartThrottle = field(init=False, default_factory=StartThrottle)
    store: ResponseStore | None = field(init=False)
    tracing: Tracing = field(init=False)
    token_bytes: Callable[[int], bytes] = field(init=False)
    started: int = field(init=False)
    catalog: ModelCatalog = field(init=False)
    chat_histories: ChatHistories = field(init=False)
    response_histories: ResponseHistories = field(init=False)
    _prompts: PromptDefaults = field(init=False)
    _by_model: dict[str, Service] = field(init=False, default_factory=dict)
    _cache_metrics_at: float = field(init=False, default=0.0)
    _waiting: int = field(init=False, default=0)

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
        self.conversions = ConversionPool(
            settings.convert_workers, settings.queue, settings.convert_seconds
        )
        self.body_budget = BodyBudget(settings.bodies_bytes)
        self.key_limits = KeyLimiter(settings.workers)
        self.chat_histories = ChatHistories(settings.cache_bytes // 4)
        self.response_histories = ResponseHistories(settings.cache_bytes // 4)
        self._configure(settings, self.engine)
        for name, own in settings.each_model().items():
            one = copy.copy(self)
            one._configure(own, self.engines[name])  # noqa: SLF001  (a copy of this very object)
            self._by_model |= dict.fromkeys((name, *own.aliases), one)

    def _configure(self, settings: Settings, engine: Engine) -> None:
        """Set what differs from model to model."""
        self.settings = settings
        self.engine = bound_waits(engine, settings.engine_limits())
        self.catalog = ModelCatalog(settings.model, settings.aliases)
        self._prompts = PromptDefaults(settings, self.now)

    def _show_load(self, running: int, waiting: int) -> None:
        self.metrics.running.set(running)
        if waiting != self._waiting:
            self._waiting = waiting
            self.metrics.waiting.set(waiting)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run what belongs to the process, and close the engines at the end."""
        self.lifecycle.drain_before_signals()
        monitor = asyncio.create_task(LoopMonitor(self._observe_lag, self.parent).run())
        with _on_hangup(self.reload_keys):
            yield
        monitor.cancel()
        await asyncio.gather(monitor, return_exceptions=True)
        for one in self.each_model():
            await one.engine.aclose()
        self.conversions.close()
        self.metrics.close()
        flush_logs()

    def _observe_lag(self, seconds: float) -> None:
        self.metrics.loop_lag.observe(seconds)

    def reload_keys(self) -> None:
        """Read the API keys again; those in use stay when the new ones cannot be used."""
        if self.load_keys is None:
            return
        try:
            self.keys = self.load_keys()
        except InvalidInputError as error:
            log_event("keys_not_reloaded", {"reason": error.message}, level=logging.ERROR)
            return
        log_event("keys_reloaded")

    def each_model(self) -> Iterator[Service]:
        """Return the service of each model; this one where only one is configured."""
        return iter({id(one): one for one in self._by_model.values()}.values() or (self,))

    def for_model(self, name: object) -> Service:
        """Return the service of the model that a request names; this one where only one is.

        Raises:
            RefusedError: several are configured, and none is called so.

        """
        if not self._by_model or not isinstance(name, str):
            return self
        found = self._by_model.get(name)
        if found is None:
            raise model_not_found(self._by_model)
        return found

    async def check_engines(self) -> tuple[EngineReport, ...]:
        """Check every engine of every model before serving, and close them."""
        found: tuple[EngineReport, ...] = ()
        for one in self.each_model():
            found += await check_engines(one.engine, encoding=one.settings.encoding)
            await one.engine.aclose()
        return found

    def find_model(self, name: str, capabilities: Capabilities) -> Model:
        """Return the names of the model that a request asks for.

        Raises:
            RefusedError: it is not served here.

        """
        return self.catalog.find(name, capabilities)

    @property
    def answer_context(self) -> AnswerContext:
        """The time, and where ids come from."""
        return AnswerContext(int(self.now()), self.new_id)

    @property
    def chat_options(self) -> AnswerOptions:
        """The options of chat answers."""
        return AnswerOptions(reasoning=self.settings.reasoning_field)

    @property
    def response_options(self) -> ResponseOptions:
        """The options of Responses answers."""
        return ResponseOptions(dialect=self.settings.responses_dialect)

    def prompt_settings(self) -> PromptSettings:
        """Return what every prompt says today."""
        return self._prompts.current()

    def is_known_token(self, token: int) -> bool:
        """Return whether an id is one of the encoding's."""
        return self.token_bytes(token) != b""

    async def run_cpu_bound(self, size: int, work: Callable[[], T]) -> T:
        """Run work that occupies the processor: beside the event loop when it is large.

        Args:
            size: bytes of the request it reads.
            work: what to run.

        """
        return await asyncio.to_thread(work) if size > _OFFLOADED_BYTES else work()

    def on_error(self, error: BaseException, code: str, record: RequestRecord) -> None:
        """Record the error of a request, and log what an engine said of it.

        The engine's words may quote the prompt: they are logged where prompts are.
        """
        record.on_error(code)
        if not isinstance(error, EngineError) or not (
            error.upstream_code or error.upstream_message
        ):
            return
        fields = {"request_id": record.request_id, "upstream_code": error.upstream_code}
        if self.settings.log_content:
            fields["upstream_message"] = error.upstream_message
        log_event("engine_error", fields, level=logging.WARNING)

    def on_request_end(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        self.metrics.count(record)
        self.tracing.ended(record)
        if record.clock() - self._cache_metrics_at >= _CACHE_METRICS_SECONDS:
            self.update_cache_metrics()

    def update_cache_metrics(self) -> None:
        """Export the counts of the token cache; reading them costs more than a request should."""
        self._cache_metrics_at = time.monotonic()
        self.metrics.count_cache(self.encoding.tokenizer.cache.info())
        self.metrics.count_dropped_lines(dropped_lines())


@contextmanager
def _on_hangup(call: Callable[[], None]) -> Iterator[None]:
    """Call something on SIGHUP, where there is one, for as long as the block runs."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGHUP"):
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, call)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
