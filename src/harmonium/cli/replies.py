"""Answers written in the format of an API. The fold over events is in `harmonium.openai`."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harmonium.cli.requests import ApiRequest, parse_api_request
from harmonium.cli.terminal import Terminal
from harmonium.parse import Event

if TYPE_CHECKING:
    from harmonium.openai import AnswerContext, ChatRequest, EngineFinish, ResponsesRequest

_DATA = b"data: "


@dataclass(frozen=True, slots=True)
class ReplyOptions:
    """What an answer states besides its tokens.

    Args:
        model: the model's name in it; the one the request asked for when None.
        finish: why the engine stopped.
        input_tokens: the length of the prompt.
        fixed: ids that count up, the time 0, and padding that is always the same.
        call_ids: the ids of the first calls, where the answer already had some: results name them.

    """

    model: str | None
    finish: EngineFinish
    input_tokens: int
    fixed: bool
    call_ids: tuple[str, ...] = ()


def write_reply(
    asked: ApiRequest,
    events: Sequence[Event],
    options: ReplyOptions,
    terminal: Terminal,
    *,
    stream: bool,
) -> None:
    """Write an answer as one JSON object, or as stream events, one per line.

    Args:
        asked: the request answered; the answer is of its API.
        events: the parser's.
        options: what is said beside.
        terminal: where to.
        stream: whether the stream is wanted.

    """
    for found in _replies(asked, events, options, stream=stream):
        terminal.write_json(found, line=stream)


def _replies(
    asked: ApiRequest, events: Sequence[Event], options: ReplyOptions, *, stream: bool
) -> Iterable[object]:
    from harmonium.openai import ChatRequest  # noqa: PLC0415  (heavy)

    request = asked.request
    if not isinstance(request, ChatRequest):
        make = _response_stream if stream else _response
        return make(request, events, options)
    # One answer is given, without log probabilities, whatever was asked for.
    body = {name: value for name, value in asked.body.items() if name not in _UNKNOWN}
    alone = parse_api_request(body, "chat", None).request
    make_chat = _chat_stream if stream else _chat
    return make_chat(alone if isinstance(alone, ChatRequest) else request, events, options)


_UNKNOWN = frozenset({"n", "logprobs", "top_logprobs"})


def _answer_context(options: ReplyOptions) -> AnswerContext:
    from harmonium.openai import AnswerContext, counting_ids, random_ids  # noqa: PLC0415  (heavy)

    new_id = counting_ids() if options.fixed else random_ids
    known = iter(options.call_ids)

    def give(prefix: str) -> str:
        return next(known, None) or new_id(prefix) if prefix == "call_" else new_id(prefix)

    if options.fixed:
        return AnswerContext(0, give, "x".__mul__)
    return AnswerContext(int(time.time()), give)


def _chat(
    request: ChatRequest, events: Sequence[Event], options: ReplyOptions
) -> list[Mapping[str, object]]:
    from harmonium.openai import AnswerOptions, ChatAnswer  # noqa: PLC0415  (heavy)

    answer = ChatAnswer(request, _answer_context(options), AnswerOptions(options.model))
    answer.feed(events)
    answer.finish(options.finish)
    return [answer.to_dict(options.input_tokens)]


def _chat_stream(
    request: ChatRequest, events: Sequence[Event], options: ReplyOptions
) -> list[object]:
    from harmonium.openai import AnswerOptions, chat_byte_stream  # noqa: PLC0415  (heavy)

    stream = chat_byte_stream(request, _answer_context(options), AnswerOptions(options.model))
    frames = [*stream.feed(events), *stream.finish(options.finish)]
    frames += stream.end(options.input_tokens)
    return [json.loads(frame.removeprefix(_DATA)) for frame in frames]


def _response(
    request: ResponsesRequest, events: Sequence[Event], options: ReplyOptions
) -> list[Mapping[str, object]]:
    from harmonium.openai import ResponseOptions, response_answer  # noqa: PLC0415  (heavy)

    answer = response_answer(request, _answer_context(options), ResponseOptions(options.model))
    answer.start()
    answer.feed(events)
    answer.finish(options.finish, input_tokens=options.input_tokens)
    return [answer.response]


def _response_stream(
    request: ResponsesRequest, events: Sequence[Event], options: ReplyOptions
) -> list[dict[str, object]]:
    from harmonium.openai import ResponseOptions, response_event_stream  # noqa: PLC0415  (heavy)

    stream = response_event_stream(
        request, _answer_context(options), ResponseOptions(options.model)
    )
    found = [*stream.start(), *stream.feed(events)]
    return [*found, *stream.finish(options.finish, input_tokens=options.input_tokens)]
