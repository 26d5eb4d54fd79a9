"""What the engine does wrong, on every route, streamed and whole: the right error, nothing left."""

from __future__ import annotations

import json

import pytest

from harmonium.engines.protocol import Chunk, Finish
from harmonium.errors import (
    EngineBrokenError,
    EngineProtocolError,
    EngineRejectedError,
    EngineTimeoutError,
    EngineUnavailableError,
    OverloadedError,
)
from tests.gateway.reading import error_of, events_of, is_terminated, text_of
from tests.gateway.running import BODIES
from tests.gateway.scripted import ANSWER, Hold, chunks_of

BEGINNING = chunks_of(ANSWER)[:9]
SPLIT = (Chunk((200005, 17196, 200008, 9014)),)

ROUTES = sorted(BODIES)
FAULTS = {
    "refuses": (EngineUnavailableError("refused"), 503, "engine_unavailable"),
    "is slow to connect": (EngineTimeoutError("slow", phase="connect"), 504, "engine_timeout"),
    "says 400": (EngineRejectedError("no", upstream_status=400), 400, "engine_rejected"),
    "says 401": (EngineRejectedError("no", upstream_status=401), 502, "engine_rejected"),
    "sends garbage": (EngineProtocolError("garbage"), 502, "engine_protocol"),
    "dies": (EngineBrokenError("died"), 502, "engine_broken"),
    "is full": (OverloadedError("full", retry_after=7, http_status=429), 429, "overloaded"),
    "has a fault of ours": (ZeroDivisionError("secret"), 500, "internal_error"),
}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_engine_that_fails_before_its_first_token_is_a_status(gateway, path, fault):
    error, status, code = FAULTS[fault]
    gateway.play(script=[error])
    before = gateway.metric("harmonium_errors_total", code=code) or 0
    for stream in (False, True):
        answer = gateway.client.post(path, json=BODIES[path] | {"stream": stream})
        assert (answer.status_code, error_of(answer)["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/json"
        assert ("retry-after" in answer.headers) == (status in {429, 503})
        gateway.record(answer.headers["x-request-id"])
    assert gateway.metric("harmonium_errors_total", code=code) == before + 2


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_engine_that_fails_in_a_stream_ends_it_properly(gateway, path, fault):
    error, status, code = FAULTS[fault]
    gateway.play(script=[*BEGINNING, error])
    answer = gateway.client.post(path, json=BODIES[path] | {"stream": True})
    assert answer.status_code == 200
    assert is_terminated(answer)
    assert "secret" not in answer.text
    last = events_of(answer)[-1]
    if path == "/v1/responses":
        told = "rate_limit_exceeded" if status == 429 else "server_error"
        assert (last["type"], last["response"]["error"]["code"]) == ("response.failed", told)
    else:
        assert last["error"]["code"] == code
    assert gateway.record(answer.headers["x-request-id"]).error == code


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_engine_that_fails_in_a_whole_answer_is_a_status(gateway, path, fault):
    error, status, code = FAULTS[fault]
    gateway.play(script=[*BEGINNING, error])
    answer = gateway.client.post(path, json=BODIES[path])
    assert (answer.status_code, error_of(answer)["code"]) == (status, code)
    assert "secret" not in answer.text


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ROUTES)
def test_an_engine_that_never_begins_is_given_up(impatient, path, stream):
    cancels = impatient.metric("harmonium_upstream_cancels_total") or 0
    impatient.play(script=[Hold()])
    answer = impatient.client.post(path, json=BODIES[path] | {"stream": stream})
    assert (answer.status_code, error_of(answer)["code"]) == (504, "engine_timeout")
    impatient.record(answer.headers["x-request-id"])
    assert impatient.metric("harmonium_upstream_cancels_total") == cancels + 1


@pytest.mark.parametrize("path", ROUTES)
def test_an_engine_that_stalls_in_a_stream_is_given_up(impatient, path):
    impatient.play(script=[*BEGINNING, Hold()])
    answer = impatient.client.post(path, json=BODIES[path] | {"stream": True})
    assert answer.status_code == 200
    assert is_terminated(answer)
    record = impatient.record(answer.headers["x-request-id"])
    assert (record.error, record.upstream_cancels) == ("engine_timeout", 1)


@pytest.mark.parametrize("path", ROUTES)
def test_an_engine_that_stalls_in_a_whole_answer_is_given_up(impatient, path):
    impatient.play(script=[*BEGINNING, Hold()])
    answer = impatient.client.post(path, json=BODIES[path])
    assert (answer.status_code, error_of(answer)["code"]) == (504, "engine_timeout")


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("finish", ["abort", "error"])
def test_an_engine_that_gives_up_by_itself_is_broken(gateway, path, finish):
    gateway.play(script=[*BEGINNING, Chunk((), finish=Finish(finish))])
    answer = gateway.client.post(path, json=BODIES[path])
    assert (answer.status_code, error_of(answer)["code"]) == (502, "engine_broken")


@pytest.mark.parametrize("path", ROUTES)
def test_an_engine_that_ends_without_saying_why_is_broken(gateway, path):
    gateway.play(script=BEGINNING)
    answer = gateway.client.post(path, json=BODIES[path])
    assert (answer.status_code, error_of(answer)["code"]) == (502, "engine_broken")


@pytest.mark.parametrize("path", ROUTES)
def test_what_comes_behind_the_end_is_not_heard(gateway, path):
    ending = chunks_of(ANSWER)
    gateway.play(script=[*ending, ending[-1], EngineBrokenError("late")])
    answer = gateway.client.post(path, json=BODIES[path])
    assert answer.status_code == 200
    assert text_of(path, answer.json()).count("Hello there.") == 1


@pytest.mark.parametrize("path", ROUTES)
def test_the_engine_may_cut_its_ids_as_it_likes(gateway, path):
    said = set()
    for each in (1, 2, 5, 1000):
        gateway.play(ANSWER, each=each)
        said.add(text_of(path, gateway.client.post(path, json=BODIES[path]).json()))
    assert len(said) == 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses"])
def test_an_engine_that_dies_inside_a_character_harms_no_other(gateway, path):
    gateway.play(script=[*SPLIT, EngineBrokenError("died")])
    answer = gateway.client.post(path, json=BODIES[path] | {"stream": True})
    assert is_terminated(answer)
    assert all(json.dumps(event, ensure_ascii=False).encode() for event in events_of(answer))


def test_one_of_several_choices_that_fails_ends_them_all(gateway):
    gateway.play(script=[*BEGINNING, EngineBrokenError("died")])
    body = BODIES["/v1/chat/completions"] | {"n": 4}
    answer = gateway.client.post("/v1/chat/completions", json=body)
    assert (answer.status_code, error_of(answer)["code"]) == (502, "engine_broken")


def test_an_engine_that_cannot_be_asked_what_it_can_do_is_unavailable(gateway):
    gateway.engine.can = EngineUnavailableError("refused")
    answers = [gateway.client.post(path, json=BODIES[path]) for path in ROUTES]
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["retry-after"] for answer in answers} == {"1"}
