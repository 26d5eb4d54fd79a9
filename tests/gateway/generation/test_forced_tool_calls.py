"""A call that is asked for is made, with any engine: it thinks, then goes on behind the header."""

from __future__ import annotations

import json

import pytest

from harmonium.engines.protocol import Chunk, Finish, TokenLogprob
from tests.gateway.reading import events_of, is_terminated
from tests.gateway.running import CHAT, RESPONSES, running
from tests.gateway.scripted import ENCODING, FULL, ScriptedEngine, ids_of

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}
OTHER = {"type": "function", "function": {"name": "look", "parameters": {}}}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
HEADER = (
    "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>"
)


class Thinking(ScriptedEngine):
    """Goes on from where its prompt ends, as a model does: thoughts, a name, arguments."""

    ends_thoughts_with = "<|end|>"
    tells_stops = True
    ends_later = False

    async def generate(self, request):
        self.requests.append(request)
        prompt = ENCODING.decode(request.prompt)
        if prompt.endswith("<|channel|>analysis<|message|>"):
            said = f"I could just say it.{self.ends_thoughts_with}"
        elif prompt.endswith("to=functions"):
            said = '.look <|constrain|>json<|message|>{"at":1}<|call|>'
        elif prompt.endswith(HEADER):
            said = '{"city":"Bern"}<|call|>'
        else:
            said = "<|channel|>final<|message|>It is mild.<|return|>"
        ids = ids_of(said)[: request.sampling.max_tokens]
        stopped = ids[-1] in request.sampling.stop_token_ids
        told = ids if self.tells_stops or not stopped else ids[:-1]
        for one in told[:-1]:
            yield self._chunk(one, request)
        finish = Finish("stop" if stopped else "length", ids[-1] if stopped else None)
        last = self._chunk(told[-1], request)
        if self.ends_later:
            yield last
            last = Chunk((), None if last.logprobs is None else ())
        yield Chunk(last.token_ids, last.logprobs, finish, cached_tokens=len(request.prompt))

    def _chunk(self, one, request):
        if request.sampling.logprobs is None:
            return Chunk((one,))
        return Chunk((one,), (TokenLogprob(one, -1.0),))


@pytest.fixture(scope="module")
def thinking():
    with running(Thinking(can=FULL)) as gateway:
        yield gateway


def ask(gateway, **fields):
    answer = gateway.client.post("/v1/chat/completions", json=CHAT | fields)
    assert answer.status_code == 200
    return answer.json()


def test_without_a_choice_the_model_may_just_answer(thinking):
    answer = ask(thinking, tools=[TOOL])
    assert answer["choices"][0]["message"]["content"] == "It is mild."


@pytest.mark.parametrize("choice", ["required", NAMED])
def test_a_tool_that_must_be_called_is_called(thinking, choice):
    thinking.engine.requests.clear()
    answer = ask(thinking, tools=[TOOL], tool_choice=choice)
    (said,) = answer["choices"]
    assert said["finish_reason"] == "tool_calls"
    assert said["message"]["reasoning"] == "I could just say it."
    assert said["message"]["tool_calls"][0]["function"] == {
        "name": "get_weather",
        "arguments": '{"city":"Bern"}',
    }
    first, second = thinking.engine.requests
    assert tuple(second.prompt[: len(first.prompt)]) == tuple(first.prompt)
    assert answer["usage"]["prompt_tokens_details"]["cached_tokens"] <= len(first.prompt)


def test_of_several_tools_the_model_chooses_one(thinking):
    answer = ask(thinking, tools=[TOOL, OTHER], tool_choice="required")
    assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "look"


@pytest.mark.parametrize("profile", ["guide", "oss", "legacy", "vllm"])
def test_the_header_is_the_one_of_the_profile(profile):
    class Echoing(ScriptedEngine):
        async def generate(self, request):
            self.requests.append(request)
            thinks = len(self.requests) == 1
            yield Chunk(
                tuple(ids_of("x<|end|>" if thinks else "{}<|call|>")), finish=Finish("stop")
            )

    engine = Echoing(can=FULL)
    with running(engine, profile=profile) as gateway:
        answer = ask(gateway, tools=[TOOL], tool_choice="required")
        rendered = {
            "messages": [*CHAT["messages"], answer["choices"][0]["message"]],
            "tools": [TOOL],
        }
        path = "/v1/chat/completions/render"
        later = gateway.client.post(path, json=CHAT | rendered).json()["token_ids"]
    text = ENCODING.decode(engine.requests[1].prompt)
    assert f"{text[text.rindex('to=functions') :]}{{}}<|call|>" in ENCODING.decode(later)


@pytest.mark.parametrize("ending", ["<|end|>", "<|return|>", "<|call|>"])
@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("later", [True, False])
def test_however_the_thoughts_end_the_call_follows(ending, tells, later):
    engine = Thinking(can=FULL)
    engine.ends_thoughts_with, engine.tells_stops, engine.ends_later = ending, tells, later
    with running(engine) as gateway:
        body = CHAT | {"tools": [TOOL], "tool_choice": "required"}
        answer = gateway.client.post("/v1/chat/completions", json=body)
        (said,) = answer.json()["choices"]
        record = gateway.record(answer.headers["x-request-id"])
    assert said["message"]["reasoning"] == "I could just say it."
    assert said["message"]["tool_calls"][0]["function"]["arguments"] == '{"city":"Bern"}'
    assert not (tells and record.repairs)
    assert (record.finish, record.upstream_cancels) == (["stop"], 0)


@pytest.mark.parametrize("most", range(1, 40))
def test_the_limit_of_tokens_holds_for_thoughts_and_call_together(thinking, most):
    answer = ask(thinking, tools=[TOOL], tool_choice="required", max_tokens=most)
    (said,) = answer["choices"]
    whole = said["finish_reason"] == "tool_calls"
    assert whole or said["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] <= max(most, 3)
    calls = said["message"].get("tool_calls", [])
    assert not whole or json.loads(calls[0]["function"]["arguments"]) == {"city": "Bern"}


def test_log_probabilities_stay_with_their_tokens(thinking):
    body = CHAT | {"tools": [TOOL], "tool_choice": "required", "logprobs": True}
    answer = thinking.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["tool_calls"]


def test_the_other_api_forces_calls_as_well_and_custom_ones(thinking):
    tool = {"type": "function", "name": "get_weather", "parameters": WEATHER}
    body = RESPONSES | {"tools": [tool], "tool_choice": "required", "stream": True}
    answer = thinking.client.post("/v1/responses", json=body)
    assert is_terminated(answer)
    output = events_of(answer)[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["reasoning", "function_call"]
    custom = {"type": "custom", "name": "patch"}
    thinking.engine.requests.clear()
    body = RESPONSES | {"tools": [custom], "tool_choice": "required"}
    output = thinking.client.post("/v1/responses", json=body).json()["output"]
    assert [item["type"] for item in output][:2] == ["reasoning", "custom_tool_call"]
    assert "<|constrain|>" not in ENCODING.decode(thinking.engine.requests[1].prompt[-8:])
