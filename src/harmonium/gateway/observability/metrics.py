"""The metrics: their names, and how a request is counted. They never hold content.

Names are vLLM's where the meaning is, so that its dashboards read ours; the rest begin with
``harmonium_``. With several workers, prometheus-client adds their files up
(``PROMETHEUS_MULTIPROC_DIR``).
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)

from harmonium import __version__
from harmonium.caching import CacheInfo
from harmonium.gateway.observability.request_record import RequestRecord

CONTENT_TYPE = CONTENT_TYPE_LATEST
_CACHES = b"harmonium_cache_"
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 640, 2560)
_SMALL = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
_TOKENS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 131_072)
_MODEL = ("model_name",)
M = TypeVar("M", Counter, Histogram)


class Metrics:
    """One gateway's metrics, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, that nobody reads
        self.registry = CollectorRegistry()
        self._known: dict[tuple[object, ...], Any] = {}
        self._vllm()
        self._own()
        self._changes()
        self._caches()

    def _vllm(self) -> None:
        registry = self.registry
        self.running = Gauge(
            "vllm:num_requests_running", "Requests that are generating.",
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self.waiting = Gauge(
            "vllm:num_requests_waiting", "Requests that wait for a free slot.",
            registry=registry, multiprocess_mode="livesum",
        )  # fmt: skip
        self._prompt_tokens = Counter(
            "vllm:prompt_tokens", "Tokens of prompts.", _MODEL, registry=registry
        )
        self._output_tokens = Counter(
            "vllm:generation_tokens", "Tokens generated.", _MODEL, registry=registry
        )
        self._success = Counter(
            "vllm:request_success", "Generations that succeeded, by finish reason.",
            (*_MODEL, "finished_reason"), registry=registry,
        )  # fmt: skip
        self._first_token = self._seconds(
            "vllm:time_to_first_token_seconds", "Time to the first token."
        )
        self._per_token = self._seconds(
            "vllm:request_time_per_output_token_seconds", "Mean time per token after the first."
        )
        self._whole = self._seconds("vllm:e2e_request_latency_seconds", "Total time of a request.")
        self._queued = self._seconds("vllm:request_queue_time_seconds", "Time in the queue.")
        self._request_prompt = Histogram(
            "vllm:request_prompt_tokens", "Tokens of one prompt.", _MODEL,
            registry=registry, buckets=_TOKENS,
        )  # fmt: skip
        self._request_output = Histogram(
            "vllm:request_generation_tokens", "Tokens generated for one request.", _MODEL,
            registry=registry, buckets=_TOKENS,
        )  # fmt: skip

    def _own(self) -> None:
        registry = self.registry
        self._requests = Counter(
            "harmonium_requests", "Requests answered.", ("route", "status"), registry=registry
        )
        self._errors = Counter(
            "harmonium_errors", "Requests that failed, by error code.", ("code",),
            registry=registry,
        )  # fmt: skip
        self._parse_errors = Counter(
            "harmonium_parse_errors",
            "Answers that were rejected by policy strict.",
            registry=registry,
        )
        self._disconnects = Counter(
            "harmonium_disconnects", "Requests whose clients left before the end.", ("phase",),
            registry=registry,
        )  # fmt: skip
        self._cancels = Counter(
            "harmonium_upstream_cancels", "Generations that the gateway ended early.",
            registry=registry,
        )  # fmt: skip
        self._reasoning = Counter(
            "harmonium_reasoning_tokens", "Tokens of reasoning.", _MODEL, registry=registry
        )
        self._cached = Counter(
            "harmonium_cached_prompt_tokens", "Prompt tokens found in the engines' caches.",
            _MODEL, registry=registry,
        )  # fmt: skip
        self._overhead = Histogram(
            "harmonium_overhead_seconds",
            "Time of a request without its waits for a slot, the engine and the client.",
            registry=registry, buckets=_SMALL,
        )  # fmt: skip
        info = Gauge("harmonium_info", "What runs here.", ("version",), registry=registry,
                     multiprocess_mode="max")  # fmt: skip
        info.labels(__version__).set(1)

    def _changes(self) -> None:
        registry = self.registry
        self._dropped_lines = Counter(
            "harmonium_log_lines_dropped",
            "Log lines that were dropped because stderr was not read.",
            registry=registry,
        )
        self._dropped = 0
        self.loop_lag = Histogram(
            "harmonium_loop_lag_seconds", "Lag of the event loop, measured ten times a second.",
            registry=registry, buckets=_SMALL,
        )  # fmt: skip
        self._engines = Counter(
            "harmonium_engine_requests", "Requests that generated, by engine and outcome.",
            ("engine", "end"), registry=registry,
        )  # fmt: skip
        self._repairs = Counter(
            "harmonium_repairs", "Deviations from Harmony that were repaired.", ("code",),
            registry=registry,
        )  # fmt: skip
        self._adaptations = Counter(
            "harmonium_adaptations", "Requests that were adapted to the API.", ("code",),
            registry=registry,
        )  # fmt: skip

    def _caches(self) -> None:
        registry = self.registry
        self._cache_hits = Counter(
            "harmonium_cache_hits",
            "Texts of prompts that were found in the cache.",
            registry=registry,
        )
        self._cache_misses = Counter(
            "harmonium_cache_misses",
            "Texts of prompts that were not in the cache.",
            registry=registry,
        )
        self._cache_bytes = Gauge(
            "harmonium_cache_bytes", "Memory of the cached tokens.", registry=registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._cache = CacheInfo(0, 0, 0, 0, 0)

    def _seconds(self, name: str, meaning: str) -> Histogram:
        return Histogram(name, meaning, _MODEL, registry=self.registry, buckets=_SECONDS)

    def _of(self, metric: M, *labels: str) -> M:
        """Return a metric's series of these labels, of which there are few: finding one is dear."""
        found: M | None = self._known.get((metric, labels))
        if found is None:
            found = self._known[metric, labels] = metric.labels(*labels)
        return found

    def count(self, record: RequestRecord) -> None:
        """Count a request that has ended."""
        self._of(self._requests, record.route, str(record.status)).inc()
        if record.error is not None:
            self._of(self._errors, record.error).inc()
        if record.disconnected is not None:
            self._of(self._disconnects, record.disconnected).inc()
        if record.upstream_cancels:
            self._cancels.inc(record.upstream_cancels)
        for code, times in record.repairs.items():
            self._of(self._repairs, code).inc(times)
        for code, times in record.adaptations.items():
            self._of(self._adaptations, code).inc(times)
        if record.model is not None and record.prompt_tokens is not None:
            self._count_generation(record, record.model)

    def count_cache(self, info: CacheInfo) -> None:
        """Count what the cache of tokens has done since the last time."""
        self._cache_hits.inc(max(0, info.hits - self._cache.hits))
        self._cache_misses.inc(max(0, info.misses - self._cache.misses))
        self._cache_bytes.set(info.bytes)
        self._cache = info

    def count_dropped_lines(self, total: int) -> None:
        """Count the log lines dropped so far."""
        self._dropped_lines.inc(max(0, total - self._dropped))
        self._dropped = total

    def count_parse_error(self) -> None:
        """Count an answer that the strict policy refused."""
        self._parse_errors.inc()

    def _count_generation(self, record: RequestRecord, model: str) -> None:
        prompt_tokens = record.prompt_tokens or 0
        if record.engine is not None:
            self._of(self._engines, record.engine, record.error or "ok").inc()
        self._of(self._prompt_tokens, model).inc(prompt_tokens)
        self._of(self._output_tokens, model).inc(record.output_tokens)
        self._of(self._reasoning, model).inc(record.reasoning_tokens)
        self._of(self._cached, model).inc(record.cached_tokens)
        self._of(self._request_prompt, model).observe(prompt_tokens)
        self._of(self._request_output, model).observe(record.output_tokens)
        for reason in record.finish:
            self._of(self._success, model, reason).inc()
        whole, queued = record.seconds, record.queue_seconds or 0.0
        self._of(self._whole, model).observe(whole)
        self._of(self._queued, model).observe(queued)
        self._overhead.observe(
            max(0.0, whole - queued - record.engine_seconds - record.client_seconds)
        )
        if record.first_token is None or record.last_token is None:
            return
        self._of(self._first_token, model).observe(record.first_token - record.started)
        if record.output_tokens > 1:
            spent = record.last_token - record.first_token
            self._of(self._per_token, model).observe(spent / (record.output_tokens - 1))

    def close(self) -> None:
        """Remove this process's gauges from the metrics that workers report together."""
        if _FOLDER in os.environ:
            multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]

    def render(self, *, with_caches: bool = True) -> bytes:
        """Return all metrics in Prometheus' text form; with several workers, those of all."""
        registry = self.registry
        if _FOLDER in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        text = generate_latest(registry)
        if with_caches:
            return text
        return b"".join(line for line in text.splitlines(keepends=True) if _CACHES not in line)
