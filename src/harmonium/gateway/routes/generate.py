"""Routes that generate: each reads a body and builds the response that streams the answer."""

from __future__ import annotations

import logging
from collections.abc import Callable

from starlette.requests import Request

from harmonium.gateway.http.request_body import read_body
from harmonium.gateway.http.streaming_response import AnswerResponse, AnswerSource
from harmonium.gateway.observability.logging import log_event
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.chat import ChatJob, chat_plan, read_chat
from harmonium.gateway.routes.completions import CompletionJob, completion_plan, read_completion
from harmonium.gateway.routes.responses import ResponsesJob, read_responses, responses_plan
from harmonium.gateway.service import Service


async def chat(service: Service, request: Request, record: RequestRecord) -> AnswerResponse:
    """Serve ``POST /v1/chat/completions``."""
    body = await read_body(request, service.settings)
    service = service.for_model(body.get("model"))
    capabilities = await service.engine.capabilities()

    def prepare() -> AnswerSource:
        asked, prompt = read_chat(body, service)
        plan = chat_plan(asked, prompt, capabilities, service, record)
        _log_content(service, record, prompt)
        return ChatJob(asked, plan, service, record)

    return await _delivery(service, request, record, prepare)


async def responses(service: Service, request: Request, record: RequestRecord) -> AnswerResponse:
    """Serve ``POST /v1/responses``."""
    body = await read_body(request, service.settings)
    service = service.for_model(body.get("model"))
    capabilities = await service.engine.capabilities()

    def prepare() -> AnswerSource:
        context = capabilities.max_context
        asked, prompt, before = read_responses(body, service, record.owner, context)
        plan = responses_plan(asked, prompt, capabilities, service, record)
        _log_content(service, record, prompt)
        return ResponsesJob(asked, before, plan, service, record)

    return await _delivery(service, request, record, prepare)


async def completions(service: Service, request: Request, record: RequestRecord) -> AnswerResponse:
    """Serve ``POST /v1/completions``."""
    body = await read_body(request, service.settings)
    service = service.for_model(body.get("model"))
    capabilities = await service.engine.capabilities()

    def prepare() -> AnswerSource:
        asked = read_completion(body, service.encoding)
        plan = completion_plan(asked, capabilities, service, record)
        _log_content(service, record, list(plan.requests[0].prompt))
        return CompletionJob(asked, plan, service, record)

    return await _delivery(service, request, record, prepare)


async def _delivery(
    service: Service, request: Request, record: RequestRecord, prepare: Callable[[], AnswerSource]
) -> AnswerResponse:
    """Read the request, beside the event loop when it is large, and make its delivery."""
    record.engine = service.engine.name
    size = int(request.headers.get("content-length") or service.settings.body_bytes)
    await service.pace.wait()
    job = await service.run_cpu_bound(size, prepare)
    return AnswerResponse(job, service, record)


def _log_content(service: Service, record: RequestRecord, prompt: list[int]) -> None:
    """Log the prompt, where the operator has asked for that."""
    if service.settings.log_content:
        fields = {"request_id": record.request_id, "prompt": service.encoding.decode(prompt)}
        log_event("content", fields, level=logging.DEBUG)
