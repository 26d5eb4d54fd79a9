"""The `openai` package, sync and async, with its helpers, on a gateway as users start it."""

from __future__ import annotations

from typing import Literal

import openai
import pytest
from pydantic import BaseModel, Field

HELLO = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}
QUESTION = [{"role": "user", "content": "How is the weather?"}]
MALFORMED = "demo:fault=missing-start"
SAID = "This is harmonium's demo engine, without a model. You said: Hello"
TOOL_SAID = "This is harmonium's demo engine, without a model. The tool said: 20 degrees"
OPTIONS = {"api_key": "unused", "max_retries": 0, "timeout": 60}
UNKNOWN = "this model is not served here; use one of: demo"

pytestmark = pytest.mark.anyio


class GetWeather(BaseModel):
    """Tell the weather of a city."""

    city: Literal["Bern", "Rome"]


class Weather(BaseModel):
    city: Literal["Bern", "Rome"]
    degrees: int = Field(ge=20)


@pytest.fixture
def client(url):
    with openai.OpenAI(base_url=url, **OPTIONS) as client:
        yield client


@pytest.fixture
async def async_client(url):
    async with openai.AsyncOpenAI(base_url=url, **OPTIONS) as client:
        yield client


@pytest.fixture
def strict(strict_url):
    with openai.OpenAI(base_url=strict_url, **OPTIONS) as client:
        yield client


def _reasoning(response):
    items = [item for item in response.output if item.type == "reasoning"]
    return [part.text for item in items for part in item.content]


def test_the_stream_helpers_end_with_what_the_whole_answers_say(client):
    chat = client.chat.completions.create(**HELLO)
    with client.chat.completions.stream(**HELLO, stream_options={"include_usage": True}) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        streamed = stream.get_final_completion()
    message = streamed.choices[0].message
    assert "".join(deltas) == message.content == chat.choices[0].message.content == SAID
    assert message.reasoning == chat.choices[0].message.reasoning
    assert (streamed.usage, streamed.choices[0].finish_reason) == (chat.usage, "stop")
    whole = client.responses.create(model="demo", input="Hello")
    with client.responses.stream(model="demo", input="Hello") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()
    assert "".join(deltas) == response.output_text == whole.output_text == SAID
    assert _reasoning(response) == _reasoning(whole) == [message.reasoning]
    assert response.usage == whole.usage


async def test_the_async_client_streams_as_well(async_client):
    async with async_client.chat.completions.stream(**HELLO) as stream:
        assert (await stream.get_final_completion()).choices[0].message.content == SAID
    async with async_client.responses.stream(model="demo", input="Hello") as stream:
        assert (await stream.get_final_response()).output_text == SAID
    chunks = await async_client.chat.completions.create(**HELLO, stream=True)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in chunks]) == SAID
    whole = await async_client.responses.create(model="demo", input="Hello")
    assert whole.output_text == SAID
    assert [model.id async for model in async_client.models.list()] == ["demo"]


def test_a_stream_can_be_left_and_the_client_used_again(client):
    with client.chat.completions.create(**HELLO, stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(**HELLO).choices[0].message.content == SAID


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_tool_of_chat_is_called_and_its_result_answered(client, is_stream):
    tools = [openai.pydantic_function_tool(GetWeather)]
    asked = {"model": "demo", "messages": QUESTION, "tools": tools}
    if is_stream:
        with client.chat.completions.stream(**asked) as stream:
            first = stream.get_final_completion()
    else:
        first = client.chat.completions.parse(**asked)
    message = first.choices[0].message
    (call,) = message.tool_calls
    assert call.function.parsed_arguments == GetWeather(city="Bern")
    result = {"role": "tool", "tool_call_id": call.id, "content": "20 degrees"}
    last = client.chat.completions.create(**asked | {"messages": [*QUESTION, message, result]})
    assert last.choices[0].message.content == TOOL_SAID


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("is_kept", [False, True])
def test_a_tool_of_responses_is_called_and_its_result_answered(client, is_stream, is_kept):
    asked = {"model": "demo", "tools": [openai.pydantic_function_tool(GetWeather)["function"]]}
    asked["tools"][0]["type"] = "function"
    if is_stream:
        with client.responses.stream(**asked, input=QUESTION) as stream:
            first = stream.get_final_response()
    else:
        first = client.responses.parse(**asked, input=QUESTION)
    (call,) = (item for item in first.output if item.type == "function_call")
    assert call.arguments == '{"city": "Bern"}'
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "20 degrees"}
    if is_kept:
        last = client.responses.create(**asked, input=[result], previous_response_id=first.id)
    else:
        last = client.responses.create(**asked, input=[*QUESTION, *first.output, result])
    assert last.output_text == TOOL_SAID


async def test_the_parse_helpers_give_objects(client, async_client):
    expected = Weather(city="Bern", degrees=20)
    chat = {"model": "demo", "messages": QUESTION, "response_format": Weather}
    response = {"model": "demo", "input": QUESTION, "text_format": Weather}
    assert client.chat.completions.parse(**chat).choices[0].message.parsed == expected
    assert client.responses.parse(**response).output_parsed == expected
    with client.chat.completions.stream(**chat) as stream:
        assert stream.get_final_completion().choices[0].message.parsed == expected
    with client.responses.stream(**response) as stream:
        assert stream.get_final_response().output_parsed == expected
    parsed = await async_client.chat.completions.parse(**chat)
    assert parsed.choices[0].message.parsed == expected
    assert (await async_client.responses.parse(**response)).output_parsed == expected


@pytest.mark.parametrize("is_stream", [False, True])
async def test_errors_are_the_clients_own_with_our_message(client, async_client, is_stream):
    unknown = HELLO | {"model": "another", "stream": is_stream}
    with pytest.raises(openai.NotFoundError, match=UNKNOWN):
        client.chat.completions.create(**unknown)
    with pytest.raises(openai.NotFoundError, match=UNKNOWN):
        await async_client.responses.create(model="another", input="Hello", stream=is_stream)
    with pytest.raises(openai.BadRequestError, match="temperature must be from 0 to 2") as caught:
        client.responses.create(model="demo", input="Hello", temperature=9, stream=is_stream)
    assert (caught.value.param, caught.value.code) == ("temperature", "invalid_value")
    assert caught.value.request_id


def test_an_error_in_a_stream_is_raised_in_chat_and_told_in_responses(strict):
    asked = {"model": "demo", "messages": [{"role": "user", "content": MALFORMED}]}
    with (
        pytest.raises(openai.APIError, match="without a start token"),
        strict.chat.completions.stream(**asked) as stream,
    ):
        stream.until_done()
    with strict.responses.stream(model="demo", input=MALFORMED) as stream:
        last = list(stream)[-1]
    assert last.type == "response.failed"
    assert "without a start token" in last.response.error.message
    body = {"model": "demo", "input": MALFORMED}
    rendered = strict.post("/responses/render", cast_to=dict[str, object], body=body)
    assert last.response.usage.input_tokens == rendered["count"]


def test_what_is_cut_short_says_so(client):
    chat = client.chat.completions.create(**HELLO, max_completion_tokens=5)
    assert (chat.choices[0].finish_reason, chat.usage.completion_tokens) == ("length", 5)
    response = client.responses.create(model="demo", input="Hello", max_output_tokens=5)
    assert response.incomplete_details.reason == "max_output_tokens"
    with (
        pytest.raises(openai.LengthFinishReasonError),
        client.chat.completions.stream(
            model="demo", messages=QUESTION, response_format=Weather, max_completion_tokens=20
        ) as stream,
    ):
        stream.until_done()
