"""What the generating routes answer: whole and streamed, with each thing a request can ask for."""

from __future__ import annotations

from dataclasses import replace

import openai
import pytest

from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    Finish,
    JsonObject,
    JsonSchema,
    TokenLogprob,
)
from tests.gateway.reading import (
    error_of,
    events_of,
    frames_of,
    is_terminated,
    said_in,
    text_of,
)
from tests.gateway.running import BODIES, CHAT, RESPONSES, running
from tests.gateway.scripted import ANSWER, FULL, Hold, ScriptedEngine, chunks_of, ids_of

ROUTES = sorted(BODIES)
CHAT_PATH, RESPONSES_PATH, TEXT_PATH = ROUTES[0], "/v1/responses", "/v1/completions"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}
CALL = (
    "<|channel|>commentary to=functions.get_weather <|constrain|>json"
    '<|message|>{"city":"Bern"}<|call|>'
)
BROKEN = "<|channel|>analysis<|message|>Think.<|channel|>final<|message|>Hello there.<|return|>"


@pytest.mark.parametrize("path", ROUTES)
def test_a_stream_says_what_the_whole_answer_says(gateway, path):
    whole = gateway.client.post(path, json=BODIES[path])
    stream = gateway.client.post(path, json=BODIES[path] | {"stream": True})
    assert whole.status_code == stream.status_code == 200
    assert is_terminated(stream)
    assert said_in(path, events_of(stream)) == text_of(path, whole.json())
    assert "Hello there." in text_of(path, whole.json())


def test_the_engine_gets_the_rendered_prompt_and_stop_ids(gateway):
    gateway.client.post(CHAT_PATH, json=CHAT)
    rendered = gateway.client.post(f"{CHAT_PATH}/render", json=CHAT).json()
    (request,) = gateway.engine.requests
    assert list(request.prompt) == rendered["token_ids"]
    assert sorted(request.sampling.stop_token_ids) == rendered["stop_token_ids"]


def test_sampling_reaches_the_engine(gateway):
    fields = {
        "temperature": 0.5, "top_p": 0.25, "seed": 7, "presence_penalty": 1,
        "frequency_penalty": -1, "max_completion_tokens": 9, "logit_bias": {"5": 3}, "n": 2,
    }  # fmt: skip
    gateway.client.post(CHAT_PATH, json=CHAT | fields)
    first, second = (request.sampling for request in gateway.engine.requests)
    assert (first.temperature, first.top_p, first.max_tokens) == (0.5, 0.25, 9)
    assert (first.presence_penalty, first.frequency_penalty) == (1, -1)
    assert dict(first.logit_bias) == {5: 3}
    assert {first.seed, second.seed} == {7, 8}
    assert len({request.request_id for request in gateway.engine.requests}) == 2


@pytest.mark.parametrize("path", ROUTES)
def test_sampling_that_is_left_out_is_the_engines_own_or_the_settings(gateway, path):
    asked = {"temperature": 0, "top_p": 0.5}
    fields = [{}, dict.fromkeys(asked), asked]
    for given in fields:
        gateway.client.post(path, json=BODIES[path] | given)
    with running(temperature=0.25, top_p=0.75) as other:
        for given in fields:
            other.client.post(path, json=BODIES[path] | given)
    told = [
        [(one.sampling.temperature, one.sampling.top_p) for one in served.engine.requests]
        for served in (gateway, other)
    ]
    assert told == [[(None, None)] * 2 + [(0, 0.5)], [(0.25, 0.75)] * 2 + [(0, 0.5)]]


def test_several_choices_are_streamed_side_by_side(gateway):
    body = CHAT | {"n": 3, "stream": True, "stream_options": {"include_usage": True}}
    events = events_of(gateway.client.post(CHAT_PATH, json=body))
    texts = ["", "", ""]
    for choice in (choice for event in events for choice in event["choices"]):
        texts[choice["index"]] += choice["delta"].get("content") or ""
    assert texts == ["Hello there."] * 3
    assert events[-1]["usage"]["completion_tokens"] == 3 * len(ids_of(ANSWER))


def test_the_reason_of_the_engine_is_told(gateway):
    gateway.play("<|channel|>final<|message|>Hello", finish="length")
    answers = [gateway.client.post(path, json=BODIES[path]).json() for path in ROUTES]
    assert answers[0]["choices"][0]["finish_reason"] == "length"
    assert answers[1]["choices"][0]["finish_reason"] == "length"
    assert answers[2]["incomplete_details"] == {"reason": "max_output_tokens"}


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_string_ends_the_answer_and_the_generation(gateway, stream):
    said = chunks_of(f"{ANSWER[: -len('<|return|>')]} And more. And more.<|return|>")
    gateway.play(script=[*said[:-2], Hold(), *said[-2:]])
    body = CHAT | {"stop": ["more. A", "Think"], "stream": stream}
    answer = gateway.client.post(CHAT_PATH, json=body)
    text = said_in(CHAT_PATH, events_of(answer)) if stream else text_of(CHAT_PATH, answer.json())
    assert text == "Hello there. And "
    record = gateway.record(answer.headers["x-request-id"])
    assert (record.finish, record.upstream_cancels) == (["stop"], 1)


def test_a_stop_string_ends_a_text_completion(gateway):
    body = BODIES[TEXT_PATH] | {"stop": "there"}
    choice = gateway.client.post(TEXT_PATH, json=body).json()["choices"][0]
    assert choice["text"].endswith("<|message|>Hello ")
    assert choice["finish_reason"] == "stop"


def test_a_tool_call_goes_out_and_its_result_comes_back(gateway):
    gateway.play(CALL)
    answer = gateway.client.post(CHAT_PATH, json=CHAT | {"tools": [TOOL]}).json()["choices"][0]
    (call,) = answer["message"]["tool_calls"]
    assert (answer["finish_reason"], call["function"]["arguments"]) == (
        "tool_calls",
        '{"city":"Bern"}',
    )
    result = {"role": "tool", "tool_call_id": call["id"], "content": "20 °C"}
    gateway.play(ANSWER)
    history = [*CHAT["messages"], answer["message"], result]
    again = gateway.client.post(CHAT_PATH, json=CHAT | {"messages": history, "tools": [TOOL]})
    assert text_of(CHAT_PATH, again.json()) == "Hello there."


def test_log_probabilities_are_those_of_the_visible_tokens(gateway):
    ids = ids_of("<|channel|>final<|message|>Hi you<|return|>")
    entries = [TokenLogprob(one, -0.5, ((one, -0.5), (0, -2.0))) for one in ids]
    steps = [Chunk((one,), (entry,)) for one, entry in zip(ids, entries, strict=True)]
    gateway.play(
        script=[*steps[:-1], Chunk(steps[-1].token_ids, steps[-1].logprobs, Finish("stop"))]
    )
    body = CHAT | {"logprobs": True, "top_logprobs": 2}
    content = gateway.client.post(CHAT_PATH, json=body).json()["choices"][0]["logprobs"]["content"]
    assert [entry["token"] for entry in content] == ["Hi", " you"]
    assert [len(entry["top_logprobs"]) for entry in content] == [2, 2]
    text = gateway.client.post(TEXT_PATH, json=BODIES[TEXT_PATH] | {"logprobs": 2}).json()
    assert text["choices"][0]["logprobs"]["tokens"][-3:] == ["Hi", " you", "<|return|>"]


@pytest.mark.parametrize("path", [CHAT_PATH, RESPONSES_PATH])
def test_repairs_are_told_to_who_asks(gateway, path):
    gateway.play(BROKEN)
    asking = {"x-harmonium-repairs": "1"}
    quiet = gateway.client.post(path, json=BODIES[path])
    whole = gateway.client.post(path, json=BODIES[path], headers=asking)
    stream = gateway.client.post(path, json=BODIES[path] | {"stream": True}, headers=asking)
    told = whole.json()["harmonium"]["repairs"]
    header = ", ".join(f"{code}={count}" for code, count in told.items())
    assert told
    assert whole.headers["x-harmonium-repairs"] == header
    assert f": harmonium-repairs {header}" in frames_of(stream)
    assert "harmonium" not in quiet.json()
    record = gateway.record(stream.headers["x-request-id"])
    assert dict(record.repairs) == told
    assert all(gateway.metric("harmonium_repairs_total", code=code) >= 3 for code in told)


def test_the_form_of_an_answer_becomes_a_constraint_of_a_stand_in(gateway):
    gateway.engine.can = replace(FULL, is_simulated=True)
    schema = {"name": "city", "schema": WEATHER}
    form = {"type": "json_schema", "json_schema": schema}
    gateway.client.post(CHAT_PATH, json=CHAT | {"response_format": form})
    gateway.client.post(CHAT_PATH, json=CHAT | {"response_format": {"type": "json_object"}})
    form = {"format": {"type": "json_schema", **schema}}
    gateway.client.post(RESPONSES_PATH, json=RESPONSES | {"text": form})
    constraints = [request.constraint for request in gateway.engine.requests]
    assert constraints == [JsonSchema(WEATHER), JsonObject(), JsonSchema(WEATHER)]


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        (CHAT_PATH, {"response_format": {"type": "json_object"}}, "response_format"),
        (RESPONSES_PATH, {"text": {"format": {"type": "json_object"}}}, "text.format"),
    ],
)
def test_a_form_that_the_engine_cannot_enforce_is_refused(gateway, path, fields, param):
    gateway.engine.can = Capabilities(models=FULL.models)
    answer = gateway.client.post(path, json=BODIES[path] | fields)
    assert answer.status_code == 400
    assert error_of(answer)["param"] == param
    assert error_of(answer)["code"] == "unsupported_parameter"


def test_a_form_may_be_left_to_the_prompt():
    engine = ScriptedEngine(can=Capabilities())
    with running(engine, unenforced="prompt") as gateway:
        body = CHAT | {"response_format": {"type": "json_object"}}
        assert gateway.client.post(CHAT_PATH, json=body).status_code == 200
    assert engine.requests[0].constraint is None


def test_settings_decide_where_requests_say_nothing():
    settings = {"temperature": 0.25, "top_k": 5, "max_tokens": 11, "reasoning_field": "both"}
    with running(**settings, aliases=("gpt-4o",), responses_dialect="open-responses") as gateway:
        body = CHAT | {"model": "gpt-4o"}
        message = gateway.client.post(CHAT_PATH, json=body).json()["choices"][0]["message"]
        stream = gateway.client.post(RESPONSES_PATH, json=RESPONSES | {"stream": True})
        sampling = gateway.engine.requests[0].sampling
        asked = gateway.engine.requests[0].model
    assert message["reasoning"] == message["reasoning_content"] == "Think."
    assert "response.reasoning.delta" in {event["type"] for event in events_of(stream)}
    assert (sampling.temperature, sampling.top_k, sampling.max_tokens) == (0.25, 5, 11)
    assert asked == "gpt-oss-test"


def test_the_official_client_streams_parses_and_raises(gateway, client):
    with client.chat.completions.stream(model="gpt-oss-test", messages=CHAT["messages"]) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.content == "Hello there."
    with client.responses.stream(model="gpt-oss-test", input="Hi") as stream:
        assert stream.get_final_response().output_text == "Hello there."
    assert [model.id for model in client.models.list()] == ["gpt-oss-test"]
    assert client.models.retrieve("gpt-oss-test").id == "gpt-oss-test"
    assert client.completions.create(model="gpt-oss-test", prompt="Hi").choices[0].text == ANSWER
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="another", messages=CHAT["messages"])
    assert caught.value.code == "model_not_found"
    gateway.play(script=[*chunks_of(ANSWER)[:9], RuntimeError("x")])
    with pytest.raises(openai.APIError):
        list(
            client.chat.completions.create(
                model="gpt-oss-test", messages=CHAT["messages"], stream=True
            )
        )


def test_a_stored_response_is_gone_on_from_shown_and_forgotten(gateway, client):
    first = client.responses.create(model="gpt-oss-test", input="My name is Ada.")
    client.responses.create(model="gpt-oss-test", input="Who am I?", previous_response_id=first.id)
    prompt = gateway.service.encoding.decode(gateway.engine.requests[-1].prompt)
    assert "My name is Ada." in prompt
    assert "Hello there." in prompt
    assert client.responses.retrieve(first.id).output_text == "Hello there."
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model="gpt-oss-test", input="?", previous_response_id=first.id)
    assert caught.value.code == "previous_response_not_found"


def test_what_previous_messages_said_is_known_to_the_next_response(gateway):
    told = [{"role": "user", "content": "I am Ada."}, {"role": "assistant", "content": "Hello."}]
    body = RESPONSES | {"previous_input_messages": told}
    first = gateway.client.post(RESPONSES_PATH, json=body).json()
    going_on = RESPONSES | {"input": "Who am I?", "previous_response_id": first["id"]}
    assert gateway.client.post(RESPONSES_PATH, json=going_on).status_code == 200
    begun, prompt = (
        gateway.service.encoding.decode(request.prompt) for request in gateway.engine.requests[-2:]
    )
    assert "I am Ada." in begun
    assert prompt.startswith(begun.removesuffix("<|start|>assistant"))


def test_what_is_not_to_be_stored_is_not(gateway):
    response = gateway.client.post(RESPONSES_PATH, json=RESPONSES | {"store": False}).json()
    assert response["store"] is False
    assert gateway.client.get(f"{RESPONSES_PATH}/{response['id']}").status_code == 404


def test_a_server_that_stores_nothing_says_so():
    with running(store="none") as gateway:
        plain = gateway.client.post(RESPONSES_PATH, json=RESPONSES)
        asked = [
            gateway.client.post(RESPONSES_PATH, json=RESPONSES | fields)
            for fields in ({"store": True}, {"previous_response_id": "resp_1"})
        ]
    assert plain.json()["store"] is False
    assert [answer.status_code for answer in asked] == [400, 400]
    assert [error_of(answer)["param"] for answer in asked] == ["store", "previous_response_id"]


def test_what_is_generated_can_be_read_back_without_an_engine(gateway):
    chat = {"request": CHAT, "token_ids": ids_of(ANSWER)}
    answer = gateway.client.post(f"{CHAT_PATH}/derender", json=chat).json()
    direct = gateway.client.post(CHAT_PATH, json=CHAT).json()
    assert answer["choices"] == direct["choices"]
    assert answer["usage"] == direct["usage"]
    made = {"request": RESPONSES, "token_ids": ids_of(ANSWER)}
    response = gateway.client.post(f"{RESPONSES_PATH}/derender", json=made).json()
    assert text_of(RESPONSES_PATH, response) == "Hello there."


def test_the_segments_of_a_prompt_are_its_text(gateway):
    for path in (CHAT_PATH, RESPONSES_PATH):
        rendered = gateway.client.post(f"{path}/render", json=BODIES[path]).json()
        text = "".join(segment["text"] for segment in rendered["segments"])
        assert text == gateway.service.encoding.decode(rendered["token_ids"])
        assert rendered["count"] == len(rendered["token_ids"])


def test_texts_become_tokens_and_tokens_texts(gateway):
    body = {"prompt": "Hi <|call|>", "return_token_strs": True}
    found = gateway.client.post("/tokenize", json=body).json()
    assert found["token_strs"] == ["Hi", " ", "<|call|>"]
    plain = gateway.client.post("/tokenize", json=body | {"allow_special": False}).json()
    assert 200012 not in plain["tokens"]
    back = gateway.client.post("/detokenize", json={"tokens": found["tokens"]}).json()
    assert back == {"prompt": "Hi <|call|>"}
    chat = gateway.client.post("/tokenize", json={"messages": CHAT["messages"]}).json()
    rendered = gateway.client.post(f"{CHAT_PATH}/render", json=CHAT).json()
    assert chat["tokens"] == rendered["token_ids"]


def test_a_prompt_of_text_or_tokens_goes_to_the_engine_as_it_is(gateway):
    text = "<|start|>user<|message|>Hi<|end|><|start|>assistant"
    for prompt in (text, ids_of(text), [text], [ids_of(text)]):
        body = {"model": "gpt-oss-test", "prompt": prompt}
        assert gateway.client.post(TEXT_PATH, json=body).status_code == 200
    assert {tuple(request.prompt) for request in gateway.engine.requests} == {tuple(ids_of(text))}
