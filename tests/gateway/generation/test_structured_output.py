"""An answer that must have a form has it: the engine's constraint begins where the text does."""

from __future__ import annotations

import json

import pytest

from harmonium.engines.protocol import (
    Capabilities,
    Chunk,
    Finish,
    JsonObject,
    JsonSchema,
    TokenLogprob,
)
from tests.gateway.reading import error_of, events_of, is_terminated
from tests.gateway.running import CHAT, RESPONSES, running
from tests.gateway.scripted import ENCODING, FULL, ScriptedEngine, ids_of

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PLACE = {"type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"]}
FORM = {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}}
SAID = {json.dumps(CITY): '{"city":"Bern"}', json.dumps(PLACE): '{"at":1}'}
THOUGHT = "<|channel|>analysis<|message|>Bern, I think.<|end|>"
FINAL = "<|start|>assistant<|channel|>final<|message|>"
CALL = "<|start|>assistant<|channel|>commentary to=functions.get_weather<|message|>"
JSON_FINAL = "<|start|>assistant<|channel|>final <|constrain|>json<|message|>"
ANSWERS = {
    "thought, then answer": f"{THOUGHT}{FINAL}It is Bern.<|return|>",
    "answer alone": "<|channel|>final<|message|>It is Bern.<|return|>",
    "thought, then an answer that is called JSON": f"{THOUGHT}{JSON_FINAL}{{}}<|return|>",
    "thought alone": THOUGHT.replace("<|end|>", "<|return|>"),
    "nothing": "<|return|>",
}


class Model(ScriptedEngine):
    """Writes its answer as long as it may: to a stop id, or held to a form."""

    answer = ANSWERS["thought, then answer"]
    ends_later = False
    length = 0

    async def generate(self, request):
        self.length = self.length if self.requests else len(request.prompt)
        self.requests.append(request)
        ids = self._rest(tuple(request.prompt[self.length :]), request.constraint)
        stops = set(request.sampling.stop_token_ids)
        end = next((at + 1 for at, one in enumerate(ids) if one in stops), len(ids))
        ids = ids[: min(end, request.sampling.max_tokens or end)]
        finish = Finish("stop", ids[-1]) if ids[-1] in stops else Finish("length")
        for one in ids[:-1]:
            yield self._chunk((one,), request)
        if self.ends_later:
            yield self._chunk((ids[-1],), request)
        last = self._chunk(() if self.ends_later else (ids[-1],), request)
        yield Chunk(last.token_ids, last.logprobs, finish, cached_tokens=len(request.prompt))

    def _rest(self, written, constraint):
        """What follows: JSON where that is asked for, else the rest of the answer."""
        if isinstance(constraint, JsonObject):
            return ids_of("{}<|return|>")
        if constraint is not None:
            return ids_of(f"{SAID[json.dumps(constraint.schema)]}<|return|>")
        answer = tuple(ids_of(self.answer))
        assert answer[: len(written)] == written
        return answer[len(written) :]

    def _chunk(self, ids, request):
        if request.sampling.logprobs is None:
            return Chunk(ids)
        return Chunk(ids, tuple(TokenLogprob(one, -1.0) for one in ids))


def ask(engine, path="/v1/chat/completions", **fields):
    with running(engine) as gateway:
        base = RESPONSES if path == "/v1/responses" else CHAT
        return gateway.client.post(path, json=base | fields)


@pytest.mark.parametrize("later", [True, False])
@pytest.mark.parametrize("kind", list(ANSWERS))
def test_however_the_model_comes_to_its_answer_it_has_the_form(kind, later):
    engine = Model(can=FULL)
    engine.answer, engine.ends_later = ANSWERS[kind], later
    answer = ask(engine, response_format=FORM).json()["choices"][0]
    assert (answer["message"]["content"], answer["finish_reason"]) == ('{"city":"Bern"}', "stop")
    assert answer["message"].get("reasoning") == ("Bern, I think." if "thought" in kind else None)
    *free, held = engine.requests
    assert [request.constraint for request in free] == [None] * len(free)
    assert held.constraint == JsonSchema(CITY)
    assert held.prompt[-1] == ENCODING.format.message


def test_any_object_is_a_form_as_well():
    engine = Model(can=FULL)
    answer = ask(engine, response_format={"type": "json_object"}).json()
    assert answer["choices"][0]["message"]["content"] == "{}"
    assert engine.requests[-1].constraint == JsonObject()


def test_the_other_api_streams_an_answer_with_a_form():
    form = {"format": {"type": "json_schema", "name": "city", "schema": CITY}}
    answer = ask(Model(can=FULL), "/v1/responses", text=form, stream=True)
    assert is_terminated(answer)
    response = events_of(answer)[-1]["response"]
    assert [item["type"] for item in response["output"]] == ["reasoning", "message"]
    assert response["output"][1]["content"][0]["text"] == '{"city":"Bern"}'


def test_a_preamble_is_a_message_of_its_own():
    engine = Model(can=FULL)
    engine.answer = f"<|channel|>commentary<|message|>Wait.<|end|>{FINAL}Bern.<|return|>"
    form = {"format": {"type": "json_schema", "name": "city", "schema": CITY}}
    output = ask(engine, "/v1/responses", text=form).json()["output"]
    assert [item["content"][0]["text"] for item in output] == ["Wait.", '{"city":"Bern"}']


def test_a_model_that_calls_a_tool_instead_is_left_alone():
    engine = Model(can=FULL)
    engine.answer = f'{THOUGHT}{CALL}{{"city": "Oslo"}}<|call|>'
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": CITY}}]
    answer = ask(engine, response_format=FORM, tools=tools).json()["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"]["tool_calls"][0]["function"]["arguments"] == '{"city": "Oslo"}'
    assert {request.constraint for request in engine.requests} == {None}


def test_markers_cannot_stand_in_the_text_that_is_held():
    engine, form = Model(can=FULL), ENCODING.format
    ask(engine, response_format=FORM, logit_bias={"5": 2})
    *free, held = [request.sampling for request in engine.requests]
    assert [sampling.logit_bias for sampling in free] == [{5: 2}] * len(free)
    bias = dict(held.logit_bias)
    assert bias.pop(5) == 2
    assert set(bias.values()) == {-100.0}
    assert {form.start, form.channel, form.message, form.constrain, form.end} <= set(bias)
    assert not set(bias) & set(held.stop_token_ids)


@pytest.fixture(scope="module")
def gateway():
    with running(Model(can=FULL)) as made:
        yield made


@pytest.mark.parametrize("kind", ["thought, then answer", "thought alone"])
@pytest.mark.parametrize("most", range(1, 25))
def test_the_limit_of_tokens_holds_for_all_parts_together(gateway, most, kind):
    gateway.engine.answer = ANSWERS[kind]
    gateway.engine.requests.clear()
    body = CHAT | {"response_format": FORM, "max_tokens": most}
    answer = gateway.client.post("/v1/chat/completions", json=body).json()
    assert answer["usage"]["completion_tokens"] <= most
    whole = answer["choices"][0]["message"]["content"] == '{"city":"Bern"}'
    assert whole or answer["choices"][0]["finish_reason"] == "length"


def test_what_the_engine_had_in_its_cache_is_told_of_the_prompt_alone():
    engine = Model(can=FULL)
    usage = ask(engine, response_format=FORM).json()["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] == usage["prompt_tokens"]


def test_log_probabilities_stay_with_their_tokens():
    engine = Model(can=FULL)
    engine.answer = ANSWERS["thought alone"]
    answer = ask(engine, response_format=FORM, logprobs=True).json()["choices"][0]
    told = answer["logprobs"]["content"]
    assert "".join(entry["token"] for entry in told) == '{"city":"Bern"}'
    assert {entry["logprob"] for entry in told} == {-1.0}


def test_arguments_of_a_call_that_is_forced_have_the_form_of_its_tool():
    engine = Forced(can=FULL)
    tools = [
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name, schema in (("get_weather", CITY), ("look", PLACE))
    ]
    for chosen, arguments in ((tools[:1], '{"city":"Bern"}'), (tools, '{"at":1}')):
        answer = ask(engine, tools=chosen, tool_choice="required").json()["choices"][0]
        (call,) = answer["message"]["tool_calls"]
        assert call["function"]["arguments"] == arguments
    held = [request.constraint for request in engine.requests if request.constraint]
    assert held == [JsonSchema(CITY), JsonSchema(PLACE)]


def test_without_such_constraints_the_arguments_are_left_to_the_model():
    engine = Forced(can=Capabilities())
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": CITY}}]
    answer = ask(engine, tools=tools, tool_choice="required").json()["choices"][0]
    assert answer["message"]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert {request.constraint for request in engine.requests} == {None}


class Forced(Model):
    """Thinks, chooses the second tool, and gives no arguments unless it must."""

    def _rest(self, written, constraint):
        if constraint is not None:
            return super()._rest(written, constraint)
        text = ENCODING.decode(written)
        if text.endswith("to=functions"):
            return ids_of(".look <|constrain|>json<|message|>")
        return ids_of("{}<|call|>" if text.endswith("json<|message|>") else "Hm.<|end|>")


class Endless(ScriptedEngine):
    """Begins message after message."""

    async def generate(self, request):
        self.requests.append(request)
        yield Chunk((ENCODING.format.message,), finish=Finish("stop", ENCODING.format.message))


def test_a_model_that_only_begins_messages_fails():
    engine = Endless(can=FULL)
    answer = ask(engine, response_format=FORM, max_tokens=4000)
    assert answer.status_code == 502
    assert error_of(answer)["code"]
    assert len(engine.requests) == 64
