"""Routes that convert without an engine: texts, requests and answers to and from ids.

Their answers are what the generating routes use internally.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import starmap

from starlette.requests import Request
from starlette.responses import Response

from harmonium.errors import RequestError
from harmonium.gateway.admission.conversions import Deadline
from harmonium.gateway.http.json_response import json_response
from harmonium.gateway.http.request_body import check_counts, read_body
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.routes.chat import read_chat
from harmonium.gateway.routes.responses import read_responses
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject
from harmonium.openai import (
    ChatAnswer,
    EngineFinish,
    read_choice,
    read_flag,
    read_integer,
    read_list,
    read_object,
    response_answer,
)
from harmonium.parse import Event, Parser
from harmonium.render import Segment, Special

Convert = Callable[[JSONObject, Service, str | None, Deadline], JSONObject]
_FINISHES = ("stop", "length")
_SLICE = 2_048
"""Ids parsed between two looks at the deadline: some milliseconds."""


def json_endpoint(
    convert: Convert,
) -> Callable[[Service, Request, RequestRecord], Awaitable[Response]]:
    """Build a route of a conversion: its body goes in, what comes out is the answer."""

    async def endpoint(service: Service, request: Request, record: RequestRecord) -> Response:
        body = await read_body(request, service.settings)
        request_of = body.get("request")
        named = request_of if isinstance(request_of, dict) else body
        one = service.for_model(named.get("model"))

        def work(deadline: Deadline) -> Response:
            return json_response(convert(body, one, record.owner, deadline))

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        return await service.conversions.run(record.owner, work, gone)

    return endpoint


def tokenize(body: JSONObject, service: Service, _: str | None, __: Deadline) -> JSONObject:
    """Return the ids of a text, or of the prompt that a chat request becomes.

    Raises:
        RequestError: something in the body is wrong.

    """
    encoding = service.encoding
    if "messages" in body:
        request = {
            "model": "-",
            **{name: value for name, value in body.items() if value is not None},
        }
        ids = read_chat(request, service)[1]
    else:
        prompt = body.get("prompt")
        if not isinstance(prompt, str):
            message = "prompt must be a string; or send messages"
            raise RequestError(message, param="prompt", code="invalid_type")
        special = body.get("allow_special", True)
        if read_flag(special, "allow_special"):
            ids = encoding.encode(prompt, allowed_special="all")
        else:
            ids = encoding.encode_ordinary(prompt)
    answer: JSONObject = {"count": len(ids), "max_model_len": None, "tokens": ids}
    if read_flag(body.get("return_token_strs") or False, "return_token_strs"):
        answer["token_strs"] = [_spell(service, one) for one in ids]
    return answer


def detokenize(body: JSONObject, service: Service, _: str | None, __: Deadline) -> JSONObject:
    """Return the text of ids, special tokens by their names.

    Raises:
        RequestError: something in the body is wrong.

    """
    ids = _read_ids(body.get("tokens"), "tokens", service)
    return {"prompt": service.encoding.decode(ids)}


def render_chat(body: JSONObject, service: Service, _: str | None, __: Deadline) -> JSONObject:
    """Return what a chat request becomes: the prompt's ids and segments.

    Raises:
        RequestError: something in the body is wrong.

    """
    asked, ids = read_chat(body, service)
    segments = service.encoding.render_segments(
        asked.conversation, next_role="assistant", profile=service.settings.profile
    )
    return _rendered(service, ids, segments, asked.names.declared)


def render_responses(
    body: JSONObject, service: Service, owner: str | None, _: Deadline
) -> JSONObject:
    """Return what a Responses request becomes: the prompt's ids and segments.

    Raises:
        RequestError: something in the body is wrong.

    """
    asked, ids, _before = read_responses(body, service, owner)
    profile, history = service.settings.profile, asked.history
    segments = service.encoding.render_segments(
        asked.conversation, next_role="assistant", profile=profile, history=history
    )
    return _rendered(service, ids, segments, asked.tools.parser_tools)


def derender_chat(
    body: JSONObject, service: Service, _: str | None, deadline: Deadline
) -> JSONObject:
    """Return the chat completion that generated ids amount to.

    Raises:
        RequestError: something in the body is wrong.
        ParseError: the ids deviate from Harmony, under the strict policy.

    """
    asked, prompt = read_chat(_request_of(body, service), service)
    said, finish = _answer_of(body, service)
    if len(said) != asked.answer.n:
        message = f"token_ids has {len(said)} choices, but the request asks for {asked.answer.n}"
        raise RequestError(message, param="token_ids", code="invalid_value")
    answer = ChatAnswer(asked, service.answer_context, service.chat_options)
    for choice, ids in enumerate(said):
        parser = service.encoding.parser(policy=service.settings.policy, tools=asked.names.declared)
        for events in _parse(parser, ids, deadline):
            answer.feed(events, choice)
        answer.finish(finish, choice)
    return answer.to_dict(len(prompt))


def derender_responses(
    body: JSONObject, service: Service, owner: str | None, deadline: Deadline
) -> JSONObject:
    """Return the response that generated ids amount to.

    Raises:
        RequestError: something in the body is wrong.
        ParseError: the ids deviate from Harmony, under the strict policy.

    """
    asked, prompt, _ = read_responses(_request_of(body, service), service, owner)
    (ids, *others), finish = _answer_of(body, service)
    if others:
        message = "token_ids has several choices; a response has one"
        raise RequestError(message, param="token_ids", code="invalid_value")
    parser = service.encoding.parser(policy=service.settings.policy, tools=asked.tools.parser_tools)
    answer = response_answer(asked, service.answer_context, service.response_options)
    for events in _parse(parser, ids, deadline):
        answer.feed(events)
    answer.finish(finish, input_tokens=len(prompt), now=int(service.now()))
    return answer.response


def _parse(parser: Parser, ids: Sequence[int], deadline: Deadline) -> Iterator[list[Event]]:
    """Return the events of ids, slice by slice, as long as there is time."""
    for start in range(0, len(ids), _SLICE):
        deadline.check()
        yield parser.feed(ids[start : start + _SLICE])
    yield parser.close()


def _rendered(
    service: Service, ids: list[int], segments: Sequence[Segment], tools: Iterable[str]
) -> JSONObject:
    return {
        "token_ids": ids,
        "count": len(ids),
        "stop_token_ids": sorted(service.encoding.stop_tokens_for_assistant_actions),
        "parser_tools": list(tools),
        "segments": [_segment(one) for one in segments],
    }


def _segment(segment: Segment) -> JSONObject:
    kind = "special" if isinstance(segment, Special) else "text"
    origin = segment.origin
    return {"type": kind, "text": segment.text, "message": origin.message, "field": origin.field}


def _request_of(body: JSONObject, service: Service) -> JSONObject:
    found = dict(read_object(body.get("request"), "request"))
    check_counts(found, service.settings)
    return found


def _answer_of(body: JSONObject, service: Service) -> tuple[list[list[int]], EngineFinish]:
    given = read_list(body.get("token_ids"), "token_ids")
    several = bool(given) and all(isinstance(one, list) for one in given)
    rows = given if several else [given]
    said = [
        _read_ids(row, f"token_ids[{at}]" if several else "token_ids", service)
        for at, row in enumerate(rows)
    ]
    finish = read_choice(body.get("finish_reason", "stop"), "finish_reason", _FINISHES)
    return said, "length" if finish == "length" else "stop"


def _read_ids(value: object, param: str, service: Service) -> list[int]:
    last = service.encoding.n_vocab - 1

    def read(at: int, one: object) -> int:
        return read_integer(one, f"{param}[{at}]", 0, last)

    ids = list(starmap(read, enumerate(read_list(value, param))))
    unknown = next((at for at, one in enumerate(ids) if not service.is_known_token(one)), None)
    if unknown is not None:
        message = f"{param}[{unknown}] is not a token of {service.encoding.name}"
        raise RequestError(message, param=f"{param}[{unknown}]", code="unknown_token")
    return ids


def _spell(service: Service, token: int) -> str:
    return service.token_bytes(token).decode("utf-8", "replace")
