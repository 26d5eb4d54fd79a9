"""The routes for operators: health, metrics, the OpenAPI document and its page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from harmonium.gateway.errors import ShuttingDownError
from harmonium.gateway.http.json_response import json_response
from harmonium.gateway.observability import metrics
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.openapi.document import document, page
from harmonium.gateway.service import Service

_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


async def live(_: Service, __: Request, ___: RequestRecord) -> Response:
    """Serve ``GET /health/live``: the process answers."""
    return json_response({"status": "live"})


async def ready(service: Service, _: Request, __: RequestRecord) -> Response:
    """Serve ``GET /health/ready``: the process takes requests, and every model's engine answers.

    The engines' addresses are not in the answer: any client may read it.
    """
    if service.lifecycle.is_draining:
        message = "the gateway is shutting down"
        raise ShuttingDownError(message)
    for one in service.each_model():
        await one.engine.check()
    return json_response({"status": "ready"})


async def measured(service: Service, _: Request, __: RequestRecord) -> Response:
    """Serve ``GET /metrics``.

    Counts of the caches would tell one API key whether another has sent a text, so they are left
    out unless only the operator can read them.
    """
    service.update_cache_metrics()
    body = service.metrics.render(with_caches=service.keys.is_open or service.keys.has_operator)
    return Response(body, media_type=metrics.CONTENT_TYPE)


async def openapi(_: Service, __: Request, ___: RequestRecord) -> Response:
    """Serve ``GET /openapi.json``."""
    return json_response(document())


async def docs_page(_: Service, __: Request, ___: RequestRecord) -> Response:
    """Serve ``GET /docs``: a page that fetches nothing."""
    return HTMLResponse(page(document()), headers={"content-security-policy": _PAGE_POLICY})
