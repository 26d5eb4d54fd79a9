"""Every malformed output of the corpus becomes an answer, streamed as whole; or is refused."""

from __future__ import annotations

import pytest

from harmonium.errors import ParseError
from harmonium.testing import malformed_cases
from tests.gateway.reading import error_of, events_of, is_terminated, said_in, text_of
from tests.gateway.running import BODIES, running
from tests.gateway.scripted import ENCODING, ScriptedEngine, chunks_of, ids_of

CASES = malformed_cases()
PATHS = ["/v1/chat/completions", "/v1/responses"]


def tools_of(case, path):
    named = [name.rpartition(".")[2] for name in case.tools]
    if path == "/v1/responses":
        return [{"type": "function", "name": name} for name in named]
    return [{"type": "function", "function": {"name": name}} for name in named]


def visible(path, body):
    if path == "/v1/responses":
        messages = [item for item in body["output"] if item["type"] == "message"]
        return "".join(item["content"][0]["text"] for item in messages)
    return text_of(path, body) or ""


def deviates(case):
    try:
        ENCODING.parse(ids_of(case.text), policy="strict", tools=case.tools)
    except ParseError:
        return True
    return False


def test_there_are_cases():
    assert len(CASES) > 30


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_malformed_output_is_answered_with(gateway, case, path):
    gateway.play(case.text)
    body = BODIES[path] | {"tools": tools_of(case, path)}
    whole = gateway.client.post(path, json=body)
    stream = gateway.client.post(path, json=body | {"stream": True})
    assert (whole.status_code, stream.status_code) == (200, 200)
    assert is_terminated(stream)
    assert said_in(path, events_of(stream)) == visible(path, whole.json())


def test_the_strict_policy_refuses_what_deviates():
    case = next(case for case in CASES if deviates(case))
    with running(ScriptedEngine(chunks_of(case.text)), policy="strict") as gateway:
        for path in PATHS:
            body = BODIES[path] | {"tools": tools_of(case, path)}
            answer = gateway.client.post(path, json=body)
            assert answer.status_code == 502
            assert error_of(answer)["type"] == "server_error"
        gateway.assert_nothing_is_left()
        assert gateway.metric("harmonium_parse_errors_total") == 2
