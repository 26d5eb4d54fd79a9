"""The routes ``/v1/models`` and ``/v1/models/{id}``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from harmonium.gateway.http.json_response import json_response
from harmonium.gateway.model_catalog import Model
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject


async def models(service: Service, _: Request, __: RequestRecord) -> Response:
    """Serve ``GET /v1/models``."""
    data: list[JSONObject] = []
    for one in service.each_model():
        capabilities = await one.engine.capabilities()
        context = capabilities.max_context
        data += [_model(one, named, context) for named in one.catalog.models(capabilities)]
    return json_response({"object": "list", "data": data})


async def model(service: Service, request: Request, _: RequestRecord) -> Response:
    """Serve ``GET /v1/models/{id}``."""
    name = str(request.path_params["id"])
    one = service.for_model(name)
    capabilities = await one.engine.capabilities()
    found = one.find_model(name, capabilities)
    return json_response(_model(one, found, capabilities.max_context))


def _model(service: Service, one: Model, context: int | None) -> JSONObject:
    found: JSONObject = {
        "id": one.id,
        "object": "model",
        "created": service.started,
        "owned_by": "harmonium",
    }
    return found if context is None else {**found, "max_model_len": context}
