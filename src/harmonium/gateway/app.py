"""The application: which path and method leads to which route."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NoReturn

from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from harmonium.gateway.errors import RefusedError
from harmonium.gateway.http.middleware import LIVENESS, RECORD, RequestMiddleware
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.chat import chat
from harmonium.gateway.routes.completions import completions
from harmonium.gateway.routes.convert import (
    derender_chat,
    derender_responses,
    detokenize,
    json_endpoint,
    render_chat,
    render_responses,
    tokenize,
)
from harmonium.gateway.routes.models import model, models
from harmonium.gateway.routes.operations import docs_page, live, measured, openapi, ready
from harmonium.gateway.routes.responses import responses
from harmonium.gateway.routes.stored_responses import (
    delete_response,
    input_items,
    stored_response,
)
from harmonium.gateway.service import Service

Endpoint = Callable[[Service, Request, RequestRecord], Awaitable[ASGIApp]]

ROUTES: Mapping[str, Mapping[str, Endpoint]] = {
    "/v1/chat/completions": {"POST": chat},
    "/v1/responses": {"POST": responses},
    "/v1/completions": {"POST": completions},
    "/v1/models": {"GET": models},
    LIVENESS: {"GET": live},
    "/health": {"GET": ready},
    "/health/ready": {"GET": ready},
    "/metrics": {"GET": measured},
    "/tokenize": {"POST": json_endpoint(tokenize)},
    "/detokenize": {"POST": json_endpoint(detokenize)},
    "/v1/chat/completions/render": {"POST": json_endpoint(render_chat)},
    "/v1/responses/render": {"POST": json_endpoint(render_responses)},
    "/v1/chat/completions/derender": {"POST": json_endpoint(derender_chat)},
    "/v1/responses/derender": {"POST": json_endpoint(derender_responses)},
    "/openapi.json": {"GET": openapi},
    "/docs": {"GET": docs_page},
    "/v1/responses/{id}": {"GET": stored_response, "DELETE": delete_response},
    "/v1/responses/{id}/input_items": {"GET": input_items},
    "/v1/models/{id:path}": {"GET": model},
}
"""Path -> method -> endpoint. The router tries them in this order: the busiest first, and paths
with a parameter after those they would match as well."""


def create_app(service: Service) -> ASGIApp:
    """Build the ASGI application of a gateway.

    Args:
        service: the gateway's parts; its engines are closed when the application ends.

    """

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with service.running():
            yield

    routes = [
        Route(path, _Endpoint(endpoints, service, path)) for path, endpoints in ROUTES.items()
    ]
    router = Router(routes, redirect_slashes=False, default=_no_such_route, lifespan=lifespan)
    return RequestMiddleware(router, service)


class _Endpoint:
    """ASGI application of one path."""

    def __init__(self, endpoints: Mapping[str, Endpoint], service: Service, path: str) -> None:
        self._endpoints = endpoints
        self._service = service
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record: RequestRecord = scope[RECORD]
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if method not in self._endpoints:
            raise self._method_not_allowed()
        record.route = self._path
        request = Request(scope, receive)
        answer = await self._endpoints[method](self._service, request, record)
        await answer(scope, receive, send)

    def _method_not_allowed(self) -> RefusedError:
        message = "this route does not accept that method; see the Allow header"
        methods = {*self._endpoints, *(("HEAD",) if "GET" in self._endpoints else ())}
        allow = {"allow": ", ".join(sorted(methods))}
        return RefusedError(message, 405, code="method_not_allowed", headers=allow)


async def _no_such_route(_: Scope, __: Receive, ___: Send) -> NoReturn:
    message = "no such route; see /docs"
    raise RefusedError(message, 404, code="not_found")
