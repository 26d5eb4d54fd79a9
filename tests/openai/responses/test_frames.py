"""What goes over the wire: lines that no client splits, deltas whose size tells little."""

from __future__ import annotations

import json
import re

from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import ResponseStreamEvent
from pydantic import TypeAdapter

from harmonium.openai import AnswerContext, counting_ids, response_event_stream
from harmonium.testing import token_streams
from tests.openai.responses.rules import faults
from tests.openai.responses.running import (
    ANSWER,
    CALL,
    ENCODING,
    REASONING,
    events_of,
    ids_of,
    parsed,
    read_frames,
    request_of,
    sent,
    whole,
)

EVENT = TypeAdapter(ResponseStreamEvent)
PADDED = {"stream_options": {"include_obfuscation": True}}
LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def test_no_character_of_a_text_ends_a_line_whatever_the_client_takes_for_one():
    ids = ENCODING.encode(f"a{LINE_ENDS}b")
    said = ids_of("<|channel|>final<|message|>") + ids + ids_of("<|return|>")
    data = sent(said, request_of(instructions=LINE_ENDS))
    assert data.decode("utf-8").splitlines() == data.decode("utf-8").split("\n")[:-1]
    assert read_frames(data)[-1]["response"]["output"][0]["content"][0]["text"] == f"a{LINE_ENDS}b"


@given(token_streams(), st.lists(st.integers(0, 60), max_size=12))
@settings(max_examples=60)
def test_padding_that_was_asked_for_stands_beside_every_delta_and_changes_nothing_else(ids, cuts):
    request = request_of(**PADDED)
    events = events_of(ids, request, cuts)
    padded = [event.pop("obfuscation") for event in events if "obfuscation" in event]
    assert len(padded) == len([event for event in events if event["type"].endswith(".delta")])
    assert events == events_of(ids, request_of(), cuts)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,16}", text) for text in padded)


def test_a_padded_stream_is_in_order_valid_and_the_same_in_bytes_but_for_the_padding():
    request = request_of(**PADDED)
    ids = ids_of(REASONING, CALL, ANSWER)
    events = read_frames(sent(ids, request))
    assert faults(events) == []
    assert [EVENT.validate_python(event).type for event in events] == [e["type"] for e in events]
    assert events[-1]["response"] == whole(ids, request)


def test_a_text_and_its_padding_fill_a_multiple_of_sixteen_bytes():
    stream = response_event_stream(
        request_of(**PADDED), AnswerContext(7, counting_ids(), lambda count: "." * count)
    )
    events = stream.start()
    for part in parsed(
        ids_of("<|channel|>final<|message|>Zürich 🎉 is\nbig.<|return|>"), request_of()
    ):
        events += stream.feed(part)
    sizes = [
        len(json.dumps(event["delta"])) - 2 + len(event["obfuscation"])
        for event in events
        if event["type"].endswith("delta")
    ]
    assert len(sizes) > 3
    assert {size % 16 for size in sizes} == {0}


def test_log_probabilities_do_not_keep_a_delta_from_being_padded():
    request = request_of(include=["message.output_text.logprobs"], **PADDED)
    deltas = [e for e in events_of(ids_of(ANSWER), request) if e["type"].endswith(".delta")]
    assert all(event["obfuscation"] for event in deltas)


def test_nothing_is_padded_unless_that_was_asked_for():
    for fields in ({}, {"stream_options": {}}, {"stream_options": {"include_obfuscation": False}}):
        events = events_of(ids_of(ANSWER), request_of(**fields))
        assert [event for event in events if "obfuscation" in event] == []
