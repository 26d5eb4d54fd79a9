"""Request bodies: JSON only, bounded in bytes, depth and time.

Does not know any field but the lists whose length is bounded before they are read.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import Mapping
from typing import NoReturn

from starlette.requests import ClientDisconnect, Request

from harmonium.errors import RequestError
from harmonium.gateway.admission.body_budget import BodyBudget
from harmonium.gateway.config.settings import Settings
from harmonium.gateway.errors import RefusedError
from harmonium.json_types import JSONObject

BUDGET = "harmonium.body_budget"
"""Where in the ASGI scope the `BodyBudget` stands."""

_CLOSE = {"connection": "close"}
"""For responses that do not wait for the rest of a body, which would be read as a new request."""


async def read_body(request: Request, settings: Settings) -> JSONObject:
    """Read the body as a JSON object.

    Raises:
        RefusedError: it is too large, too slow, or of another media type.
        RequestError: it is no JSON object, or nests too deep.
        ClientDisconnect: the client has gone.

    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        message = "the body must be JSON; send it as content-type: application/json"
        raise RefusedError(message, 415, code="unsupported_media_type")
    if request.headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        message = "compressed bodies are not supported; omit content-encoding"
        raise RefusedError(message, 415, code="unsupported_content_encoding")
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > settings.body_bytes:
        raise _too_large(settings)
    budget: BodyBudget | None = request.scope.get(BUDGET)
    taken: list[int] = []
    try:
        async with asyncio.timeout(settings.receive_seconds):
            data = await _collect(request, settings, budget, taken)
        body = parse_json(data, settings.json_depth, settings.json_nodes)
    except TimeoutError:
        message = f"timed out after {settings.receive_seconds:g} s waiting for the body"
        raise RefusedError(message, 408, code="request_timeout", headers=_CLOSE) from None
    finally:
        if budget is not None:
            budget.give_back(sum(taken))
    check_counts(body, settings)
    return body


async def _collect(
    request: Request, settings: Settings, budget: BodyBudget | None, taken: list[int]
) -> bytes:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > settings.body_bytes:
            raise _too_large(settings)
        if budget is not None:
            budget.take(len(piece))
            taken.append(len(piece))
        pieces.append(piece)
    return b"".join(pieces)


def parse_json(data: bytes, depth: int, nodes: int = 300_000) -> JSONObject:
    """Parse a JSON object that nests at most `depth` deep and has at most so many values.

    The values are counted before they are made: 16 MiB of ``[],`` would become half a gigabyte, and
    the event loop would stand still for seconds, whichever thread parses it.

    Raises:
        RequestError: it is something else.

    """
    try:
        # Not UTF-16 nor UTF-32, which json.loads would take: RFC 8259, section 8.1. A mark of the
        # byte order may be skipped, says the same section; some editors write one.
        text = data.decode("utf-8-sig", "surrogatepass")
    except ValueError:
        raise _invalid_json() from None
    if _most_values(text) > nodes and _most_values(_STRING.sub("", text)) > nodes:
        message = f"the body has more than {nodes} values"
        raise RequestError(message, code="json_too_large")
    try:
        found = _decode(text)
    except RecursionError:
        raise _too_deep(depth) from None
    except ValueError as error:
        at = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise _invalid_json(at) from None
    if not isinstance(found, dict):
        message = "the body must be a JSON object"
        raise RequestError(message, code="invalid_type")
    # Nothing nests deeper than it has brackets; most bodies need no further look.
    if data.count(b"{") + data.count(b"[") > depth and _depth(found) > depth:
        raise _too_deep(depth)
    return found


def check_counts(body: Mapping[str, object], settings: Settings) -> None:
    """Check how many messages and tools there are.

    Raises:
        RequestError: too many.

    """
    bounds = (
        ("messages", settings.max_messages),
        ("input", settings.max_messages),
        ("previous_input_messages", settings.max_messages),
        ("tools", settings.max_tools),
    )
    for name, most in bounds:
        value = body.get(name)
        if isinstance(value, list) and len(value) > most:
            message = f"{name} has {len(value)} entries; the limit is {most}"
            raise RequestError(message, param=name, code="array_above_max_length")


def _most_values(text: str) -> int:
    """Return a bound on the number of values: each but the first follows one of these marks.

    Marks inside of strings count as well; without the strings the bound is exact but for the values
    of objects, each of which follows its key.
    """
    return text.count(",") + text.count("[") + text.count("{") + 1


def _depth(value: object) -> int:
    """Measure how deep a value nests, level by level: no recursion, whatever the value."""
    depth, level = 0, [value]
    while level:
        inner = [one for one in level if isinstance(one, dict | list)]
        depth += bool(inner)
        level = [
            child for one in inner for child in (one.values() if isinstance(one, dict) else one)
        ]
    return depth


def _read_float(digits: str) -> float:
    """Return a number, unless it is too large for one: an answer could not repeat it."""
    found = float(digits)
    return found if math.isfinite(found) else _refuse_constant(digits)


def _refuse_constant(_: str) -> NoReturn:
    message = "NaN and Infinity"
    raise ValueError(message)


_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_read_float).decode


def _invalid_json(at: str = "") -> RequestError:
    return RequestError(f"the body is not valid JSON{at}", code="invalid_json")


def _too_deep(depth: int) -> RequestError:
    return RequestError(f"the body is nested more than {depth} levels deep", code="json_too_deep")


def _too_large(settings: Settings) -> RefusedError:
    message = f"the body is larger than {settings.body_bytes} bytes"
    return RefusedError(message, 413, code="request_too_large", headers=_CLOSE)


__all__ = ["ClientDisconnect", "JSONObject", "check_counts", "parse_json", "read_body"]
