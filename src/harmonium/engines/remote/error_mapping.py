"""Failures of a server as our errors: by HTTP status, or by what the HTTP client raised.

Knows nothing of requests. What a server says in words may quote the prompt, so it is kept beside
the message, never in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from harmonium.errors import (
    EngineBrokenError,
    EngineError,
    EngineProtocolError,
    EngineRejectedError,
    EngineTimeoutError,
    EngineUnavailableError,
    OverloadedError,
)

_TOO_LONG = re.compile(
    r"context (?:length|size|window)|exceed_context|max_model_len", re.IGNORECASE
)
_TOO_MANY, _UNAVAILABLE, _BAD_REQUEST, _SERVER_ERROR = 429, 503, 400, 500
_NO_STATUS = 600
_PROXY_FAULTS = frozenset({502, 504})


def failure_of(status: int, words: str, name: str, retry_after: str | None = None) -> EngineError:
    """Return the error for an HTTP status that is no success.

    Args:
        status: the HTTP status.
        words: what the server said, already cut to a bound.
        name: the engine's name.
        retry_after: the header of that name.

    """
    if status in {_TOO_MANY, _UNAVAILABLE}:
        message = f"{name} has no room now ({status}); try again later"
        return OverloadedError(
            message, retry_after=_seconds(retry_after), http_status=status, engine=name
        )
    if status in _PROXY_FAULTS:
        message = f"what stands before {name} cannot reach it ({status})"
        return EngineUnavailableError(message, engine=name)
    if status >= _SERVER_ERROR:
        return EngineBrokenError(f"{name} failed inside ({status}); see its log", engine=name)
    if status < _BAD_REQUEST:
        message = f"{name} answered {status}, which is no answer; is the address right?"
        return EngineProtocolError(message, engine=name)
    is_too_long = bool(_TOO_LONG.search(words))
    code = "context_length_exceeded" if is_too_long else None
    message = f"{name} refused the request ({status})"
    if is_too_long:
        message += ": prompt and completion do not fit into its context"
    return EngineRejectedError(
        message, upstream_status=status, upstream_message=words, code=code, engine=name
    )


def raise_stream_error(error: object) -> NoReturn:
    """Raise what a payload in a stream complains about: refused when its code is 4xx, else broken.

    Args:
        error: the value of the payload's ``error``: text, or an object with code and message.

    Raises:
        EngineError: always.

    """
    detail = error if isinstance(error, dict) else {"message": error}
    code = detail.get("code")
    status = code if type(code) is int and _BAD_REQUEST <= code < _NO_STATUS else _SERVER_ERROR
    raise failure_of(status, str(detail.get("message", ""))[:2000], "the engine")


@contextmanager
def explaining(name: str, *, begun: bool) -> Iterator[None]:
    """Turn what the HTTP client raises into our errors; `begun` once headers have come."""
    import aiohttp  # noqa: PLC0415  (only engines behind HTTP need it)

    try:
        yield
    except EngineError:
        raise
    except aiohttp.ConnectionTimeoutError:
        message = f"{name} did not accept a connection in time; is it running?"
        raise EngineTimeoutError(message, phase="connect", engine=name) from None
    except aiohttp.ClientResponseError:
        message = f"{name} does not speak HTTP as it must; is the address right?"
        raise EngineProtocolError(message, engine=name) from None
    except (aiohttp.ClientError, OSError) as error:
        if begun or isinstance(error, aiohttp.ClientPayloadError):
            message = f"{name} closed the connection in the middle of an answer; see its log"
            raise EngineBrokenError(message, engine=name) from None
        message = f"{name} cannot be reached ({type(error).__name__}); is it running?"
        raise EngineUnavailableError(message, engine=name) from None


def _seconds(header: str | None) -> float | None:
    """Read Retry-After when it is a number of seconds; a date is left to the caller's default."""
    if header is None or not re.fullmatch(r"\d{1,6}(\.\d+)?", header.strip()):
        return None
    return float(header)
