"""The three forms of a response: events as JSON, events as bytes, the whole object.

All are the same fold; the objects of the `openai` package are made from its JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, cast, get_args

from harmonium.json_types import JSONObject
from harmonium.openai.answers.context import AnswerContext
from harmonium.openai.answers.finish import EngineFinish
from harmonium.openai.responses.answer.sinks import ByteSink, NullSink, ObjectSink
from harmonium.openai.responses.answer.stream import ResponseStream
from harmonium.openai.responses.options import ResponseOptions
from harmonium.openai.responses.request.request import ResponsesRequest
from harmonium.parse import Event

if TYPE_CHECKING:
    from openai import BaseModel
    from openai.types.responses import Response, ResponseStreamEvent


def response_event_stream(
    request: ResponsesRequest, answer_context: AnswerContext, options: ResponseOptions | None = None
) -> ResponseStream[list[JSONObject]]:
    """Build a stream of events as JSON objects; `as_stream_event` makes typed ones of them.

    Example:
        >>> import harmonium
        >>> from harmonium.openai import AnswerContext, counting_ids, responses_request
        >>> request = responses_request({"model": "m", "input": "hi"})
        >>> stream = response_event_stream(request, AnswerContext(0, counting_ids()))
        >>> [event["type"] for event in stream.start()]
        ['response.created', 'response.in_progress']
        >>> parser = harmonium.load_encoding().parser(tools=request.tools.parser_tools)
        >>> events = parser.feed([200005, 17196, 200008, 13225, 200002]) + parser.close()
        >>> stream.feed(events)[2]["delta"]
        'Hello'
        >>> stream.finish("stop", input_tokens=60)[-1]["type"]
        'response.completed'

    """
    return ResponseStream(request, answer_context, ObjectSink(), options)


def response_byte_stream(
    request: ResponsesRequest, answer_context: AnswerContext, options: ResponseOptions | None = None
) -> ResponseStream[bytes]:
    """Build a stream of server-sent events, ``data: [DONE]`` at the end included.

    What each call gives are whole frames: write them in one go.
    """
    return ResponseStream(request, answer_context, ByteSink(), options)


def response_answer(
    request: ResponsesRequest, answer_context: AnswerContext, options: ResponseOptions | None = None
) -> ResponseStream[None]:
    """Build a stream that gives no events: its ``response`` is the whole answer, after the end."""
    return ResponseStream(request, answer_context, NullSink(), options)


def response_object(
    request: ResponsesRequest,
    events: Iterable[Event],
    answer_context: AnswerContext,
    engine: EngineFinish = "stop",
    input_tokens: int = 0,
) -> Response:
    """Return the whole answer to one turn of the model, as an object of the `openai` package.

    Args:
        request: the request answered.
        events: all events of the parser, those of ``Parser.close`` included.
        answer_context: the time, and where ids come from.
        engine: why the engine stopped.
        input_tokens: tokens of the prompt, as the engine reports them.

    """
    answer = response_answer(request, answer_context)
    answer.feed(events)
    answer.finish(engine, input_tokens=input_tokens)
    return as_response(answer.response)


def as_response(response: Mapping[str, object]) -> Response:
    """Build an object of the `openai` package of a response's JSON."""
    from openai.types.responses import Response  # noqa: PLC0415  (heavy)

    return Response.construct(**response)  # type: ignore[arg-type]


def as_stream_event(event: Mapping[str, object]) -> ResponseStreamEvent:
    """Build an object of the `openai` package of an event's JSON, in either dialect."""
    made = _event_types()[str(event["type"])].construct(**event)  # type: ignore[arg-type]
    return cast("ResponseStreamEvent", made)


@cache
def _event_types() -> dict[str, type[BaseModel]]:
    from openai.types.responses import ResponseStreamEvent  # noqa: PLC0415  (heavy)

    union = get_args(ResponseStreamEvent)[0]
    kinds = {get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(union)}
    for end in ("delta", "done"):
        kinds[f"response.reasoning.{end}"] = kinds[f"response.reasoning_text.{end}"]
    return kinds
