"""Failures of a server as our errors: by HTTP status, or by what the HTTP client raised.

Knows nothing of requests. What a server says in words may quote the prompt, so it is kept beside
the message, never in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NoReturn

from harmonium.engines.remote.http_connection import (
    ConnectionBrokenError,
    ConnectionFailedError,
    InvalidResponseError,
)
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
    # The words of vLLM, SGLang, llama.cpp, TensorRT-LLM and Ollama, and OpenAI's own, which
    # proxies use: "maximum context length is 4096 tokens", "longer than the maximum model length
    # of 4096", "exceeds the available context size (4096 tokens)", "should not exceed
    # max_num_tokens (4096)", "exceeds maximum input length (4096)".
    r"context[ _](?:length|size|window)|maximum (?:model|sequence|input|allowed) length|"
    r"\bmax_(?:model_len|num_tokens|seq_len)\b|contextwindowexceeded",
    re.IGNORECASE,
)
_SIZE = re.compile(
    r"(?:context (?:length|size|window)|maximum (?:model|sequence|input|allowed) length|"
    r"max_(?:model_len|num_tokens|seq_len))\D{0,12}(\d{1,9})\b",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_TOO_MANY, _UNAVAILABLE, _BAD_REQUEST, _SERVER_ERROR = 429, 503, 400, 500
_NO_STATUS = 600
_PROXY_FAULTS = frozenset({502, 504})
_MAX_MESSAGE_CHARS = 2_000
_MAX_CONTEXT = 10**9


@dataclass(frozen=True, slots=True)
class _Complaint:
    """What a server said about a failure: its words, its code, the context that was exceeded."""

    words: str
    code: str | None
    is_too_long: bool
    max_context: int | None


def error_for_status(
    status: int, words: str, name: str, retry_after: str | None = None
) -> EngineError:
    """Return the error for an HTTP status that is no success.

    Args:
        status: the HTTP status.
        words: the body of the answer, already cut to a bound.
        name: the engine's name.
        retry_after: the header of that name.

    """
    error = _error_for(status, _read_complaint(words), retry_after)
    error.engine = name
    return error


def raise_stream_error(error: object) -> NoReturn:
    """Raise what a payload in a stream complains about: refused when its code is 4xx, else broken.

    Args:
        error: the value of the payload's ``error``: text, or an object with code and message.

    Raises:
        EngineError: always.

    """
    code = error.get("code") if isinstance(error, dict) else None
    status = code if type(code) is int and _BAD_REQUEST <= code < _NO_STATUS else _SERVER_ERROR
    raise _error_for(status, _complaint_of(error))


def _error_for(status: int, complaint: _Complaint, retry_after: str | None = None) -> EngineError:
    if complaint.is_too_long and status in {_BAD_REQUEST, _SERVER_ERROR, 413, 422}:
        # llama.cpp used to call this 500 (ggml-org/llama.cpp#15780): it is the request's fault.
        error: EngineError = _context_exceeded(status, complaint)
    elif status in {_TOO_MANY, _UNAVAILABLE}:
        message = f"the engine is overloaded ({status}); try again later"
        error = OverloadedError(message, retry_after=_seconds(retry_after), http_status=status)
    elif status in _PROXY_FAULTS:
        error = EngineUnavailableError(f"the proxy in front of the engine returned {status}")
    elif status >= _SERVER_ERROR:
        error = EngineBrokenError(f"the engine failed internally ({status}); see its log")
    elif status < _BAD_REQUEST:
        message = f"the engine returned {status} instead of a stream; check its address"
        error = EngineProtocolError(message)
    else:
        message = f"the engine refused the request ({status})"
        error = EngineRejectedError(message, upstream_status=status)
    error.upstream_code, error.upstream_message = complaint.code, complaint.words
    return error


def _context_exceeded(status: int, complaint: _Complaint) -> EngineRejectedError:
    """Return the error for a prompt without room, in the words that clients look for.

    LiteLLM and agents recognise "maximum context length is N tokens", and compact their history.
    """
    size = complaint.max_context
    message = "prompt and completion exceed the model's maximum context length"
    if size is not None:
        message = (
            f"this model's maximum context length is {size} tokens; "
            "prompt and completion do not fit into it"
        )
    error = EngineRejectedError(
        message,
        upstream_status=_BAD_REQUEST if status >= _SERVER_ERROR else status,
        code="context_length_exceeded",
    )
    error.max_context = size
    return error


def _read_complaint(words: str) -> _Complaint:
    """Read the body of an answer that is no success: JSON as a rule, but any text is one."""
    try:
        value = json.loads(words)
    except (ValueError, RecursionError):
        value = words
    if isinstance(value, dict):
        value = value.get("error") or value
    return replace(_complaint_of(value), words=words)


def _complaint_of(error: object) -> _Complaint:
    """Read the value of ``error``: an object as a rule, but text in some servers' answers."""
    detail = error if isinstance(error, dict) else {"message": error}
    message = detail.get("message") or detail.get("detail") or ""
    words = message[:_MAX_MESSAGE_CHARS] if isinstance(message, str) else ""
    # vLLM and SGLang put the HTTP status into `code` and their word into `type`.
    codes = [each for each in (detail.get("code"), detail.get("type")) if isinstance(each, str)]
    code = next((each for each in codes if _IDENTIFIER.fullmatch(each)), None)
    told, size = detail.get("n_ctx"), _SIZE.search(words)
    if type(told) is not int or not 0 < told <= _MAX_CONTEXT:
        told = int(size[1]) if size else None
    return _Complaint(words, code, bool(_TOO_LONG.search(f"{code} {words}")), told)


@contextmanager
def map_client_errors(name: str, *, begun: bool) -> Iterator[None]:
    """Turn what the HTTP client raises into our errors; `begun` once headers have come."""
    try:
        yield
    except ConnectionFailedError as error:
        if isinstance(error.__cause__, TimeoutError):
            message = "the engine did not accept a connection in time; is it running?"
            raise EngineTimeoutError(message, phase="connect", engine=name) from None
        reason = type(error.__cause__).__name__
        message = f"cannot reach the engine ({reason}); is it running?"
        raise EngineUnavailableError(message, engine=name) from None
    except InvalidResponseError:
        message = "the engine does not speak valid HTTP; check its address"
        raise EngineProtocolError(message, engine=name) from None
    except ConnectionBrokenError:
        if begun:
            message = "the engine closed the connection in the middle of an answer; see its log"
            raise EngineBrokenError(message, engine=name) from None
        message = "the engine closed the connection without an answer; is it running?"
        unavailable = EngineUnavailableError(message, engine=name)
        unavailable.broken_connections = 1
        raise unavailable from None


def _seconds(header: str | None) -> float | None:
    """Read Retry-After when it is a number of seconds; a date is left to the caller's default."""
    if header is None or not re.fullmatch(r"\d{1,6}(\.\d+)?", header.strip()):
        return None
    return float(header)
