"""The official client takes our answers, served through a stub transport."""

from __future__ import annotations

import json

import httpx2 as httpx
import pytest
from openai import APIError, BadRequestError, OpenAI
from pydantic import BaseModel

from harmonium.openai import (
    DONE,
    AnswerContext,
    ChatAnswer,
    RequestError,
    chat_byte_stream,
    chat_request,
    counting_ids,
    error_event,
)
from harmonium.testing import malformed_cases
from tests.openai.chat.running import HI, WEATHER, events_of, ids_of

CALL = (
    "<|channel|>analysis<|message|>Need it.<|end|>"
    "<|start|>assistant<|channel|>commentary<|message|>Let me look.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json"
    '<|message|>{"city": "Zürich"}<|call|>'
)
ANSWER = (
    "<|channel|>analysis<|message|>Easy 👋.<|end|>"
    '<|start|>assistant<|channel|>final<|message|>{"sum": 4}<|return|>'
)


class Sum(BaseModel):
    sum: int


def _serve(text, request):
    """What a server would answer: read the request, run the model's tokens, give the answer."""
    try:
        asked = chat_request(json.loads(request.content))
    except RequestError as error:
        return httpx.Response(error.http_status, json=error.to_dict())
    answer_context = AnswerContext(7, counting_ids())
    if not asked.stream:
        answer = ChatAnswer(asked, answer_context)
        for choice in range(asked.answer.n):
            for events in events_of(ids_of(text), asked):
                answer.feed(events, choice)
            answer.finish("stop", choice)
        return httpx.Response(200, json=answer.to_dict(3))
    stream = chat_byte_stream(asked, answer_context)
    sent = []
    for choice in range(asked.answer.n):
        for events in events_of(ids_of(text), asked, range(99)):
            sent += stream.feed(events, choice)
        sent += stream.finish("stop", choice)
    body = b"".join([*sent, *stream.end(3), DONE])
    return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})


def _client(text, serve=_serve):
    transport = httpx.MockTransport(lambda request: serve(text, request))
    http = httpx.Client(transport=transport)
    return OpenAI(api_key="none", base_url="http://test", http_client=http, max_retries=0)


ASKED = {"model": "gpt-oss", "messages": [HI]}
STRICT = {**WEATHER, "function": {**WEATHER["function"], "strict": True}}


def test_a_whole_answer_is_taken():
    with _client(CALL) as client:
        said = client.chat.completions.create(**ASKED, tools=[WEATHER])
    (call,) = said.choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Zürich"}')
    assert said.choices[0].finish_reason == "tool_calls"
    assert said.choices[0].message.reasoning == "Need it."


def test_a_stream_read_chunk_by_chunk_is_taken():
    with _client(ANSWER) as client:
        options = {"include_usage": True}
        sent = list(client.chat.completions.create(**ASKED, stream=True, stream_options=options))
    texts = [chunk.choices[0].delta.content or "" for chunk in sent if chunk.choices]
    assert "".join(texts) == '{"sum": 4}'
    assert sent[-1].usage.total_tokens == 3 + len(ids_of(ANSWER))


@pytest.mark.parametrize("n", [1, 2])
def test_the_stream_helper_gives_the_final_answer(n):
    with (
        _client(CALL) as client,
        client.chat.completions.stream(**ASKED, tools=[STRICT], n=n) as stream,
    ):
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.done" in kinds
    for choice in final.choices:
        assert choice.message.content == "Let me look."
        (call,) = choice.message.tool_calls
        assert call.function.parsed_arguments == {"city": "Zürich"}
        assert choice.finish_reason == "tool_calls"
    assert len(final.choices) == n


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_the_stream_helper_and_the_whole_answer_agree_on_malformed_outputs(case):
    tools = [{"type": "function", "function": {"name": name}} for name in case.tools]
    asked = {**ASKED, "tools": tools} if tools else ASKED
    with _client(case.text) as client:
        whole = client.chat.completions.create(**asked).choices[0]
        with client.chat.completions.stream(**asked) as stream:
            streamed = stream.get_final_completion().choices[0]
    assert streamed.finish_reason == whole.finish_reason
    assert (streamed.message.content or "") == (whole.message.content or "")
    calls = [
        [(call.function.name, call.function.arguments) for call in said.message.tool_calls or ()]
        for said in (streamed, whole)
    ]
    assert calls[0] == calls[1]


def test_the_parse_helpers_read_structured_answers():
    with _client(ANSWER) as client:
        parsed = client.chat.completions.parse(**ASKED, response_format=Sum)
        with client.chat.completions.stream(**ASKED, response_format=Sum) as stream:
            streamed = stream.get_final_completion()
    assert parsed.choices[0].message.parsed == Sum(sum=4)
    assert streamed.choices[0].message.parsed == Sum(sum=4)


def test_a_request_error_reaches_the_client_with_its_param():
    with _client(ANSWER) as client, pytest.raises(BadRequestError) as caught:
        client.chat.completions.create(**ASKED, service_tier="gold")
    assert (caught.value.param, caught.value.code) == ("service_tier", "invalid_value")


def test_an_engines_error_in_a_stream_reaches_the_client():
    def serve(_, __):
        body = error_event({"message": "out of memory", "type": "server_error"}) + DONE
        return httpx.Response(200, content=body, headers={"content-type": "text/event-stream"})

    with _client("", serve) as client, pytest.raises(APIError, match="out of memory"):
        list(client.chat.completions.create(**ASKED, stream=True))
