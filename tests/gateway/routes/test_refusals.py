"""What is not served is told in OpenAI's shape, on every route, whatever is wrong."""

from __future__ import annotations

import pytest

from harmonium.engines.protocol import Capabilities
from harmonium.gateway.app import ROUTES as SERVED
from tests.gateway.reading import error_of
from tests.gateway.running import BODIES, CHAT, RESPONSES, running
from tests.gateway.scripted import ScriptedEngine

JSON = {"content-type": "application/json"}
POSTED = [path for path, methods in SERVED.items() if "POST" in methods]
PLAIN = [path.replace("{id}", "x").replace("{id:path}", "x") for path in SERVED]


@pytest.mark.parametrize("path", PLAIN)
def test_a_method_that_a_route_does_not_take_is_a_405(gateway, path):
    answer = gateway.client.patch(path)
    assert (answer.status_code, error_of(answer)["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"]


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/chat", "/v1/chat/completions/", "/v1/../etc"])
def test_a_path_that_is_no_route_is_a_404(gateway, path):
    answer = gateway.client.post(path, json={})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b"null", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"n": 1e999'],
)
def test_a_body_that_is_no_object_is_a_400(gateway, path, body):
    answer = gateway.client.post(path, content=body, headers=JSON)
    assert answer.status_code == 400
    assert error_of(answer)["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", POSTED)
def test_a_body_that_nests_too_deep_is_a_400(gateway, path):
    body = b'{"a":' + b"[" * 200 + b"]" * 200 + b"}"
    answer = gateway.client.post(path, content=body, headers=JSON)
    assert (answer.status_code, error_of(answer)["code"]) == (400, "json_too_deep")


@pytest.mark.parametrize("path", POSTED)
def test_a_body_of_another_media_type_is_a_415(gateway, path):
    answer = gateway.client.post(path, content=b"{}", headers={"content-type": "text/plain"})
    assert (answer.status_code, error_of(answer)["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("path", POSTED)
def test_a_field_that_is_missing_is_named(gateway, path):
    answer = gateway.client.post(path, json={})
    assert answer.status_code == 400
    assert error_of(answer)["param"]


BOUNDS = {
    "max_messages": (CHAT | {"messages": CHAT["messages"] * 3}, "messages", 2),
    "max_tools": (
        CHAT | {"tools": [{"type": "function", "function": {"name": f"f{n}"}} for n in range(3)]},
        "tools",
        2,
    ),
    "max_choices": (CHAT | {"n": 3}, "n", 2),
    "max_output_tokens": (CHAT | {"max_tokens": 3}, "max_completion_tokens", 2),
}


@pytest.mark.parametrize("setting", BOUNDS)
def test_a_request_beyond_a_bound_is_a_400(setting):
    body, param, most = BOUNDS[setting]
    with running(**{setting: most}) as gateway:
        answer = gateway.client.post("/v1/chat/completions", json=body)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


def test_a_body_beyond_the_bound_is_a_413_and_headers_a_431():
    with running(body_bytes=300, header_bytes=2000) as gateway:
        large = CHAT | {"messages": [{"role": "user", "content": "x" * 400}]}
        body = gateway.client.post("/v1/chat/completions", json=large)
        headers = gateway.client.get("/v1/models", headers={"x-large": "x" * 2000})
    assert (body.status_code, error_of(body)["code"]) == (413, "request_too_large")
    assert (headers.status_code, error_of(headers)["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize("path", sorted(BODIES))
def test_a_model_that_is_not_served_is_a_404_that_names_those_that_are(gateway, path):
    answer = gateway.client.post(path, json=BODIES[path] | {"model": "gpt-5"})
    assert (answer.status_code, error_of(answer)["code"]) == (404, "model_not_found")
    assert "gpt-oss-test" in error_of(answer)["message"]


def test_a_prompt_longer_than_the_context_is_refused_and_a_long_answer_is_cut():
    engine = ScriptedEngine(can=Capabilities(models=("gpt-oss-test",), max_context=80))
    with running(engine) as gateway:
        long = CHAT | {"messages": [{"role": "user", "content": "long " * 100}]}
        refused = gateway.client.post("/v1/chat/completions", json=long)
        short = gateway.client.post("/v1/chat/completions", json=CHAT | {"max_tokens": 5000})
        most = engine.requests[0].sampling.max_tokens
        room = 80 - len(engine.requests[0].prompt)
    assert (refused.status_code, error_of(refused)["code"]) == (400, "context_length_exceeded")
    assert (short.status_code, most) == (200, room)


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/v1/chat/completions", {"stop": "x" * 257}, "stop"),
        ("/v1/chat/completions", {"logprobs": True, "top_logprobs": 6}, "top_logprobs"),
        ("/v1/responses", {"background": True}, "background"),
        ("/v1/responses", {"previous_response_id": 5}, "previous_response_id"),
        ("/v1/responses", {"previous_response_id": ["resp_1"]}, "previous_response_id"),
        ("/v1/completions", {"echo": True}, "echo"),
        ("/v1/completions", {"suffix": "x"}, "suffix"),
        ("/v1/completions", {"best_of": 2}, "best_of"),
        ("/v1/completions", {"prompt": []}, "prompt"),
        ("/v1/completions", {"prompt": ["a", "b"]}, "prompt"),
        ("/v1/completions", {"prompt": [[1], [2]]}, "prompt"),
        ("/v1/completions", {"prompt": [[[1]]]}, "prompt[0]"),
        ("/v1/completions", {"prompt": [300_000]}, "prompt[0]"),
        ("/v1/completions", {"logit_bias": {"x": 1}}, "logit_bias"),
        ("/v1/completions", {"stop": ["a"] * 5}, "stop"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(gateway, path, fields, param):
    answer = gateway.client.post(path, json=BODIES[path] | fields)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)
    assert gateway.engine.requests == []


HINTS = [
    ("/v1/chat/completions", {"store": True}, "store", "store"),
    ("/v1/chat/completions", {"reasoning_effort": "minimal"}, "effort", "reasoning_effort"),
    ("/v1/responses", {"tools": [{"type": "web_search"}]}, "hosted_tool", "tools[0].type"),
    ("/v1/responses", {"text": {"verbosity": "low"}}, "verbosity", "text.verbosity"),
]


@pytest.mark.parametrize(("path", "fields", "code"), [hint[:3] for hint in HINTS])
def test_a_hint_is_adapted_told_and_counted(gateway, path, fields, code):
    answer = gateway.client.post(path, json=BODIES[path] | fields)
    assert (answer.status_code, answer.headers["x-harmonium-adapted"]) == (200, f"{code}=1")
    record = gateway.record(answer.headers["x-request-id"])
    assert record.log_fields()["adapted"] == {code: 1}
    assert gateway.metric("harmonium_adaptations_total", code=code) >= 1


def test_a_strict_gateway_refuses_what_it_would_have_to_adapt():
    with running(tolerance="strict") as gateway:
        for path, fields, _, param in HINTS:
            answer = gateway.client.post(path, json=BODIES[path] | fields)
            assert (answer.status_code, error_of(answer)["param"]) == (400, param)


@pytest.mark.parametrize("ids", [[300_000], [-1], ["x"], [True], [2**40]])
def test_ids_that_are_no_tokens_are_refused(gateway, ids):
    answers = [
        gateway.client.post("/detokenize", json={"tokens": ids}),
        gateway.client.post(
            "/v1/responses/derender", json={"request": RESPONSES, "token_ids": ids}
        ),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]


def test_too_many_requests_wait_then_are_refused():
    from tests.gateway.scripted import Hold  # noqa: PLC0415

    hold = Hold()
    with running(ScriptedEngine([hold]), concurrency=1, queue=0) as gateway:
        gateway.ask(_begin(gateway))
        answer = gateway.client.post("/v1/chat/completions", json=CHAT)
        gateway.ask(_end(gateway))
    assert (answer.status_code, error_of(answer)["code"]) == (429, "overloaded")
    assert answer.headers["retry-after"] == "1"


def test_a_request_that_waits_too_long_for_its_turn_is_a_503():
    with running(concurrency=1, queue=5, queue_seconds=0.05) as gateway:
        gateway.ask(_begin(gateway))
        answer = gateway.client.post("/v1/chat/completions", json=CHAT)
        gateway.ask(_end(gateway))
    assert (answer.status_code, error_of(answer)["code"]) == (503, "overloaded")


async def _begin(gateway):
    """Take the only turn there is, from inside."""
    gateway.held = gateway.service.admission.slot()
    await gateway.held.__aenter__()


async def _end(gateway):
    await gateway.held.__aexit__(None, None, None)
