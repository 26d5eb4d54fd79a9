"""Read-only routes: models, stored responses, health, metrics, documents."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from harmonium.errors import HarmoniumError, RequestError
from harmonium.gateway.errors import RefusedError, ShuttingDownError
from harmonium.gateway.http.request_body import read_body
from harmonium.gateway.observability import metrics
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.openapi.document import document, page
from harmonium.gateway.routes.stored_items import item_page
from harmonium.gateway.service import Model, Service
from harmonium.gateway.storage.response_store import Stored
from harmonium.json_types import JSONObject

Convert = Callable[[JSONObject, Service, str | None], JSONObject]
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def json_endpoint(
    convert: Convert,
) -> Callable[[Service, Request, RequestRecord], Awaitable[Response]]:
    """Build a route of a conversion: its body goes in, what comes out is the answer."""

    async def endpoint(service: Service, request: Request, record: RequestRecord) -> Response:
        body = await read_body(request, service.settings)
        size = int(request.headers.get("content-length") or service.settings.body_bytes)
        return _json(await service.run_cpu_bound(size, lambda: convert(body, service, record.key)))

    return endpoint


async def models(service: Service, _: Request, __: RequestRecord) -> Response:
    """Serve ``GET /v1/models``."""
    capabilities = await service.engine.capabilities()
    data = [_model(service, one, capabilities.max_context) for one in service.models(capabilities)]
    return _json({"object": "list", "data": data})


async def model(service: Service, request: Request, _: RequestRecord) -> Response:
    """Serve ``GET /v1/models/{id}``."""
    capabilities = await service.engine.capabilities()
    found = service.find_model(str(request.path_params["id"]), capabilities)
    return _json(_model(service, found, capabilities.max_context))


async def stored_response(service: Service, request: Request, record: RequestRecord) -> Response:
    """Serve ``GET /v1/responses/{id}``."""
    if request.query_params.get("stream", "false").lower() != "false":
        message = "a stored response is not streamed again; leave stream out"
        raise RequestError(message, param="stream", code="unsupported_parameter")
    return _json(dict(_stored(service, request, record).response))


async def stored_items(service: Service, request: Request, record: RequestRecord) -> Response:
    """Serve ``GET /v1/responses/{id}/input_items``."""
    return _json(item_page(_stored(service, request, record), request.query_params))


async def delete_response(service: Service, request: Request, record: RequestRecord) -> Response:
    """Serve ``DELETE /v1/responses/{id}``."""
    name = str(request.path_params["id"])
    if service.store is None or not service.store.delete(name, record.key):
        raise _not_stored()
    return _json({"id": name, "object": "response", "deleted": True})


async def live(_: Service, __: Request, ___: RequestRecord) -> Response:
    """Serve ``GET /health/live``: the process answers."""
    return _json({"status": "live"})


async def ready(service: Service, _: Request, __: RequestRecord) -> Response:
    """Serve ``GET /health/ready``: the process takes requests, and the engine answers."""
    if service.lifecycle.is_draining:
        message = "the gateway is being stopped"
        raise ShuttingDownError(message)
    await service.engine.check()
    return _json({"status": "ready", "engine": service.engine.name})


async def measured(service: Service, _: Request, __: RequestRecord) -> Response:
    """Serve ``GET /metrics``."""
    service.update_cache_metrics()
    return Response(service.metrics.render(), media_type=metrics.CONTENT_TYPE)


async def openapi(_: Service, __: Request, ___: RequestRecord) -> Response:
    """Serve ``GET /openapi.json``."""
    return _json(document())


async def pages(_: Service, __: Request, ___: RequestRecord) -> Response:
    """Serve ``GET /docs``: a page that fetches nothing."""
    return HTMLResponse(page(document()), headers={"content-security-policy": _PAGE_POLICY})


def _model(service: Service, one: Model, context: int | None) -> JSONObject:
    found: JSONObject = {
        "id": one.id,
        "object": "model",
        "created": service.started,
        "owned_by": "harmonium",
    }
    return found if context is None else {**found, "max_model_len": context}


def _stored(service: Service, request: Request, record: RequestRecord) -> Stored:
    name = str(request.path_params["id"])
    found = None if service.store is None else service.store.get(name, record.key)
    if found is None:
        raise _not_stored()
    return found


def _not_stored() -> HarmoniumError:
    message = "no response of that id is kept here"
    return RefusedError(message, 404, code="not_found")


def _json(body: object) -> Response:
    data = json.dumps(body, separators=(",", ":")).encode("ascii")
    return Response(data, media_type="application/json")
