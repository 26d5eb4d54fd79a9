"""Traces: one OpenTelemetry span per generation, by the conventions for generative AI.

Without the extra, or unless asked for, nothing is traced. Spans tell numbers and names, never what
was said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harmonium.errors import InvalidInputError, Position
from harmonium.gateway.observability.request_record import RequestRecord

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer, TracerProvider

SCOPE = "harmonium.gateway"
_OPERATIONS = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "chat",
    "/v1/completions": "text_completion",
}


class Tracing:
    """Build a span of every request that generates.

    Args:
        enabled: whether to trace; ``OTEL_`` variables say where spans go.
        provider: where spans go instead.

    Raises:
        InvalidInputError: traces are wanted, and the packages for them are not there.

    """

    def __init__(self, *, enabled: bool, provider: TracerProvider | None = None) -> None:
        self._provider = provider
        self._tracer: Tracer | None = None
        if provider is not None:
            self._tracer = provider.get_tracer(SCOPE)
        elif enabled:
            self._tracer = _exporting_tracer()

    def ended(self, record: RequestRecord) -> None:
        """Build the span of a request that has ended: it began when the request did."""
        operation = _OPERATIONS.get(record.route)
        if self._tracer is None or operation is None:
            return
        from opentelemetry.trace import SpanKind, Status, StatusCode  # noqa: PLC0415  (of the extra)

        span = self._tracer.start_span(
            f"{operation} {record.model or ''}".strip(),
            kind=SpanKind.SERVER,
            start_time=int(record.wall_started * 1e9),
            attributes=_attributes(record, operation),
        )
        if record.error is not None:
            span.set_attribute("error.type", record.error)
            span.set_status(Status(StatusCode.ERROR))
        span.end(int((record.wall_started + record.seconds) * 1e9))


def _attributes(record: RequestRecord, operation: str) -> dict[str, str | int | float | list[str]]:
    first = record.first_token_seconds
    found = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "harmonium",
        "gen_ai.request.model": record.model,
        "gen_ai.response.model": record.model,
        "gen_ai.request.max_tokens": record.max_tokens,
        "gen_ai.request.temperature": record.temperature,
        "gen_ai.usage.input_tokens": record.prompt_tokens,
        "gen_ai.usage.output_tokens": record.output_tokens,
        "gen_ai.response.finish_reasons": list(record.finish) or None,
        "gen_ai.response.time_to_first_chunk": first,
        "http.response.status_code": record.status,
        "harmonium.request_id": record.request_id,
        "harmonium.reasoning_tokens": record.reasoning_tokens,
        "harmonium.repairs": sum(record.repairs.values()),
    }
    return {name: value for name, value in found.items() if value is not None}


def _exporting_tracer() -> Tracer:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError:
        message = "traces need more packages: pip install 'harmonium[otel]'"
        place = Position(path="traces")
        raise InvalidInputError(message, code="extra_missing", position=place) from None
    provider = TracerProvider(resource=Resource.create({"service.name": "harmonium"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer(SCOPE)
