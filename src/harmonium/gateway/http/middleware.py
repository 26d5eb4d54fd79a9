"""What every request passes: request id, Host, API key, header size; and its log line.

Every error ends here in OpenAI's shape, and every request in one log line and its counts.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harmonium.gateway.config.api_keys import bearer
from harmonium.gateway.config.settings import LOOPBACK_NAMES
from harmonium.gateway.errors import RefusedError, to_error_response
from harmonium.gateway.observability.logging import is_logged, log_event
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service

LIVENESS = "/health/live"
RECORD = "harmonium.record"
"""Where in the ASGI scope a request's record stands."""

_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+))(?::\d*)?")
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        record = RequestRecord(_request_id(headers), scope["method"])
        record.wants_repairs = headers.get("x-harmonium-repairs", "").lower() in _YES
        scope[RECORD] = record
        reply = _Reply(send, record)
        try:
            self._check(scope, headers, record)
            await self._app(scope, receive, reply)
        except ClientDisconnect:
            record.disconnected = record.phase
        except Exception as error:  # noqa: BLE001  (every error has OpenAI's shape)
            await self._fail(error, record, reply)
        finally:
            self._service.ended(record)
            quiet = record.route.startswith(("/health", "/metrics")) and record.status < 400  # noqa: PLR2004
            level = logging.DEBUG if quiet else logging.INFO
            if is_logged(level):
                log_event("request", record.line(), level=level)

    def _check(self, scope: Scope, headers: Headers, record: RequestRecord) -> None:
        settings = self._service.settings
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > settings.header_bytes:
            message = f"the headers are larger than {settings.header_bytes} bytes"
            raise RefusedError(message, 431, code="headers_too_large")
        self._check_host(headers)
        if scope["path"] == LIVENESS or self._service.keys.is_open:
            return
        key = headers.get("x-api-key") or bearer(headers.get("authorization", ""))
        record.key = self._service.keys.label(key)
        if record.key is None:
            what = "is not known here" if key else "is missing"
            message = f"the API key {what}; send authorization: Bearer KEY"
            challenge = {"www-authenticate": "Bearer"}
            raise RefusedError(message, 401, code="invalid_api_key", headers=challenge)

    def _check_host(self, headers: Headers) -> None:
        """Refuse names that a web page could have made the browser resolve to this machine."""
        settings = self._service.settings
        allowed = frozenset(name.lower() for name in settings.allowed_hosts)
        if settings.is_loopback:
            allowed |= LOOPBACK_NAMES | {settings.host}
        given = headers.getlist("host")
        found = _HOST.fullmatch(given[0]) if len(given) == 1 else None
        name = (found[1] or found[2]).lower() if found else ""
        if allowed and name not in allowed:
            message = "the Host header names no host of this server; see allowed_hosts"
            raise RefusedError(message, 421, code="misdirected_request")

    async def _fail(self, error: Exception, record: RequestRecord, reply: _Reply) -> None:
        failure = to_error_response(error)
        record.error = failure.code
        if failure.status == 500:  # noqa: PLR2004
            about = {"request_id": record.request_id}
            log_event("internal_error", about, level=logging.ERROR, error=error)
        if record.status:
            return
        extra: Mapping[str, str] = {"content-type": "application/json", **failure.headers}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in extra.items()]
        length = (b"content-length", str(len(failure.body)).encode("ascii"))
        await reply(
            {"type": "http.response.start", "status": failure.status, "headers": [*raw, length]}
        )
        await reply({"type": "http.response.body", "body": failure.body})


class _Reply:
    """Pass an answer on, with the request's id in its headers."""

    def __init__(self, send: Send, record: RequestRecord) -> None:
        self._send = send
        self._record = record

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._record.status = message["status"]
            name = self._record.request_id.encode("ascii")
            message["headers"] = [*message.get("headers", ()), (b"x-request-id", name)]
        await self._send(message)


def _request_id(headers: Headers) -> str:
    """Return the client's own id when it can be one, else a new one."""
    given = headers.get("x-request-id", "")
    return given if _ID.fullmatch(given) else f"req_{secrets.token_hex(16)}"
