"""The gateway in front of real engines, through OpenAI's own client."""

from __future__ import annotations

import json

import openai
import pytest

from scripts.tiny_model.lessons import COUNTING, GET_WEATHER, PERSON
from tests.engines_real.servers import start_gateway
from tests.engines_real.taught import COUNT, NAME

TOOL = {
    "name": GET_WEATHER.name,
    "description": GET_WEATHER.description,
    "parameters": GET_WEATHER.parameters,
}
FORMAT = {"name": PERSON.name, "schema": PERSON.schema}
HELLO = "Hello! How can I help you?"
JAPANESE = "こんにちは、世界！🌸"  # noqa: RUF001
NUMBERS = ", ".join(map(str, range(1, 21))) + "."
RESULT = '{"degrees": 57, "sky": "sunny"}'
WEATHER = "What is the weather in Paris?"


@pytest.fixture(scope="module", params=["vllm", "llamacpp", "gguf", "onnx"])
def gateway(places, request):
    flags = ("--model", NAME, "--unenforced", "prompt", "--date", "2026-11-21")
    with start_gateway(places(request.param), *flags) as url:
        yield url


@pytest.fixture(scope="module")
def client(gateway):
    with openai.OpenAI(base_url=f"{gateway}/v1", api_key="-", max_retries=0, timeout=120) as made:
        yield made


def asked(text, **more):
    return {
        "model": NAME,
        "temperature": 0,
        "messages": [{"role": "user", "content": text}],
        **more,
    }


def test_a_chat_answer_has_its_reasoning_its_end_and_its_usage(client):
    answer = client.chat.completions.create(**asked("hi"))
    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason) == (HELLO, "stop")
    assert choice.message.reasoning == "The user greets me."
    assert answer.usage.completion_tokens == 24


@pytest.mark.parametrize(
    ("question", "text"),
    [("hi", HELLO), ("Greet me in Japanese.", JAPANESE), ("Count to 20.", NUMBERS)],
)
def test_a_streamed_chat_answer_adds_up_to_the_whole_one(client, question, text):
    with client.chat.completions.stream(**asked(question)) as stream:
        deltas = [event.delta for event in stream if event.type == "content.delta"]
        whole = stream.get_final_completion().choices[0]
    assert "".join(deltas) == whole.message.content == text
    assert whole.finish_reason == "stop"


def test_a_chat_tool_call_and_its_result_make_a_round(client):
    tools = [{"type": "function", "function": TOOL}]
    first = client.chat.completions.create(**asked(WEATHER, tools=tools)).choices[0]
    assert first.finish_reason == "tool_calls"
    (call,) = first.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city": "Paris"}')
    said = [
        {"role": "user", "content": WEATHER},
        first.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": RESULT},
    ]
    last = client.chat.completions.create(**asked(WEATHER, tools=tools) | {"messages": said})
    assert last.choices[0].message.content == "Paris: 57 degrees, sunny."


def test_a_chat_answer_in_a_declared_format_is_json(client):
    form = {"type": "json_schema", "json_schema": FORMAT}
    answer = client.chat.completions.create(**asked("Ann is 77 years old.", response_format=form))
    assert json.loads(answer.choices[0].message.content) == {"name": "Ann", "age": 77}


def test_a_chat_answer_that_is_cut_says_length(client):
    answer = client.chat.completions.create(**asked("Count to 20.", max_completion_tokens=30))
    (choice,) = answer.choices
    assert choice.finish_reason == "length"
    assert NUMBERS.startswith(choice.message.content)
    assert answer.usage.completion_tokens == 30


def test_a_stop_string_ends_a_chat_answer(client):
    answer = client.chat.completions.create(**asked("Count to 20.", stop=["7,"]))
    assert answer.choices[0].message.content == NUMBERS.partition("7,")[0]
    assert answer.choices[0].finish_reason == "stop"


def test_several_chat_choices_are_the_same_when_nothing_is_left_to_chance(client):
    answer = client.chat.completions.create(**asked("hi", n=3))
    assert [choice.message.content for choice in answer.choices] == [HELLO] * 3


def test_log_probabilities_spell_the_content(client):
    answer = client.chat.completions.create(**asked("hi", logprobs=True, top_logprobs=2))
    told = answer.choices[0].logprobs.content
    assert "".join(entry.token for entry in told) == HELLO
    assert all(entry.top_logprobs[0].token == entry.token for entry in told)


def test_a_response_has_its_reasoning_and_its_message(client):
    response = client.responses.create(model=NAME, temperature=0, input="hi")
    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert (response.output_text, response.status) == (HELLO, "completed")


def test_a_streamed_response_adds_up_to_the_whole_one(client):
    with client.responses.stream(
        model=NAME, temperature=0, input="Greet me in Japanese."
    ) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        whole = stream.get_final_response()
    assert "".join(deltas) == whole.output_text == JAPANESE


def test_a_responses_tool_call_and_its_result_make_a_round(client):
    tools = [{"type": "function", "strict": False, **TOOL}]
    common = {"model": NAME, "temperature": 0, "tools": tools, "store": False}
    said = [{"role": "user", "content": WEATHER}]
    first = client.responses.create(input=said, **common)
    call = first.output[-1]
    assert (call.type, call.name, call.arguments) == (
        *("function_call", "get_weather", '{"city": "Paris"}'),
    )
    said += [item.model_dump(exclude_none=True) for item in first.output]
    said.append({"type": "function_call_output", "call_id": call.call_id, "output": RESULT})
    assert client.responses.create(input=said, **common).output_text == "Paris: 57 degrees, sunny."


def test_a_response_in_a_declared_format_is_json(client):
    form = {"format": {"type": "json_schema", **FORMAT}}
    response = client.responses.create(
        model=NAME, temperature=0, input="Ann is 77 years old.", text=form
    )
    assert json.loads(response.output_text) == {"name": "Ann", "age": 77}


def test_a_response_that_is_cut_is_incomplete(client):
    response = client.responses.create(
        model=NAME, temperature=0, input="Count to 20.", max_output_tokens=30
    )
    assert response.status == "incomplete"
    assert response.incomplete_details.reason == "max_output_tokens"
    assert response.usage.output_tokens == 30


def test_a_client_that_leaves_ends_an_endless_answer(client):
    body = asked("Count in circles and never stop.")
    with client.chat.completions.create(**body, stream=True) as stream:
        heard = ""
        for chunk in stream:
            heard += chunk.choices[0].delta.content or ""
            if len(heard) > 2 * len(COUNTING):
                break
    assert heard.startswith(COUNTING)
    assert client.with_options(timeout=5).chat.completions.create(**asked("hi")).choices


def test_a_prompt_too_long_is_a_400_in_openais_shape(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**asked("x " * 6_000))
    assert caught.value.code == "context_length_exceeded"


def test_ids_go_in_and_come_out_as_they_are(client):
    answer = client.completions.create(model=NAME, prompt=COUNT.prompt, temperature=0, max_tokens=9)
    assert answer.usage.prompt_tokens == len(COUNT.prompt)
    assert answer.usage.completion_tokens == 9
