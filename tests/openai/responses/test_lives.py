"""Whatever happens to a response, in whatever order, its three forms agree and are in order."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from harmonium.errors import RequestError
from harmonium.openai import (
    AnswerContext,
    Page,
    ResponseOptions,
    ToolResult,
    counting_ids,
    response_answer,
    response_byte_stream,
    response_event_stream,
)
from tests.openai.responses.rules import faults
from tests.openai.responses.running import (
    ALL_INCLUDES,
    ANSWER,
    CALL,
    CUSTOM,
    MCP,
    NOTES,
    PREAMBLE,
    PYTHON,
    REASONING,
    SEARCH,
    TOOLS,
    ids_of,
    parsed,
    read_frames,
    request_of,
    serving,
    setup_of,
)

EVENT = TypeAdapter(ResponseStreamEvent)
CITING = "<|channel|>final<|message|>So【3†L5-L9】, or【4†L1】.<|return|>"
KINDS = (REASONING, PREAMBLE, CALL, CUSTOM, PYTHON, SEARCH, MCP, ANSWER, CITING)
LISTING = setup_of(mcp_tools={"notes": [{"name": "find"}]})
HELD = {**NOTES, "require_approval": "always"}
REQUESTS = st.sampled_from(
    [
        request_of(),
        serving(max_tool_calls=1),
        serving(include=ALL_INCLUDES, top_logprobs=2),
        serving(tool_choice="none", stream_options={"include_obfuscation": True}),
        request_of(LISTING, tools=[*TOOLS, HELD], background=True),
        request_of(LISTING, tools=[*TOOLS, NOTES], parallel_tool_calls=False),
    ]
)
PAGES = st.sampled_from([{}, {3: Page("https://x.example", "X")}])
FINISHES = st.sampled_from(["stop", "length", "content_filter"])
RESULTS = st.builds(
    ToolResult,
    st.sampled_from(["", "【3†x】"]),
    failed=st.booleans(),
    pages=st.just({4: Page("https://y.example")}),
    sources=st.just(("https://y.example",)),
)
GONE = RequestError("gone", param="input", code="unheard_of")


class Forms:
    """The same response in its three forms, told everything alike."""

    def __init__(self, request, pages):
        options = ResponseOptions(pages=pages)
        self.streams = [
            make(request, AnswerContext(7, counting_ids(), lambda count: "." * count), options)
            for make in (response_event_stream, response_byte_stream, response_answer)
        ]
        self.given = [[], [], []]

    def tell(self, what, *args, **named):
        for stream, given_ in zip(self.streams, self.given, strict=True):
            given_.append(getattr(stream, what)(*args, **named))

    def calls(self):
        """The calls that wait, to be run or not."""
        waiting = [(*stream.pending_calls, *stream.surplus_calls) for stream in self.streams]
        assert waiting[0] == waiting[1] == waiting[2]
        return waiting[0]


def _turn(draw, request, forms):
    """One turn of the model, of which anything may be missing, its end included."""
    ids = ids_of(*draw(st.lists(st.sampled_from(KINDS), max_size=4)))
    start, count, end = (draw(st.integers(0, most)) for most in (len(ids), 3, len(ids)))
    ids = draw(st.sampled_from([ids, ids[:end], ids[:start] + ids[start + count :]]))
    parts = parsed(ids, request, draw(st.lists(st.integers(0, 60), max_size=3)))
    for part in parts[: draw(st.sampled_from([None, None, -1]))]:
        forms.tell("feed", part)
    if draw(st.booleans()):
        forms.tell("end_turn", draw(FINISHES))
    for call in forms.calls():
        for _ in range(draw(st.integers(0, 2))):
            forms.tell("tool_started", call.output_index)
        if draw(st.booleans()):
            forms.tell("tool_finished", call.output_index, draw(RESULTS))


@st.composite
def lives(draw):
    """A response, from its beginning to any of its ends."""
    request = draw(REQUESTS)
    forms = Forms(request, draw(PAGES))
    if draw(st.booleans()):
        forms.tell("start")
    for _ in range(draw(st.integers(0, 3))):
        _turn(draw, request, forms)
    if draw(st.integers(0, 4)) == 0:
        forms.tell("refuse", "No.")
    end = draw(st.sampled_from(["finish", "finish", "fail", "cancel", "error"]))
    ends = {"finish": draw(FINISHES), "fail": "gone", "error": GONE}
    forms.tell(end, *(ends[name] for name in ends if name == end))
    return forms


@given(lives())
@settings(max_examples=150)
def test_a_response_is_in_order_and_valid_whatever_happens_to_it(forms):
    events = [event for events in forms.given[0] for event in events]
    assert faults(events) == []
    assert read_frames(b"".join(forms.given[1])) == json.loads(json.dumps(events))
    first, *others = (stream.response for stream in forms.streams)
    assert [response == first for response in others] == [True, True]
    assert [EVENT.validate_python(event).type for event in events] == [e["type"] for e in events]
    Response.model_validate(first)
