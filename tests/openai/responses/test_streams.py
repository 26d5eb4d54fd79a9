"""What is streamed and what is answered whole are the same, however the tokens come."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from harmonium import Message
from harmonium.errors import InvalidInputError, RequestError
from harmonium.openai import (
    AnswerContext,
    AnswerLogprob,
    ResponseOptions,
    as_response,
    as_stream_event,
    counting_ids,
    response_answer,
    response_byte_stream,
    response_event_stream,
    response_object,
)
from harmonium.openai.answers.sse import named_event
from harmonium.parse import ContentDelta, MessageStarted, Repaired
from harmonium.testing import malformed_cases, token_streams
from tests.openai.responses.rules import faults
from tests.openai.responses.running import (
    ALL_INCLUDES,
    ANSWER,
    CALL,
    CUSTOM,
    ENCODING,
    MCP,
    PREAMBLE,
    PYTHON,
    REASONING,
    SEARCH,
    TOOLS,
    events_of,
    ids_of,
    parsed,
    read_frames,
    request_of,
    run,
    sent,
    setup_of,
    types_of,
    whole,
)

CUTS = st.lists(st.integers(0, 60), max_size=12)
ENGINES = st.sampled_from(["stop", "length", "content_filter"])
MARKERS = [text for text in ENCODING.special_tokens if "reserved" not in text]
REQUEST = request_of()
HELD = {"type": "mcp", "server_label": "notes", "require_approval": "always"}
REQUESTS = st.sampled_from(
    [
        REQUEST,
        request_of(background=True, parallel_tool_calls=False),
        request_of(include=ALL_INCLUDES, top_logprobs=2),
        request_of(setup_of(mcp_tools={"notes": [{"name": "find"}]}), tools=[*TOOLS, HELD]),
        request_of(tool_choice="none"),
    ]
)
EVENT = TypeAdapter(ResponseStreamEvent)
ALL_KINDS = (REASONING, PREAMBLE, CALL, CUSTOM, PYTHON, SEARCH, MCP, ANSWER)


@st.composite
def outputs(draw):
    """The ids of messages of every kind, with some dropped; or any ids."""
    ids = ids_of(*draw(st.lists(st.sampled_from(ALL_KINDS), max_size=5)))
    start, count = draw(st.integers(0, len(ids))), draw(st.integers(0, 4))
    whole_or_cut = draw(st.sampled_from([ids, ids[: draw(st.integers(0, len(ids)))]]))
    return draw(st.just(whole_or_cut[:start] + whole_or_cut[start + count :]) | token_streams())


@given(outputs(), CUTS, ENGINES, REQUESTS)
@settings(max_examples=150)
def test_the_last_event_holds_the_whole_answer(ids, cuts, engine, request):
    events = events_of(ids, request, cuts, engine=engine)
    assert events[-1]["response"] == whole(ids, request, engine=engine)


@given(outputs(), CUTS, ENGINES, REQUESTS)
@settings(max_examples=150)
def test_every_stream_is_in_order(ids, cuts, engine, request):
    assert faults(events_of(ids, request, cuts, engine=engine)) == []


@given(outputs(), CUTS, REQUESTS)
@settings(max_examples=100)
def test_bytes_and_objects_say_the_same(ids, cuts, request):
    assert read_frames(sent(ids, request, cuts)) == events_of(ids, request, cuts)


@given(token_streams(), CUTS)
@settings(max_examples=60)
def test_the_pieces_the_tokens_come_in_make_no_difference(ids, cuts):
    assert events_of(ids, REQUEST, cuts) == events_of(ids, REQUEST)


@given(token_streams())
@settings(max_examples=80)
def test_every_event_is_valid_for_the_openai_package(ids):
    for event in events_of(ids, REQUEST):
        found = EVENT.validate_python(event)
        assert found.type == as_stream_event(event).type
    Response.model_validate(whole(ids, REQUEST))


@given(token_streams(), CUTS)
@settings(max_examples=80)
def test_no_control_token_is_in_any_text_or_name_unless_the_model_spelt_it(ids, cuts):
    spelt = [name for name in MARKERS if name in ENCODING.decode([i for i in ids if i < 199_998])]
    shown = json.dumps(events_of(ids, REQUEST, cuts), ensure_ascii=False)
    assert [name for name in MARKERS if name not in spelt and name in shown] == []


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_malformed_outputs_show_what_they_meant_and_no_control_tokens(case):
    request = request_of(tools=[{"type": "function", "name": name} for name in case.tools])
    ids = ENCODING.encode(case.text, allowed_special="all")
    events = events_of(ids, request, range(60), role=case.role)
    assert faults(events) == []
    assert events[-1]["response"] == whole(ids, request, role=case.role)
    shown = json.dumps(events, ensure_ascii=False)
    assert [name for name in MARKERS if name in shown] == []
    prompt = case.text.startswith("<|start|>user")  # the one whose message is the user's
    meant = [] if prompt else [said.text for said in case.recovery]
    assert [_text_of(item) for item in events[-1]["response"]["output"]] == meant


def _text_of(item):
    """What an item says, whatever its kind."""
    if "content" in item:
        return item["content"][0]["text"]
    return next(item[key] for key in ("arguments", "input", "code") if key in item)


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_the_report_of_repairs_is_at_hand(case):
    stream = response_byte_stream(REQUEST, AnswerContext(0))
    parser = ENCODING.parser(role=case.role, tools=case.tools)
    events = parser.feed(ENCODING.encode(case.text, allowed_special="all")) + parser.close()
    stream.feed(events)
    assert stream.repairs == tuple(event for event in events if isinstance(event, Repaired))


@given(token_streams())
@settings(max_examples=100)
def test_the_usage_is_a_recount_of_the_spans(ids):
    header, thought = None, 0
    for event in [event for events in parsed(ids, REQUEST) for event in events]:
        if isinstance(event, MessageStarted):
            header = event
        elif isinstance(event, ContentDelta):
            silent = header.recipient is None and header.author.role == "assistant"
            thought += (event.end - event.start) if silent and header.channel == "analysis" else 0
    assert whole(ids, REQUEST)["usage"] == {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
        "output_tokens": len(ids),
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": 3 + len(ids),
    }


def _with_logprobs(make, ids, request, cuts):
    """Run one turn with log probabilities that tell the token's place."""
    entries = [AnswerLogprob(str(place).encode(), -1.0 * place) for place, _ in enumerate(ids)]
    stream = make(request, AnswerContext(7, counting_ids()))
    given, fed = [stream.start()], 0
    for events, end in zip(parsed(ids, request, cuts), [*_ends(ids, cuts), len(ids)], strict=True):
        given.append(stream.feed(events, entries[fed:end]))
        fed = end
    given.append(stream.finish())
    return stream, given


def _ends(ids, cuts):
    return [*sorted({cut for cut in cuts if 0 < cut < len(ids)}), len(ids)]


@given(token_streams(), CUTS)
@settings(max_examples=80)
def test_log_probabilities_are_those_of_the_visible_tokens(ids, cuts):
    request = request_of(include=["message.output_text.logprobs"], top_logprobs=2)
    header, visible = None, []
    for event in [event for events in parsed(ids, request) for event in events]:
        if isinstance(event, MessageStarted):
            header = event
        elif isinstance(event, ContentDelta) and header.author.role == "assistant":
            shown = header.recipient is None and header.channel != "analysis"
            visible += range(event.start, event.end) if shown else ()
    stream, given = _with_logprobs(response_event_stream, ids, request, cuts)
    messages = [item for item in stream.response["output"] if item["type"] == "message"]
    kept = [entry for item in messages for entry in item["content"][0]["logprobs"]]
    assert [entry["token"] for entry in kept] == [str(place) for place in visible]
    events = [event for events in given for event in events]
    deltas = [event for event in events if event["type"] == "response.output_text.delta"]
    assert [entry for event in deltas for entry in event["logprobs"]] == kept
    assert faults(events) == []


def test_a_stream_of_every_kind_of_item_validates_event_by_event():
    events = events_of(ids_of(*ALL_KINDS))
    assert faults(events) == []
    assert {type(EVENT.validate_python(event)).__name__ for event in events}
    kinds = [item["type"] for item in events[-1]["response"]["output"]]
    assert kinds == [
        "reasoning",
        "message",
        "function_call",
        "custom_tool_call",
        "code_interpreter_call",
        "web_search_call",
        "mcp_call",
        "message",
    ]


def test_a_message_streams_in_its_order():
    assert types_of(events_of(ids_of(ANSWER))) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        *["output_text.delta"] * 5,
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]


@pytest.mark.parametrize(
    ("message", "delta", "done"),
    [
        (CALL, "function_call_arguments.delta", "function_call_arguments.done"),
        (CUSTOM, "custom_tool_call_input.delta", "custom_tool_call_input.done"),
    ],
)
def test_a_call_streams_in_its_order(message, delta, done):
    found = types_of(events_of(ids_of(message)), 0)
    assert [name for name in found if name != delta] == [
        "output_item.added",
        done,
        "output_item.done",
    ]
    assert found.count(delta) > 1


def test_reasoning_events_are_named_by_the_dialect():
    names = {
        dialect: [n for n in types_of(events_of(ids_of(REASONING), dialect=dialect)) if "reas" in n]
        for dialect in ("openai", "open-responses")
    }
    assert set(names["openai"]) == {"reasoning_text.delta", "reasoning_text.done"}
    assert set(names["open-responses"]) == {"reasoning.delta", "reasoning.done"}
    assert len(names["openai"]) == len(names["open-responses"])


def test_both_dialects_make_typed_events():
    events = events_of(ids_of(REASONING), dialect="open-responses")
    assert [as_stream_event(event).type for event in events] == [e["type"] for e in events]


def test_an_unknown_dialect_is_refused_by_name():
    with pytest.raises(InvalidInputError, match="openai, open-responses"):
        ResponseOptions(dialect="klingon")


def test_a_background_response_is_queued_first():
    request = request_of(background=True)
    names = types_of(events_of(ids_of(ANSWER), request))
    assert names[:3] == ["created", "queued", "in_progress"]
    assert faults(events_of(ids_of(ANSWER), request)) == []


def test_a_message_without_a_delta_has_all_its_other_events():
    events = events_of(ids_of("<|channel|>final<|message|><|return|>"))
    assert "output_text.delta" not in types_of(events)
    assert faults(events) == []
    assert events[-1]["response"]["output"][0]["content"][0]["text"] == ""


def test_an_empty_output_is_completed_and_empty():
    response = whole([])
    assert (response["status"], response["output"]) == ("completed", [])
    assert response["incomplete_details"] is None


def test_a_broken_header_is_reported_and_no_error():
    stream, _ = run(response_answer, ids_of("<|channel|>comm"))
    assert stream.response["status"] == "completed"
    assert [repair.code for repair in stream.repairs] == ["truncated_header"]


@pytest.mark.parametrize(
    ("engine", "status", "reason"),
    [
        ("stop", "completed", None),
        ("length", "incomplete", {"reason": "max_output_tokens"}),
        ("content_filter", "incomplete", {"reason": "content_filter"}),
    ],
)
def test_the_end_tells_the_engines_reason(engine, status, reason):
    response = whole(ids_of(ANSWER), engine=engine)
    assert (response["status"], response["incomplete_details"]) == (status, reason)


@pytest.mark.parametrize("cut", [ANSWER, REASONING, CALL, CUSTOM, PYTHON, SEARCH, MCP])
def test_a_message_that_is_cut_off_is_incomplete(cut):
    (item,) = whole(ids_of(cut)[:-2], engine="length")["output"]
    assert item["status"] == "incomplete"


@pytest.mark.parametrize("message", [ANSWER, REASONING, CALL, CUSTOM])
def test_a_message_whose_stop_token_the_engine_kept_is_complete(message):
    (item,) = whole(ids_of(message)[:-1], engine="stop")["output"]
    assert item["status"] == "completed"


def test_a_call_with_half_its_arguments_is_incomplete_whatever_the_engine_says():
    (item,) = whole(ids_of(CALL)[:-3], engine="stop")["output"]
    assert item["status"] == "incomplete"
    assert item["arguments"] in '{"city": "Zürich"}'


def _ended(end):
    stream = response_event_stream(REQUEST, AnswerContext(7, counting_ids()))
    events = stream.start() + stream.feed(parsed(ids_of(PYTHON, ANSWER)[:-2], REQUEST)[0])
    return stream, events + end(stream)


def test_a_failure_ends_the_stream_with_the_failed_response():
    stream, events = _ended(lambda stream: stream.fail("the engine is gone"))
    assert faults(events) == []
    assert events[-1]["type"] == "response.failed"
    assert stream.response["error"] == {"code": "server_error", "message": "the engine is gone"}
    assert [item["status"] for item in stream.response["output"]] == ["incomplete"] * 2
    EVENT.validate_python(events[-1])


def test_cancelling_ends_the_stream_with_the_cancelled_response():
    stream, events = _ended(lambda stream: stream.cancel())
    assert faults(events) == []
    assert stream.response["status"] == "cancelled"
    EVENT.validate_python(events[-1])


def test_what_was_counted_is_told_however_the_response_ends():
    for end in (
        lambda stream: stream.fail("gone", input_tokens=5, cached_tokens=2),
        lambda stream: stream.cancel(input_tokens=5, cached_tokens=2),
    ):
        usage = _ended(end)[0].response["usage"]
        assert (usage["input_tokens"], usage["input_tokens_details"]["cached_tokens"]) == (5, 2)


def test_a_stream_that_fails_before_its_first_token_still_begins():
    stream = response_event_stream(REQUEST, AnswerContext(7, counting_ids()))
    assert types_of(stream.fail("no engine")) == ["created", "in_progress", "failed"]


def test_a_response_begins_once():
    stream = response_event_stream(REQUEST, AnswerContext(7, counting_ids()))
    events = stream.start() + stream.start() + stream.feed([]) + stream.finish()
    assert types_of(events) == ["created", "in_progress", "completed"]


@given(token_streams(), CUTS)
@settings(max_examples=60)
def test_a_server_may_refuse_at_any_time(ids, cuts):
    stream = response_event_stream(REQUEST, AnswerContext(7, counting_ids()))
    events = stream.start()
    for part in parsed(ids, REQUEST, cuts)[:-1]:
        events += stream.feed(part)
    events += stream.refuse("I cannot help with that.") + stream.finish()
    assert faults(events) == []
    last = events[-1]["response"]["output"][-1]
    assert (last["type"], last["status"]) == ("message", "completed")
    assert last["content"] == [{"type": "refusal", "refusal": "I cannot help with that."}]
    assert stream.messages[-1] == Message.assistant("I cannot help with that.", channel="final")


def test_a_refusal_streams_in_its_order():
    stream = response_event_stream(REQUEST, AnswerContext(7, counting_ids()))
    events = stream.start() + stream.refuse("No.") + stream.finish()
    for event in events:
        assert EVENT.validate_python(event).type == event["type"]
    assert types_of(events, 0) == [
        "output_item.added",
        "content_part.added",
        "refusal.delta",
        "refusal.done",
        "content_part.done",
        "output_item.done",
    ]


def test_an_error_ends_the_stream_by_itself():
    error = RequestError("too long", param="input", code="context_length_exceeded")
    stream, events = _ended(lambda stream: stream.error(error))
    assert faults(events) == []
    assert events[-1] == {
        "type": "error",
        "code": "context_length_exceeded",
        "message": "too long",
        "param": "input",
        "sequence_number": len(events) - 1,
    }
    assert stream.response["status"] == "failed"
    assert stream.response["error"] == {"code": "server_error", "message": "too long"}


def test_nothing_comes_after_the_end():
    stream, _ = _ended(lambda stream: stream.finish())
    with pytest.raises(InvalidInputError) as caught:
        stream.feed([])
    assert caught.value.code == "response_ended"


def test_a_response_carries_every_key():
    response = whole(ids_of(ANSWER), request_of(tools=[], metadata={"a": "b"}, user="u"))
    assert response == {
        "id": "resp_000000000000000000000001",
        "object": "response",
        "created_at": 7,
        "completed_at": 9,
        "status": "completed",
        "incomplete_details": None,
        "error": None,
        "model": "gpt-oss",
        "previous_response_id": None,
        "instructions": None,
        "tools": [],
        "tool_choice": "auto",
        "truncation": "disabled",
        "parallel_tool_calls": True,
        "text": {"format": {"type": "text"}},
        "top_p": 1.0,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "top_logprobs": 0,
        "temperature": 1.0,
        "reasoning": {"effort": "medium", "summary": None},
        "max_output_tokens": None,
        "max_tool_calls": None,
        "store": True,
        "background": False,
        "service_tier": "default",
        "metadata": {"a": "b"},
        "safety_identifier": None,
        "prompt_cache_key": None,
        "user": "u",
        "output": [
            {
                "type": "message",
                "id": "msg_000000000000000000000002",
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "It is 4.", "annotations": [], "logprobs": []}
                ],
                "phase": "final_answer",
                "status": "completed",
            }
        ],
        "usage": {
            "input_tokens": 3,
            "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
            "output_tokens": 9,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 12,
        },
    }


def test_the_first_response_has_every_key_but_usage():
    events = events_of(ids_of(ANSWER))
    assert set(events[0]["response"]) == set(events[-1]["response"]) - {"usage"}


def test_the_object_is_that_of_the_openai_package():
    events = [event for events in parsed(ids_of(ANSWER), REQUEST) for event in events]
    response = response_object(REQUEST, events, AnswerContext(7, counting_ids()))
    assert isinstance(response, Response)
    assert response.output_text == "It is 4."
    assert as_response(whole(ids_of(ANSWER))).status == "completed"


def test_half_a_surrogate_pair_echoed_from_the_request_travels_escaped():
    frame = named_event({"type": "error", "message": "\ud800"})
    assert json.loads(frame.split(b"data: ")[1])["message"] == "\ud800"
    stream = response_byte_stream(request_of(instructions="\ud800é"), AnswerContext(7))
    first = stream.start().split(b"\n")[1].removeprefix(b"data: ")
    assert json.loads(first)["response"]["instructions"] == "\ud800é"


# What servers got wrong, each a test


def test_a_browser_call_is_streamed_once_and_never_as_an_mcp_call():
    names = types_of(events_of(ids_of(SEARCH)))
    assert names.count("output_item.added") == 1
    assert [name for name in names if "mcp" in name] == []


def test_python_is_a_code_interpreter_call_in_the_stream_and_at_the_end():
    events = events_of(ids_of(PYTHON))
    done = [event["item"] for event in events if event["type"].endswith("item.done")]
    assert [item["type"] for item in done] == ["code_interpreter_call"]
    assert events[-1]["response"]["output"] == done


def test_arguments_pass_byte_for_byte_in_both_modes():
    arguments = '{ "b":1,\n"a" : "\\u00e9é" , "b": 2.0}'
    head = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>"
    ids = ids_of(head + arguments + "<|call|>")
    events = events_of(ids, None, range(80))
    deltas = [e["delta"] for e in events if e["type"].endswith("arguments.delta")]
    assert "".join(deltas) == arguments
    assert whole(ids)["output"][0]["arguments"] == arguments


def test_a_second_call_to_the_same_function_has_its_name_and_ids_of_its_own():
    calls = whole(ids_of(CALL, CALL))["output"]
    assert [call["name"] for call in calls] == ["get_weather", "get_weather"]
    assert len({call["call_id"] for call in calls} | {call["id"] for call in calls}) == 4


def test_without_parallel_calls_only_the_first_is_shown():
    request = request_of(parallel_tool_calls=False)
    events = events_of(ids_of(CALL, CALL, ANSWER), request)
    assert faults(events) == []
    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["function_call", "message"]


def test_tool_choice_none_shows_no_call():
    request = request_of(tool_choice="none")
    assert [i["type"] for i in whole(ids_of(CALL, ANSWER), request)["output"]] == ["message"]


def test_calls_on_analysis_are_calls():
    text = "<|channel|>analysis to=functions.get_weather<|message|>{}<|call|>"
    response = whole(ids_of(text))
    assert response["output"][0]["type"] == "function_call"
    assert response["usage"]["output_tokens_details"]["reasoning_tokens"] == 0


def test_a_preamble_is_a_message_with_its_phase_and_without_markers():
    first, last = whole(ids_of(PREAMBLE, ANSWER))["output"]
    assert (first["phase"], last["phase"]) == ("commentary", "final_answer")
    assert first["content"][0]["text"] == "Let me look."


def test_messages_of_tools_make_no_item():
    text = "<|start|>functions.f to=assistant<|channel|>commentary<|message|>secret<|end|>"
    ids = ENCODING.encode(text + "<|start|>assistant" + ANSWER, allowed_special="all")
    assert "secret" not in json.dumps(whole(ids, role=None))


def test_names_that_harmony_cannot_carry_come_back_as_they_were():
    names = ["look up", "日本", "a<b", "python", "x" * 200]
    request = request_of(tools=[{"type": "function", "name": name} for name in names])
    heads = [f"<|channel|>commentary to=functions.{n}" for n in request.tools.names.declared]
    ids = ids_of(*[head + " <|constrain|>json<|message|>{}<|call|>" for head in heads])
    assert [item["name"] for item in whole(ids, request)["output"]] == names


def test_a_tool_of_a_namespace_comes_back_with_its_namespace():
    tools = [{"type": "function", "name": "get"}, {"type": "custom", "name": "run"}]
    space = {"type": "namespace", "name": "crm", "description": "", "tools": tools}
    request = request_of(tools=[space])
    heads = [f"<|channel|>commentary to=functions.{n}" for n in request.tools.names.declared]
    output = whole(ids_of(*[head + "<|message|>{}<|call|>" for head in heads]), request)["output"]
    found = [(item["type"], item["name"], item["namespace"]) for item in output]
    assert found == [("function_call", "get", "crm"), ("custom_tool_call", "run", "crm")]
