"""The application: which path and method leads to which route."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace

from starlette.requests import Request
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from harmonium.gateway.http.middleware import LIVENESS, RECORD, RequestMiddleware
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.convert import (
    derender_chat,
    derender_responses,
    detokenize,
    render_chat,
    render_responses,
    tokenize,
)
from harmonium.gateway.routes.generate import chat, completions, responses
from harmonium.gateway.routes.operations import (
    delete_response,
    json_endpoint,
    live,
    measured,
    model,
    models,
    openapi,
    pages,
    ready,
    stored_items,
    stored_response,
)
from harmonium.gateway.service import Service

Endpoint = Callable[[Service, Request, RequestRecord], Awaitable[ASGIApp]]

ROUTES: Mapping[str, Mapping[str, Endpoint]] = {
    "/v1/chat/completions": {"POST": chat},
    "/v1/responses": {"POST": responses},
    "/v1/responses/{id}": {"GET": stored_response, "DELETE": delete_response},
    "/v1/responses/{id}/input_items": {"GET": stored_items},
    "/v1/completions": {"POST": completions},
    "/v1/models": {"GET": models},
    "/v1/models/{id:path}": {"GET": model},
    "/v1/chat/completions/render": {"POST": json_endpoint(render_chat)},
    "/v1/responses/render": {"POST": json_endpoint(render_responses)},
    "/v1/chat/completions/derender": {"POST": json_endpoint(derender_chat)},
    "/v1/responses/derender": {"POST": json_endpoint(derender_responses)},
    "/tokenize": {"POST": json_endpoint(tokenize)},
    "/detokenize": {"POST": json_endpoint(detokenize)},
    LIVENESS: {"GET": live},
    "/health/ready": {"GET": ready},
    "/metrics": {"GET": measured},
    "/openapi.json": {"GET": openapi},
    "/docs": {"GET": pages},
}
"""Path -> method -> what serves it."""


def create_app(service: Service) -> ASGIApp:
    """Build the ASGI application of a gateway.

    Args:
        service: the gateway's parts; its engine is closed when the application ends.

    """

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        service.lifecycle.drain_before_signals()
        yield
        await service.engine.aclose()
        service.metrics.close()

    found = [
        Route(path, _Endpoint(endpoints, service, path), methods=list(endpoints))
        for path, endpoints in _in_order()
    ]
    router = Router(found, redirect_slashes=False, lifespan=lifespan)
    by_path = {
        (method, path): _Endpoint(endpoints, service, path)
        for path, endpoints in ROUTES.items()
        for method in endpoints
        if "{" not in path
    }

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Most requests are for a plain path, which takes the router some thirty steps to find.
        if scope["type"] == "http":
            plain = by_path.get((scope["method"], scope["path"]))
            if plain is not None:
                await plain(scope, receive, send)
                return
        # With an application in the scope, the router raises what it cannot route.
        scope["app"] = SimpleNamespace(state=SimpleNamespace())
        await router(scope, receive, send)

    return RequestMiddleware(app, service)


def _in_order() -> list[tuple[str, Mapping[str, Endpoint]]]:
    """Return the routes, plain paths before those with a name in them."""
    return sorted(ROUTES.items(), key=lambda route: "{" in route[0])


class _Endpoint:
    """Serve one path."""

    def __init__(self, endpoints: Mapping[str, Endpoint], service: Service, path: str) -> None:
        self._endpoints = endpoints
        self._service = service
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        record: RequestRecord = scope[RECORD]
        record.route = self._path
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        request = Request(scope, receive)
        answer = await self._endpoints[method](self._service, request, record)
        await answer(scope, receive, send)
