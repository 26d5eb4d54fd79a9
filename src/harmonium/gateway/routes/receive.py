"""What routes that generate do first: read the body, find the model, wait for their turn."""

from __future__ import annotations

import logging
from typing import NamedTuple

from starlette.requests import Request

from harmonium.engines import Capabilities
from harmonium.gateway.http.request_body import read_body
from harmonium.gateway.observability.logging import log_event
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject


class Received(NamedTuple):
    """A request that was received, and what answers it.

    ``service`` is the one of the model that the body names; ``size`` is the body's, in bytes.
    """

    body: JSONObject
    service: Service
    capabilities: Capabilities
    size: int


async def receive(service: Service, request: Request, record: RequestRecord) -> Received:
    """Receive the body of a request that generates.

    Raises:
        HarmoniumError: the body cannot be read, or the engine's capabilities are not to be had.

    """
    body = await read_body(request, service.settings)
    service = service.for_model(body.get("model"))
    capabilities = await service.engine.capabilities()
    record.engine = service.engine.name
    size = int(request.headers.get("content-length") or service.settings.body_bytes)
    await service.pace.wait()
    return Received(body, service, capabilities, size)


def log_prompt(service: Service, record: RequestRecord, prompt: list[int]) -> None:
    """Log the prompt, where the operator has asked for that."""
    if service.settings.log_content:
        fields = {"request_id": record.request_id, "prompt": service.encoding.decode(prompt)}
        log_event("content", fields, level=logging.DEBUG)
