"""What every request passes: request id, Host, origin, API key and its limits.

Every error ends here in OpenAI's shape, and every request in one log line and its counts.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harmonium.gateway.config.api_keys import ApiKey, bearer
from harmonium.gateway.errors import RefusedError, to_error_response
from harmonium.gateway.http.browser_guard import BrowserGuard
from harmonium.gateway.http.request_body import BUDGET
from harmonium.gateway.observability.logging import is_logged, log_event
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service

LIVENESS = "/health/live"
METRICS = "/metrics"
_OPEN = frozenset({LIVENESS, "/health", "/health/ready"})
"""Paths that need no key: probes have none, and the answers contain nothing but a status."""

RECORD = "harmonium.record"
"""Where in the ASGI scope a request's record stands."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_YES = frozenset({"1", "true", "yes"})


class RequestMiddleware:
    """Middleware between the server and the routes.

    Args:
        app: the routes.
        service: the gateway's parts.

    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._service = service
        self._guard = BrowserGuard(service.settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        record = RequestRecord(_request_id(headers), scope["method"])
        record.wants_repairs = headers.get("x-harmonium-repairs", "").lower() in _YES
        scope[RECORD] = record
        scope[BUDGET] = self._service.body_budget
        reply = _Reply(send, record)
        try:
            await self._serve(scope, receive, headers, reply)
        except ClientDisconnect:
            record.on_disconnect()
        except Exception as error:  # noqa: BLE001  (every error has OpenAI's shape)
            await self._fail(error, record, reply)
        finally:
            self._service.on_request_end(record)
            quiet = record.route.startswith(("/health", METRICS)) and record.status < 400  # noqa: PLR2004
            level = logging.DEBUG if quiet else logging.INFO
            if is_logged(level):
                log_event("request", record.log_fields(), level=level)

    async def _serve(self, scope: Scope, receive: Receive, headers: Headers, reply: _Reply) -> None:
        record, limits = reply.record, self._service.key_limits
        self._guard.check_host(headers)
        reply.headers.update(self._guard.cors_headers(headers))
        preflight = self._guard.preflight_headers(scope["method"], headers)
        if preflight is not None:
            await _send_whole(reply, 204, preflight, b"")
            return
        key = self._authenticate(scope["path"], headers)
        if key is not None:
            record.key, record.owner = key.name, key.owner
        if key is None or not key.is_limited or scope["method"] != "POST":
            await self._app(scope, receive, reply)
            return
        limits.begin(key)
        reply.headers.update(limits.headers(key))
        try:
            await self._app(scope, receive, reply)
        finally:
            limits.end(key, (record.prompt_tokens or 0) + record.output_tokens)

    def _authenticate(self, path: str, headers: Headers) -> ApiKey | None:
        """Return the key of a request; None where none is needed.

        Raises:
            RefusedError: it has none that is valid for this path.

        """
        keys = self._service.keys
        if keys.is_open:
            self._guard.check_origin(headers)
            return None
        if path in _OPEN:
            return None
        given = headers.get("x-api-key") or bearer(headers.get("authorization", ""))
        key = keys.find(given)
        if key is None:
            raise _unauthorized("is not valid here" if given else "is missing")
        if key.has_expired(dt.datetime.fromtimestamp(self._service.now(), dt.UTC).date()):
            raise _unauthorized("has expired")
        if key.is_operator and path != METRICS:
            message = f"this API key is for {METRICS} only"
            raise RefusedError(message, 403, code="key_not_allowed")
        if path == METRICS and keys.has_operator and not key.is_operator:
            message = f"{METRICS} needs the operator's API key"
            raise RefusedError(message, 403, code="key_not_allowed")
        return key

    async def _fail(self, error: Exception, record: RequestRecord, reply: _Reply) -> None:
        failure = to_error_response(error)
        self._service.on_error(error, failure.code, record)
        if failure.status == 500:  # noqa: PLR2004
            about = {"request_id": record.request_id}
            log_event("internal_error", about, level=logging.ERROR, error=error)
        if record.status:
            return
        headers = {"content-type": "application/json", **failure.headers}
        await _send_whole(reply, failure.status, headers, failure.body)


class _Reply:
    """The channel of an answer: adds the request's id and further headers to it."""

    def __init__(self, send: Send, record: RequestRecord) -> None:
        self._send = send
        self.record = record
        self.headers: dict[str, str] = {}

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.record.status = message["status"]
            headers = {"x-request-id": self.record.request_id, **self.headers}
            if self.record.adaptations:
                headers["x-harmonium-adapted"] = self.record.adaptations_header
            message["headers"] = [*message.get("headers", ()), *_raw(headers)]
        await self._send(message)


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def _send_whole(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    length = {} if status == 204 else {"content-length": str(len(body))}  # noqa: PLR2004
    raw = _raw({**headers, **length})
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _unauthorized(what: str) -> RefusedError:
    message = f"the API key {what}; send it as authorization: Bearer KEY"
    challenge = {"www-authenticate": "Bearer"}
    return RefusedError(message, 401, code="invalid_api_key", headers=challenge)


def _request_id(headers: Headers) -> str:
    """Return the client's own id when it can be one, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _ID.fullmatch(given) else f"req_{secrets.token_hex(16)}"
