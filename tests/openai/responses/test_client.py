"""OpenAI's own client takes our streams and answers, served by a stub in place of the network."""

from __future__ import annotations

import json

import httpx2
import openai
import pytest
from pydantic import BaseModel

from harmonium.openai import (
    AnswerContext,
    counting_ids,
    response_answer,
    response_byte_stream,
    responses_request,
)
from harmonium.testing import malformed_cases
from tests.openai.responses.running import (
    ANSWER,
    CALL,
    ENCODING,
    MCP,
    PREAMBLE,
    PYTHON,
    REASONING,
    SEARCH,
    WEATHER,
    ids_of,
    parsed,
)

KINDS = (REASONING, PREAMBLE, SEARCH, PYTHON, MCP, CALL)


def client_of(ids, engine="stop"):
    """A client whose server always gives this answer, streamed or not as the request says."""

    def serve(http):
        request = responses_request(json.loads(http.content))
        streams = request.values["stream"]
        make = response_byte_stream if streams else response_answer
        stream = make(request, AnswerContext(7, counting_ids()))
        sent = [stream.start()]
        sent += [stream.feed(events) for events in parsed(ids, request, range(0, 400, 3))]
        sent.append(stream.finish(engine, input_tokens=3))
        if not streams:
            return httpx2.Response(200, json=stream.response)
        return httpx2.Response(
            200, content=b"".join(sent), headers={"content-type": "text/event-stream"}
        )

    transport = httpx2.Client(transport=httpx2.MockTransport(serve))
    return openai.OpenAI(api_key="none", base_url="http://stub/v1", http_client=transport)


def test_a_response_is_read():
    response = client_of(ids_of(REASONING, ANSWER)).responses.create(model="m", input="hi")
    assert response.output_text == "It is 4."
    assert response.output[0].content[0].text == "Need it."
    assert response.usage.output_tokens_details.reasoning_tokens == 3


def test_a_raw_stream_is_read():
    events = list(client_of(ids_of(ANSWER)).responses.create(model="m", input="hi", stream=True))
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == "It is 4."
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_the_stream_helper_accumulates_every_kind_of_item():
    ids = ids_of(*KINDS)
    with client_of(ids).responses.stream(model="m", input="hi", tools=[WEATHER]) as stream:
        snapshots = [
            event.snapshot
            for event in stream
            if event.type == "response.function_call_arguments.delta"
        ]
        response = stream.get_final_response()
    assert snapshots[-1] == '{"city": "Zürich"}'
    assert [item.type for item in response.output] == [
        "reasoning",
        "message",
        "web_search_call",
        "code_interpreter_call",
        "mcp_call",
        "function_call",
    ]


class Sum(BaseModel):
    total: int


NOTES = {"type": "mcp", "server_label": "notes", "require_approval": "always"}
LISTED = {
    "type": "mcp_list_tools",
    "id": "mcpl_1",
    "server_label": "notes",
    "tools": [{"name": "find", "input_schema": {}}],
}


def test_a_call_is_approved_and_then_run_over_the_wire():
    said = [LISTED, {"role": "user", "content": "find"}]
    client = client_of(ids_of(REASONING, MCP))
    with client.responses.stream(model="m", input=said, tools=[NOTES]) as stream:
        (_, asked) = stream.get_final_response().output
    assert (asked.type, asked.name, asked.arguments) == ("mcp_approval_request", "find", '{"q":1}')
    approval = {
        "type": "mcp_approval_response",
        "approval_request_id": asked.id,
        "approve": True,
    }
    again = client_of(ids_of(ANSWER)).responses
    with again.stream(model="m", input=[*said, asked, approval], tools=[NOTES]) as stream:
        names = [event.type for event in stream]
        call, message = stream.get_final_response().output
    assert "response.mcp_call_arguments.done" in names
    assert (call.type, call.approval_request_id) == ("mcp_call", asked.id)
    assert message.type == "message"


def test_the_parse_helpers_give_the_object_that_was_asked_for():
    client = client_of(ids_of('<|channel|>final<|message|>{"total": 4}<|return|>'))
    parsed_ = client.responses.parse(model="m", input="2 + 2", text_format=Sum)
    assert parsed_.output_parsed == Sum(total=4)
    with client.responses.stream(model="m", input="2 + 2", text_format=Sum) as stream:
        assert stream.until_done().get_final_response().output_parsed == Sum(total=4)


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_the_stream_helper_takes_what_was_malformed(case):
    ids = ENCODING.encode(case.text.removeprefix("<|start|>assistant"), allowed_special="all")
    tools = [{"type": "function", "name": name, "parameters": {}} for name in case.tools]
    with client_of(ids).responses.stream(model="m", input="hi", tools=tools) as stream:
        assert stream.until_done().get_final_response().status == "completed"


def test_an_incomplete_stream_ends_with_its_own_event():
    client = client_of(ids_of(ANSWER)[:-2], "length")
    with client.responses.stream(model="m", input="hi") as stream:
        last = list(stream)[-1]
    assert last.type == "response.incomplete"
    assert last.response.incomplete_details.reason == "max_output_tokens"


def test_a_whole_conversation_goes_back_and_forth():
    client = client_of(ids_of(REASONING, CALL))
    said = [{"role": "user", "content": "weather?"}]
    response = client.responses.create(model="m", input=said, tools=[WEATHER])
    call = response.output[1]
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "20 °C"}
    body = {"input": [*said, *response.output, output], "tools": [WEATHER]}
    prompt = ENCODING.decode(ENCODING.render(responses_request(body).conversation))
    assert prompt.endswith(
        "<|start|>user<|message|>weather?<|end|>"
        "<|start|>assistant<|channel|>analysis<|message|>Need it.<|end|>"
        "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json"
        '<|message|>{"city": "Zürich"}<|call|>'
        "<|start|>functions.get_weather to=assistant<|channel|>commentary<|message|>20 °C<|end|>"
    )
