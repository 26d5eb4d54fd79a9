"""Streams that end otherwise than planned are still streams that a client can read."""

from __future__ import annotations

import json

import pytest

from harmonium.errors import EngineBrokenError, EngineTimeoutError
from tests.gateway.running import RESPONSES, running
from tests.gateway.scripted import ANSWER, Hold, ScriptedEngine, chunks_of
from tests.openai.responses.rules import faults

FAULTS = [EngineBrokenError("died"), EngineTimeoutError("slow", phase="read"), ZeroDivisionError()]


def after_silence(*script):
    """The events of a response whose stream was kept alive by a comment before it began."""
    hold = Hold()
    body = RESPONSES | {"stream": True}
    with (
        running(ScriptedEngine([hold, *script]), keepalive_seconds=0.02) as gateway,
        gateway.client.stream("POST", "/v1/responses", json=body) as answer,
    ):
        lines = answer.iter_lines()
        assert next(lines) == ": keep-alive"
        hold.release()
        data = [line[6:] for line in lines if line.startswith("data: ")]
    assert data.pop() == "[DONE]"
    return [json.loads(line) for line in data]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_response_that_fails_after_a_silence_has_begun_first(fault):
    events = after_silence(fault)
    assert faults(events) == []
    names = [event["type"] for event in events]
    assert names == ["response.created", "response.in_progress", "response.failed"]
    assert len({event["response"]["id"] for event in events}) == 1


@pytest.mark.parametrize("count", [1, 4, 9])
def test_a_response_that_fails_later_begins_once(count):
    events = after_silence(*chunks_of(ANSWER)[:count], EngineBrokenError("died"))
    assert faults(events) == []
    assert [event["type"] for event in events].count("response.created") == 1
    assert events[-1]["type"] == "response.failed"
