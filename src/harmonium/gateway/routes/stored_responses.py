"""The routes of stored responses: show, list the input items of, delete.

A stored response is sent as the bytes it is stored as: it is not decoded, whatever its size.
"""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from harmonium.errors import HarmoniumError, RequestError
from harmonium.gateway.errors import RefusedError
from harmonium.gateway.http.json_response import json_response
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.stored_items import item_page
from harmonium.gateway.service import Service


async def stored_response(service: Service, request: Request, record: RequestRecord) -> Response:
    """Serve ``GET /v1/responses/{id}``."""
    if request.query_params.get("stream", "false").lower() != "false":
        message = "stored responses cannot be streamed; omit stream"
        raise RequestError(message, param="stream", code="unsupported_parameter")
    name, store = str(request.path_params["id"]), service.store
    body = None if store is None else store.response_json(name, record.owner)
    if body is None:
        raise _not_stored()
    return Response(body, media_type="application/json")


async def input_items(service: Service, request: Request, record: RequestRecord) -> Response:
    """Serve ``GET /v1/responses/{id}/input_items``."""
    name, store, owner = str(request.path_params["id"]), service.store, record.owner
    if store is None or not store.has(name, owner):
        raise _not_stored()

    def work() -> Response:
        found = store.get(name, owner)
        if found is None:
            raise _not_stored()
        return json_response(item_page(found, request.query_params))

    return await asyncio.to_thread(work)


async def delete_response(service: Service, request: Request, record: RequestRecord) -> Response:
    """Serve ``DELETE /v1/responses/{id}``."""
    name = str(request.path_params["id"])
    if service.store is None or not service.store.delete(name, record.owner):
        raise _not_stored()
    return json_response({"id": name, "object": "response", "deleted": True})


def _not_stored() -> HarmoniumError:
    message = "no response with this id is stored here"
    return RefusedError(message, 404, code="not_found")
