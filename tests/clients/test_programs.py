"""Real clients do with the gateway what their users do: each in a program of plain user's code."""

from __future__ import annotations

import tomllib
from pathlib import Path

import httpx2 as httpx
import pytest

LIMITS = tomllib.loads(Path(__file__).with_name("limits.toml").read_text("utf-8"))
BOTH = ("chat", "responses")
APIS = {
    "agents": BOTH,
    "langchain": BOTH,
    "pydantic_ai": BOTH,
    "llm": BOTH,
    "litellm": BOTH,
    "openai": BOTH,
    "ai_sdk": (*BOTH, "stateless", "compatible"),
}
CASES = [f"{client} {api}" for client, apis in APIS.items() for api in apis]
STREAM_FAILURES = {
    "agents responses": "ModelBehaviorError",
    "agents chat": "APIError",
    "langchain chat": "APIError",
    "langchain responses": "ValueError",
    "pydantic_ai chat": "ModelServerError",
    "pydantic_ai responses": "ModelServerError",
    "llm chat": "APIError",
    "litellm chat": "MidStreamFallbackError",
    "litellm responses": "MidStreamFallbackError",
    "openai chat": "APIError",
    "openai responses": "failed",
    "ai_sdk chat": "APICallError",
    "ai_sdk responses": "Object",
    "ai_sdk stateless": "Object",
    "ai_sdk compatible": "Object",
}
"""What each raises, or shows, when a stream ends in an error."""
NOT_FOUND = {
    "langchain": "OpenAIModelNotFoundError",
    "pydantic_ai": "ModelNotFoundError",
    "ai_sdk": "APICallError",
}
"""What clients raise for a model that is not there, where it is not ``NotFoundError``."""


@pytest.fixture(params=CASES)
def case(request):
    return request.param


@pytest.fixture
def outcome(case, report):
    """Return what came of a step of the case."""
    client, api = case.split()
    return report(client).told[api].__getitem__


@pytest.fixture(scope="session")
def plain(url):
    """What the gateway answers to a request without any client."""
    body = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}
    answer = httpx.post(f"{url}/chat/completions", json=body, timeout=60).json()
    message = answer["choices"][0]["message"]
    usage = [answer["usage"][f"{kind}_tokens"] for kind in ("prompt", "completion")]
    return {"text": message["content"], "reasoning": [message["reasoning"]], "usage": usage}


def _has_limit(kind, case, step):
    return any(step in each["steps"] for each in LIMITS[kind] if each["case"] == case)


@pytest.mark.parametrize("step", ["answer", "stream"])
def test_a_client_gives_the_answer_and_counts_its_tokens(outcome, plain, step):
    told = outcome(step)
    assert (told.get("text"), told.get("usage")) == (plain["text"], plain["usage"]), told


def test_a_stream_comes_in_pieces_that_are_the_answer(outcome, plain):
    pieces = outcome("stream")["pieces"]
    assert len(pieces) > 10
    assert "".join(pieces) == plain["text"]


@pytest.mark.parametrize("step", ["answer", "stream"])
def test_a_client_gives_the_reasoning_unless_it_loses_it(case, outcome, plain, step):
    is_whole = outcome(step).get("reasoning") == plain["reasoning"]
    assert is_whole != _has_limit("reasoning_shown", case, step)


@pytest.mark.parametrize("step", ["tool", "streamed_tool"])
def test_a_tool_is_called_and_the_model_goes_on_with_its_result(outcome, step):
    said = "This is harmonium's demo engine, without a model. The tool said: "
    expected = {"called": ["Bern"], "text": f"{said}20 degrees and sunny in Bern"}
    assert outcome(step) == expected


@pytest.mark.parametrize("step", ["tool", "streamed_tool"])
def test_the_reasoning_before_a_call_comes_back_unless_the_client_drops_it(case, report, step):
    client, api = case.split()
    prompt = report(client).prompt(api, step)
    is_there = "<|message|>There is no model. A tool is declared: functions.get_weather." in prompt
    assert is_there != _has_limit("reasoning_sent_back", case, step)


def test_a_form_of_the_answer_is_kept(outcome):
    assert outcome("structured") == {"city": "Bern", "degrees": 20}


def test_an_unknown_model_is_the_clients_own_error_with_our_message(case, outcome):
    told = outcome("error")
    assert told["status"] == 404, told
    assert told["class"] == NOT_FOUND.get(case.split()[0], "NotFoundError")
    assert "this model is not served here; use one of: demo" in told["message"]


@pytest.mark.parametrize("case", STREAM_FAILURES, indirect=True)
def test_an_error_in_a_stream_is_raised_or_told_with_our_message(case, outcome):
    told = outcome("broken_stream")
    assert told.get("class") == STREAM_FAILURES[case], told
    assert "a message that begins without a start token" in told["message"]


@pytest.mark.parametrize("case", [each["case"] for each in LIMITS["broken_stream"]], indirect=True)
def test_an_error_in_a_stream_stays_unseen_where_the_client_passes_over_it(outcome):
    assert set(outcome("broken_stream")) == {"text"}


def test_every_error_in_a_stream_is_accounted_for():
    unseen = {each["case"] for each in LIMITS["broken_stream"]}
    assert {*STREAM_FAILURES} | unseen == set(CASES)
