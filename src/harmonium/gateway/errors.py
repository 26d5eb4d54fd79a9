"""Errors as OpenAI error objects. Knows nothing of where they were raised.

The messages of our own errors never quote a prompt, so clients may see them. Any other exception
becomes one sentence without its text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException

from harmonium.errors import (
    EngineRejectedError,
    HarmoniumError,
    OverloadedError,
    RequestError,
)

_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    413: "invalid_request_error",
    414: "invalid_request_error",
    415: "invalid_request_error",
    421: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    431: "invalid_request_error",
    501: "invalid_request_error",
    503: "overloaded_error",
    504: "timeout_error",
}
"""HTTP status -> the word of OpenAI's ``type``; ``server_error`` for any other."""

_RETRY_SECONDS = 1


class RefusedError(HarmoniumError):
    """A request that the gateway refuses for a reason outside of its fields.

    Args:
        message: what was found and what to do.
        status: the HTTP status.
        code: the error code, OpenAI's where it has one.
        param: where in the request, if there.
        headers: further headers of the response.

    """

    code = "refused"

    def __init__(
        self,
        message: str,
        status: int,
        *,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, code=code)
        self.http_status = status
        self.param = param
        self.headers = dict(headers or {})


class ShuttingDownError(HarmoniumError):
    """The gateway is shutting down."""

    code = "shutting_down"
    http_status = 503


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """An error as sent to clients: status, further headers, OpenAI's four fields."""

    status: int
    message: str
    type: str
    code: str
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def error(self) -> dict[str, object]:
        """Return the object under ``error``."""
        return {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }

    @property
    def body(self) -> bytes:
        """Return the whole body."""
        return json.dumps({"error": self.error}, separators=(",", ":")).encode("ascii")


def to_error_response(error: BaseException) -> ErrorResponse:
    """Build the HTTP response of an error.

    Example:
        >>> to_error_response(ZeroDivisionError("secret")).error["message"]
        'internal error of the gateway; its log has the details under this x-request-id'

    """
    if isinstance(error, HTTPException):
        return _http_failure(error)
    if not isinstance(error, HarmoniumError):
        message = "internal error of the gateway; its log has the details under this x-request-id"
        return ErrorResponse(500, message, "server_error", "internal_error")
    status = error.http_status
    headers = dict(error.headers) if isinstance(error, RefusedError) else {}
    if status in {429, 503}:
        headers.setdefault("retry-after", str(_retry_after(error)))
    return ErrorResponse(status, _message(error), _type(status), error.code, _param(error), headers)


def _message(error: HarmoniumError) -> str:
    if isinstance(error, EngineRejectedError) and error.code == "context_length_exceeded":
        return "the request exceeds the model's maximum context length; send or ask for less"
    return error.message


def _param(error: HarmoniumError) -> str | None:
    if isinstance(error, RequestError | RefusedError):
        return error.param
    return error.position.path


def _type(status: int) -> str:
    return _TYPES.get(status, "server_error")


def _retry_after(error: HarmoniumError) -> int:
    wanted = error.retry_after if isinstance(error, OverloadedError) else None
    return max(1, math.ceil(_RETRY_SECONDS if wanted is None else wanted))


def _http_failure(error: HTTPException) -> ErrorResponse:
    known = {
        404: ("no such route; see /docs", "not_found"),
        405: ("this route does not accept that method; see the Allow header", "method_not_allowed"),
    }
    message, code = known.get(error.status_code, ("the request failed", "http_error"))
    status = error.status_code
    return ErrorResponse(status, message, _type(status), code, headers=dict(error.headers or {}))
