"""What is streamed and what is answered whole are the same, however the tokens come."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from harmonium import ToolNamespace
from harmonium.openai import (
    DONE,
    AnswerContext,
    AnswerLogprob,
    ChatAnswer,
    PromptSettings,
    chat_byte_stream,
    chat_request,
    counting_ids,
    error_event,
)
from harmonium.parse import ContentDelta, MessageStarted, Repaired
from harmonium.testing import malformed_cases, token_streams
from tests.openai.chat.running import (
    ENCODING,
    HI,
    WEATHER,
    chunks,
    events_of,
    flat,
    folded,
    ids_of,
    message_of,
    objects,
    read_frame,
    request_of,
    whole,
)

CUTS = st.lists(st.integers(0, 60), max_size=12)
MARKERS = [text for text in ENCODING.special_tokens if "reserved" not in text]
REQUEST = request_of(tools=[WEATHER], stream=True, stream_options={"include_usage": True})
CALL = (
    "<|channel|>analysis<|message|>Need it.<|end|>"
    "<|start|>assistant<|channel|>commentary<|message|>Let me look.<|end|>"
    "<|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json"
    '<|message|>{"city": "Zürich"}<|call|>'
)
ANSWER = "<|channel|>analysis<|message|>Easy.<|end|><|start|>assistant<|channel|>final<|message|>4"


@given(token_streams(), CUTS, st.sampled_from(["stop", "length", "content_filter"]))
@settings(max_examples=120)
def test_the_chunks_add_up_to_the_whole_answer(ids, cuts, finish):
    sent = chunks(ids, REQUEST, cuts, finish=finish)
    answer = whole(ids, REQUEST, finish=finish)
    assert folded(sent) == flat(answer)
    assert sent[-1]["usage"] == answer["usage"]


@given(token_streams(), CUTS)
@settings(max_examples=100)
def test_bytes_and_objects_say_the_same(ids, cuts):
    made = [chunk.to_dict() for chunk in objects(ids, REQUEST, cuts)]
    assert made == chunks(ids, REQUEST, cuts)


@given(token_streams(), CUTS)
@settings(max_examples=80)
def test_every_object_is_valid_for_the_openai_package(ids, cuts):
    for chunk in chunks(ids, REQUEST, cuts):
        ChatCompletionChunk.model_validate(chunk, strict=True)
    ChatCompletion.model_validate(whole(ids, REQUEST), strict=True)


@given(token_streams(), CUTS)
@settings(max_examples=80)
def test_a_stream_begins_with_the_role_and_ends_with_one_reason_and_the_usage(ids, cuts):
    sent = chunks(ids, REQUEST, cuts)
    first, *middle, last, usage = sent
    assert first["choices"][0]["delta"] == {"role": "assistant"}
    assert {tuple(chunk["choices"][0]["delta"]) for chunk in middle} <= {
        ("reasoning",),
        ("content",),
        ("tool_calls",),
    }
    assert [chunk["choices"][0]["finish_reason"] for chunk in sent[:-2]] == [None] * len(sent[:-2])
    assert last["choices"][0]["finish_reason"] in {"stop", "tool_calls"}
    assert usage["choices"] == []
    assert [chunk["usage"] for chunk in sent[:-1]] == [None] * len(sent[:-1])
    assert {chunk["id"] for chunk in sent} == {first["id"]}
    assert {chunk["created"] for chunk in sent} == {7}


PADDED = request_of(
    tools=[WEATHER],
    stream=True,
    stream_options={"include_obfuscation": True},
)


@given(token_streams(), CUTS)
@settings(max_examples=60)
def test_padding_that_was_asked_for_stands_in_every_chunk_and_changes_nothing_else(ids, cuts):
    sent = chunks(ids, PADDED, cuts)
    assert objects(ids, PADDED, cuts)[0].obfuscation
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,16}", chunk.pop("obfuscation")) for chunk in sent)
    assert sent == chunks(ids, request_of(tools=[WEATHER], stream=True), cuts)


def test_a_text_and_its_padding_fill_a_multiple_of_sixteen_bytes():
    sent = chunks(ids_of("<|channel|>final<|message|>Zürich 🎉 is big.<|return|>"), PADDED)
    told = [(chunk["choices"][0]["delta"].get("content", ""), chunk) for chunk in sent[:-1]]
    assert len(told) > 3
    assert {(len(json.dumps(t)) - 2 + len(c["obfuscation"])) % 16 for t, c in told} == {0}


def test_nothing_is_padded_unless_that_was_asked_for():
    sent = chunks(ids_of(ANSWER), request_of(stream=True, stream_options={"include_usage": True}))
    assert [chunk for chunk in sent if "obfuscation" in chunk] == []


@given(token_streams())
@settings(max_examples=80)
def test_no_control_token_is_in_any_text_or_name_unless_the_model_spelt_it(ids):
    spelt = [name for name in MARKERS if name in ENCODING.decode([i for i in ids if i < 199_998])]
    said = flat(whole(ids, REQUEST))
    shown = [*said["message"].values(), *(str(call) for call in said["calls"])]
    assert [
        name for name in MARKERS if name not in spelt and any(name in text for text in shown)
    ] == []


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_malformed_outputs_show_what_they_meant_and_no_control_tokens(case):
    tools = [{"type": "function", "function": {"name": name}} for name in case.tools]
    request = request_of(tools=tools)
    ids = ids_of(case.text)
    said = flat(whole(ids, request, role=case.role))
    assert folded(chunks(ids, request, range(60), role=case.role)) == said
    shown = [*said["message"].values(), *(str(call) for call in said["calls"])]
    assert [name for name in MARKERS if any(name in text for text in shown)] == []
    calls = [r.text for r in case.recovery if (r.recipient or "").startswith("functions.")]
    assert [call["function"]["arguments"] for call in said["calls"]] == calls


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_the_report_of_repairs_is_at_hand(case):
    request = request_of()
    stream = chat_byte_stream(request, AnswerContext(0))
    parser = ENCODING.parser(role=case.role, tools=case.tools)
    events = parser.feed(ids_of(case.text)) + parser.close()
    stream.feed(events)
    stream.finish("stop")
    assert stream.repairs() == tuple(event for event in events if isinstance(event, Repaired))


@given(token_streams())
@settings(max_examples=120)
def test_the_usage_is_a_recount_of_the_spans(ids):
    request = request_of()
    events = [event for found in events_of(ids, request) for event in found]
    header, thought = None, 0
    for event in events:
        if isinstance(event, MessageStarted):
            header = event
        elif isinstance(event, ContentDelta):
            silent = header.recipient is None and header.author.role == "assistant"
            thought += (event.end - event.start) if silent and header.channel == "analysis" else 0
    usage = whole(ids, request)["usage"]
    assert usage["completion_tokens"] == len(ids)
    assert usage["completion_tokens_details"]["reasoning_tokens"] == thought
    assert usage["prompt_tokens"] == 3
    assert usage["total_tokens"] == 3 + len(ids)
    assert usage["prompt_tokens_details"]["cached_tokens"] == 1


def _logprobs(ids):
    return [
        AnswerLogprob(str(place).encode(), -float(place), ((b"\xff", -0.5), (b"x", float("-inf"))))
        for place, _ in enumerate(ids)
    ]


@given(token_streams())
@settings(max_examples=80)
def test_log_probabilities_are_those_of_the_visible_tokens(ids):
    request = request_of(logprobs=True, top_logprobs=2)
    visible = []
    header = None
    for event in (event for found in events_of(ids, request) for event in found):
        if isinstance(event, MessageStarted):
            header = event
        elif isinstance(event, ContentDelta) and header.author.role == "assistant":
            shown = header.recipient is None and header.channel != "analysis"
            visible += range(event.start, event.end) if shown else ()
    answer = whole(ids, request, logprobs=_logprobs(ids))
    entries = answer["choices"][0]["logprobs"]["content"]
    assert [entry["token"] for entry in entries] == [str(place) for place in visible]
    ChatCompletion.model_validate(answer, strict=True)


def test_log_probabilities_have_the_shape_openai_gives_them():
    ids = ids_of("<|channel|>final<|message|>4<|return|>")
    answer = whole(ids, request_of(logprobs=True, top_logprobs=2), logprobs=_logprobs(ids))
    assert answer["choices"][0]["logprobs"] == {
        "content": [
            {
                "token": "3",
                "bytes": [51],
                "logprob": -3.0,
                "top_logprobs": [
                    {"token": "\ufffd", "bytes": [255], "logprob": -0.5},
                    {"token": "x", "bytes": [120], "logprob": -9999.0},
                ],
            }
        ],
        "refusal": None,
    }


@given(token_streams("valid", "mutated"), CUTS)
@settings(max_examples=60)
def test_streamed_log_probabilities_are_the_whole_ones(ids, cuts):
    request = request_of(logprobs=True, stream=True)
    stream = chat_byte_stream(request, AnswerContext(7, counting_ids()))
    entries = _logprobs(ids)
    sent, fed = [], 0
    parser = ENCODING.parser()
    for place in (*sorted({cut for cut in cuts if cut < len(ids)}), len(ids)):
        sent += stream.feed(parser.feed(ids[fed:place]), 0, entries[fed:place])
        fed = place
    sent += stream.feed(parser.close()) + stream.finish("stop")
    answer = whole(ids, request, logprobs=entries)
    assert folded([read_frame(frame) for frame in sent]) == flat(answer)


def test_each_choice_has_a_stream_of_its_own():
    request = request_of(n=2)
    texts = [ANSWER + "<|return|>", CALL]
    stream = chat_byte_stream(request, AnswerContext(7, counting_ids()))
    answer = ChatAnswer(request, AnswerContext(7, counting_ids()))
    sent = []
    for choice, text in enumerate(texts):
        for events in events_of(ids_of(text), request, range(50)):
            sent += stream.feed(events, choice)
            answer.feed(events, choice)
        sent += stream.finish("stop", choice)
        answer.finish("stop", choice)
    sent = [read_frame(frame) for frame in sent]
    body = answer.to_dict(3)
    assert [folded(sent, choice) for choice in (0, 1)] == [flat(body, choice) for choice in (0, 1)]
    assert [choice["finish_reason"] for choice in body["choices"]] == ["stop", "tool_calls"]
    assert body["usage"]["completion_tokens"] == sum(len(ids_of(text)) for text in texts)


def test_an_answer_goes_on_after_a_tool_that_the_server_has_run():
    search = "<|channel|>analysis to=browser.search<|message|>{}<|call|>"
    turns = [ids_of(search), ids_of(ANSWER + "<|return|>")]
    request = request_of(logprobs=True)
    stream = chat_byte_stream(request, AnswerContext(7, counting_ids()))
    answer = ChatAnswer(request, AnswerContext(7, counting_ids()))
    entries = _logprobs(turns[0] + turns[1])
    sent = []
    for ids, logprobs in zip(
        turns, (entries[: len(turns[0])], entries[len(turns[0]) :]), strict=True
    ):
        stream.begin_turn()
        answer.begin_turn()
        events = [event for found in events_of(ids, request) for event in found]
        sent += stream.feed(events, 0, logprobs)
        answer.feed(events, 0, logprobs)
    sent += stream.finish("stop")
    answer.finish("stop")
    said = flat(answer.to_dict(3))
    assert folded([read_frame(frame) for frame in sent]) == said
    assert said["message"]["content"] == "4"
    assert [entry["token"] for entry in said["logprobs"]] == [str(len(entries) - 2)]
    assert stream.usage(3).output_tokens == len(entries)


def test_the_first_chunk_of_a_call_names_it_and_the_others_bring_arguments():
    deltas = [
        chunk["choices"][0]["delta"] for chunk in chunks(ids_of(CALL), REQUEST, range(60))[:-1]
    ]
    calls = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    assert calls[0] == {
        "index": 0,
        "id": "call_000000000000000000000002",
        "type": "function",
        "function": {"name": "get_weather", "arguments": ""},
    }
    assert {frozenset(call) for call in calls[1:]} == {frozenset({"index", "function"})}
    assert {frozenset(call["function"]) for call in calls[1:]} == {frozenset({"arguments"})}
    assert "".join(call["function"]["arguments"] for call in calls) == '{"city": "Zürich"}'


@pytest.mark.parametrize(
    ("option", "names"),
    [
        ("reasoning", ["reasoning"]),
        ("reasoning_content", ["reasoning_content"]),
        ("both", ["reasoning", "reasoning_content"]),
        ("none", []),
    ],
)
def test_the_field_for_reasoning_is_an_option(option, names):
    ids = ids_of(ANSWER + "<|return|>")
    answer = whole(ids, reasoning=option)
    found = {name: v for name, v in answer["choices"][0]["message"].items() if "reason" in name}
    assert found == dict.fromkeys(names, "Easy.")
    assert folded(chunks(ids, None, range(20), reasoning=option)) == flat(answer)


def test_a_stream_ends_with_done_or_with_the_engines_error():
    assert DONE == b"data: [DONE]\n\n"
    error = {"message": "out of memory", "type": "server_error", "param": None, "code": None}
    assert read_frame(error_event(error)) == {"error": error}


def test_a_chat_answer_carries_every_key():
    answer = whole(
        ids_of(ANSWER + "<|return|>"), request_of(metadata={"a": "b"}, service_tier="auto")
    )
    assert answer == {
        "id": "chatcmpl-000000000000000000000001",
        "object": "chat.completion",
        "created": 7,
        "model": "gpt-oss",
        "system_fingerprint": None,
        "service_tier": "default",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "4",
                    "refusal": None,
                    "annotations": [],
                    "reasoning": "Easy.",
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 13,
            "total_tokens": 16,
            "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 2,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        },
        "metadata": {"a": "b"},
    }


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        (ANSWER + "<|return|>", "stop", "stop"),
        (ANSWER, "length", "length"),
        (ANSWER, "content_filter", "content_filter"),
        ("", "stop", "stop"),
        (CALL, "stop", "tool_calls"),
        (CALL, "length", "length"),
        (CALL.removesuffix("<|call|>"), "stop", "tool_calls"),
        (CALL.removesuffix('"}<|call|>'), "stop", "stop"),
        (CALL.removesuffix('"}<|call|>'), "length", "length"),
        ("<|channel|>commentary to=python<|message|>1<|call|>", "stop", "tool_calls"),
    ],
)
def test_the_finish_reason_tells_the_truth(text, finish, reason):
    assert whole(ids_of(text), finish=finish)["choices"][0]["finish_reason"] == reason


def test_an_empty_output_is_an_empty_answer():
    answer = whole([])
    assert answer["choices"][0]["message"]["content"] == ""
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert folded(chunks([])) == flat(answer)


def test_arguments_pass_byte_for_byte_in_both_modes():
    arguments = '{ "b":1,\n"a" : "\\u00e9é" , "b": 2.0}'
    ids = ids_of(
        f"<|channel|>commentary to=functions.f <|constrain|>json<|message|>{arguments}<|call|>"
    )
    for said in (flat(whole(ids)), folded(chunks(ids, None, range(80)))):
        assert said["calls"][0]["function"]["arguments"] == arguments


def test_a_second_call_to_the_same_function_has_its_name_and_an_id_of_its_own():
    call = '<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a":%d}<|call|>'
    ids = ids_of(call % 1 + "<|start|>assistant" + call % 2)
    said = folded(chunks(ids, None, range(80)))
    assert [call["function"]["name"] for call in said["calls"]] == ["f", "f"]
    assert len({call["id"] for call in said["calls"]}) == 2
    assert said == flat(whole(ids))


def test_several_tokens_in_one_piece_lose_no_change_of_channel():
    for cuts in ((), (7,), range(40)):
        assert folded(chunks(ids_of(CALL), REQUEST, cuts)) == flat(whole(ids_of(CALL), REQUEST))


def test_calls_on_analysis_are_calls():
    ids = ids_of("<|channel|>analysis to=functions.f <|constrain|>json<|message|>{}<|call|>")
    answer = whole(ids)
    assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "f"
    assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_a_preamble_is_content_without_markers():
    assert message_of(ids_of(CALL))["content"] == "Let me look."


def test_messages_that_share_a_field_are_parted_by_a_line_end():
    text = (
        "<|channel|>commentary<|message|>First.<|end|>"
        "<|start|>assistant<|channel|>final<|message|>Second.<|return|>"
    )
    assert message_of(ids_of(text))["content"] == "First.\nSecond."
    assert folded(chunks(ids_of(text), None, range(20)))["message"]["content"] == "First.\nSecond."


SERVED = PromptSettings(builtin_tools=(ToolNamespace.browser(), ToolNamespace.python()))


@pytest.mark.parametrize("to", ["browser.search", "browser.open", "python"])
def test_calls_of_tools_that_the_server_runs_are_hidden(to):
    text = f"<|channel|>commentary to={to}<|message|>secret<|call|><|start|>assistant" + ANSWER
    request = chat_request({"model": "m", "messages": [HI]}, SERVED)
    message = message_of(ids_of(text), request)
    assert message["content"] == "4"
    assert "tool_calls" not in message
    assert "secret" not in str(chunks(ids_of(text), request))


@pytest.mark.parametrize("to", ["browser.search", "python", "container.exec", "bash", "x.y"])
def test_a_call_of_a_tool_that_nobody_offers_is_shown_under_its_name(to):
    text = f"<|channel|>commentary to={to}<|message|>{{}}<|call|>"
    call = message_of(ids_of(text))["tool_calls"][0]
    assert (call["type"], call["function"]) == ("function", {"name": to, "arguments": "{}"})
    assert folded(chunks(ids_of(text))) == flat(whole(ids_of(text)))


@pytest.mark.parametrize(
    ("text", "content", "calls"),
    [
        (
            (
                "<|channel|>final<|message|>Answer.<|end|><|start|>user<|message|>And Rome?<|end|>"
                "<|start|>assistant<|channel|>final<|message|>Rome is warm.<|return|>"
            ),
            "Answer.",
            0,
        ),
        (
            (
                '<|channel|>commentary to=functions.f json<|message|>{"a":1}<|end|>'
                "<|start|>functions.f to=assistant<|channel|>commentary<|message|>7<|end|>"
                "<|start|>assistant<|channel|>final<|message|>It says 7.<|return|>"
            ),
            None,
            1,
        ),
    ],
    ids=["user", "result"],
)
def test_what_the_model_invents_behind_its_turn_is_not_its_answer(text, content, calls):
    message = message_of(ids_of(text))
    assert (message["content"], len(message.get("tool_calls", ()))) == (content, calls)
    assert folded(chunks(ids_of(text), None, range(40))) == flat(whole(ids_of(text)))


def test_messages_of_tools_and_other_roles_are_not_shown():
    text = (
        "<|start|>functions.f to=assistant<|channel|>commentary<|message|>secret<|end|>"
        "<|start|>user<|message|>secret<|end|><|start|>assistant<|channel|>final<|message|>4"
    )
    assert "secret" not in str(whole(ids_of(text), role=None))


def test_without_parallel_calls_only_the_first_is_shown():
    call = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"
    ids = ids_of(call + "<|start|>assistant" + call)
    assert len(message_of(ids)["tool_calls"]) == 2
    request = request_of(parallel_tool_calls=False)
    assert len(message_of(ids, request)["tool_calls"]) == 1
    assert folded(chunks(ids, request, range(40))) == flat(whole(ids, request))


def test_tool_choice_none_shows_no_call():
    request = request_of(tools=[WEATHER], tool_choice="none")
    answer = whole(ids_of(CALL), request)
    assert "tool_calls" not in answer["choices"][0]["message"]
    assert answer["choices"][0]["finish_reason"] == "stop"


def test_custom_tools_come_back_as_custom_calls():
    tool = {"type": "custom", "custom": {"name": "apply patch"}}
    request = request_of(tools=[tool])
    ids = ids_of("<|channel|>commentary to=functions.apply_patch<|message|>*** a\n<b><|call|>")
    expected = {"name": "apply patch", "input": "*** a\n<b>"}
    answer = whole(ids, request)
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert (call["type"], call["custom"]) == ("custom", expected)
    assert folded(chunks(ids, request, range(40))) == flat(answer)
    ChatCompletion.model_validate(answer, strict=True)
