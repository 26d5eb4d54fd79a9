"""``harmonium convert`` on answers: from tokens and from either API, to every shape."""

from __future__ import annotations

import json

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response

from harmonium import conversation_from_json, load_encoding
from harmonium.openai import as_stream_event, chat_request, responses_request
from tests.cli.harness import ANSWER, TALK

ENCODING = load_encoding()
DAY = "2026-01-02"
CALL = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"
PATCH = "<|channel|>commentary to=functions.apply_patch<|message|>*** a<|call|>"
FINAL = "<|channel|>final<|message|>4<|return|>"
THOUGHT = "<|channel|>analysis<|message|>Easy.<|end|>"
NEXT = "<|start|>assistant"

CUSTOM = "apply patch"
CHAT = {
    "model": "gpt-oss-20b",
    "messages": [{"role": "user", "content": "hi"}],
    "tools": [
        {"type": "function", "function": {"name": "f"}},
        {"type": "custom", "custom": {"name": CUSTOM}},
    ],
    "metadata": {"a": "b"},
    "n": 3,
    "logprobs": True,
}
RESPONSES = {
    "model": "gpt-oss-20b",
    "input": "hi",
    "instructions": "Be brief.",
    "temperature": 0.5,
    "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": CUSTOM}],
}


@pytest.fixture
def convert(command, tmp_path):
    """Convert, with a request if one is given; fail unless it works."""

    def convert(stdin, source, to, *options, request=None):
        if request is not None:
            path = tmp_path / "request.json"
            path.write_text(json.dumps(request))
            options = [*options, "--request", path, "--today", DAY]
        fixed = "--deterministic-ids"
        done = command("convert", "--from", source, "--to", to, fixed, *options, stdin=stdin)
        assert done.code == 0, done.err
        return done

    return convert


def one(done):
    """The only JSON object that was written."""
    return json.loads(done.out)


def lines(done):
    return [json.loads(line) for line in done.out.splitlines()]


# ---- tokens to the APIs


def test_tokens_become_a_chat_completion(convert):
    done = convert(THOUGHT + NEXT + FINAL, "harmony", "chat")
    answer = one(done)
    message = answer["choices"][0]["message"]
    assert (message["content"], message["reasoning"]) == ("4", "Easy.")
    assert (answer["model"], answer["choices"][0]["finish_reason"]) == ("gpt-oss", "stop")
    assert done.err == ""
    ChatCompletion.model_validate(answer)


def test_tokens_become_a_response(convert):
    answer = one(convert(THOUGHT + NEXT + CALL, "harmony", "responses", "--tools", "f"))
    kinds = [(item["type"], item.get("name")) for item in answer["output"]]
    assert kinds == [("reasoning", None), ("function_call", "f")]
    assert answer["status"] == "completed"
    Response.model_validate(answer)


def test_tokens_may_be_ids(convert):
    ids = json.dumps(ENCODING.encode(FINAL, allowed_special="all"))
    assert one(convert(ids, "harmony", "chat")) == one(convert(FINAL, "harmony", "chat"))


def test_named_tools_are_functions_a_call_may_go_to(convert):
    bare = "<|channel|>commentary to=f <|constrain|>json<|message|>{}<|call|>"
    call = one(convert(bare, "harmony", "chat", "--tools", "f"))["choices"][0]["message"]
    assert call["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_the_requests_custom_tools_come_through(convert):
    message = one(convert(PATCH, "harmony", "chat", request=CHAT))["choices"][0]["message"]
    assert message["tool_calls"][0]["custom"] == {"name": CUSTOM, "input": "*** a"}
    (item,) = one(convert(PATCH, "harmony", "responses", request=RESPONSES))["output"]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", CUSTOM, "*** a")


def test_the_requests_settings_are_repeated(convert):
    chat = one(convert(FINAL, "harmony", "chat", request=CHAT))
    assert (chat["model"], chat["metadata"], len(chat["choices"])) == ("gpt-oss-20b", {"a": "b"}, 1)
    response = one(convert(FINAL, "harmony", "responses", request=RESPONSES))
    assert (response["temperature"], response["instructions"]) == (0.5, "Be brief.")


def test_the_requests_prompt_is_counted(convert):
    chat = one(convert(FINAL, "harmony", "chat", request=CHAT))
    response = one(convert(FINAL, "harmony", "responses", request=RESPONSES))
    counts = chat["usage"]["prompt_tokens"], response["usage"]["input_tokens"]
    prompts = [chat_request(CHAT), responses_request(RESPONSES)]
    date = len(ENCODING.encode(f"Current date: {DAY}\n"))
    assert counts == tuple(len(prompt.render(ENCODING)) + date for prompt in prompts)


def test_a_request_to_the_other_api_gives_its_tools(convert):
    message = one(convert(PATCH, "harmony", "chat", request=RESPONSES))["choices"][0]["message"]
    assert message["tool_calls"][0]["custom"] == {"name": CUSTOM, "input": "*** a"}
    answer = one(convert(PATCH, "harmony", "responses", request=CHAT))
    assert (answer["model"], answer["output"][0]["name"]) == ("gpt-oss-20b", CUSTOM)


def test_the_model_can_be_named(convert):
    answer = one(convert(FINAL, "harmony", "chat", "--model", "mine", request=CHAT))
    assert answer["model"] == "mine"


def test_without_fixed_ids_they_are_random_and_the_time_is_now(command):
    options = ["convert", "--from", "harmony", "--to", "chat"]
    first, second = (one(command(*options, stdin=FINAL)) for _ in range(2))
    assert first["id"] != second["id"]
    assert first["created"] > 0


def test_a_file_that_is_no_request_is_a_data_error(command, tmp_path):
    path = tmp_path / "request.json"
    path.write_text(TALK)
    done = command("convert", "--from", "harmony", "--to", "chat", "--request", path, stdin=FINAL)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[no_request]: ")


# ---- how it ends

ENDS = [
    (FINAL, "stop", "stop"),
    ("<|channel|>final<|message|>4<|end|>", "stop", "stop"),
    ("<|channel|>final<|message|>4", "length", "length"),
    (THOUGHT, "length", "length"),
    (THOUGHT + NEXT + "<|channel|>fin", "length", "length"),
    ("<|channel|>commentary<|message|>I look.<|end|>", "length", "length"),
    (CALL, "stop", "tool_calls"),
    (CALL.removesuffix("<|call|>"), "stop", "tool_calls"),
    (CALL.removesuffix("}<|call|>"), "length", "length"),
    ("<|channel|>fi", "length", "length"),
    ("", "stop", "stop"),
]


@pytest.mark.parametrize(("text", "engine", "chat"), ENDS)
def test_the_reason_it_ended_is_told_by_its_end(convert, text, engine, chat):
    done = convert(text, "harmony", "chat", "--tools", "f")
    assert one(done)["choices"][0]["finish_reason"] == chat
    assert ("is treated as cut off (length); use --finish stop" in done.err) == (engine == "length")
    answer = one(convert(text, "harmony", "responses", "--tools", "f"))
    status = {"stop": "completed", "length": "incomplete"}[engine]
    assert answer["status"] == status


@pytest.mark.parametrize("finish", ["stop", "length", "content_filter"])
def test_the_reason_can_be_given(convert, finish):
    done = convert("<|channel|>final<|message|>4", "harmony", "chat", "--finish", finish)
    assert one(done)["choices"][0]["finish_reason"] == finish
    assert done.err == ""


# ---- repairs

BROKEN = "<|start|>f<|channel|>commentary<|message|>{}<|call|>"


@pytest.mark.parametrize("to", ["chat", "responses", "harmony"])
def test_repairs_are_remarked_unless_quiet(convert, to):
    done = convert(BROKEN, "harmony", to, "--tools", "f")
    assert done.err.startswith("repaired[misplaced_recipient] token 1: ")
    assert convert(BROKEN, "harmony", to, "--tools", "f", "--quiet").err == ""


def test_events_are_the_parsers_repairs_among_them(command):
    for text in (ANSWER, BROKEN):
        options = ["--tools", "f"]
        done = command("convert", "--from", "harmony", "--to", "events", *options, stdin=text)
        parsed = command("parse", "--format", "events", *options, stdin=text)
        assert done.out == parsed.out != ""


# ---- streams


def test_a_chat_stream_is_its_chunks_one_a_line(convert):
    asked = {**CHAT, "stream": True, "stream_options": {"include_usage": True}}
    text = THOUGHT + NEXT + FINAL
    chunks = lines(convert(text, "harmony", "chat", "--stream", request=asked))
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk)
    whole = one(convert(text, "harmony", "chat", request=asked))
    assert chunks[-1]["usage"] == whole["usage"]
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks[:-1]]
    assert "".join(delta.get("reasoning", "") for delta in deltas) == "Easy."
    assert "".join(delta.get("content", "") for delta in deltas) == "4"


def test_a_response_stream_is_its_events_one_a_line(convert):
    text = THOUGHT + NEXT + PATCH
    events = lines(convert(text, "harmony", "responses", "--stream", request=RESPONSES))
    for event in events:
        type(as_stream_event(event)).model_validate(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[0]["type"] == "response.created"
    whole = one(convert(text, "harmony", "responses", request=RESPONSES))
    times = {"completed_at", "created_at"}
    last = events[-1]["response"]
    assert {k: last[k] for k in last.keys() - times} == {k: whole[k] for k in whole.keys() - times}


# ---- the APIs' answers to tokens

MESSAGE = {"role": "assistant", "content": "4", "reasoning": "Easy."}
ITEMS = [
    {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Easy."}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "4"}]},
]
COMPLETION = THOUGHT + NEXT + FINAL
INPUTS = [
    ("chat", {"choices": [{"message": MESSAGE, "finish_reason": "stop"}]}),
    ("chat", {"message": MESSAGE, "finish_reason": "stop"}),
    ("chat", MESSAGE),
    ("responses", {"object": "response", "output": ITEMS, "status": "completed"}),
    ("responses", ITEMS),
]


@pytest.mark.parametrize(("source", "answer"), INPUTS)
def test_an_answer_becomes_what_the_model_wrote_in_every_form(convert, source, answer):
    body = json.dumps(answer)
    ids = ENCODING.encode(COMPLETION, allowed_special="all")
    assert convert(body, source, "text").out == COMPLETION
    assert one(convert(body, source, "tokens")) == ids
    assert conversation_from_json(convert(body, source, "harmony").out).messages == tuple(
        ENCODING.parse(ids)
    )
    events = convert(body, source, "events").out
    assert events == convert(json.dumps(ids), "harmony", "events").out


def test_one_item_is_an_answer(convert):
    assert convert(json.dumps(ITEMS[1]), "responses", "text").out == FINAL


@pytest.mark.parametrize(
    ("source", "answer"),
    [
        ("chat", {"choices": [{"message": MESSAGE, "finish_reason": "length"}]}),
        (
            "responses",
            {
                "output": ITEMS,
                "status": "incomplete",
                "incomplete_details": {"reason": "max_output_tokens"},
            },
        ),
        ("responses", [ITEMS[0], {**ITEMS[1], "status": "incomplete"}]),
    ],
)
def test_an_answer_that_was_cut_off_has_no_stop_token(convert, source, answer):
    body = json.dumps(answer)
    assert convert(body, source, "text").out == COMPLETION.removesuffix("<|return|>")
    done = convert(body, source, "chat")
    assert one(done)["choices"][0]["finish_reason"] == "length"
    assert done.err == ""


def test_a_call_keeps_its_id_from_api_to_api(convert):
    text = THOUGHT + NEXT + CALL + NEXT + PATCH
    chat = json.loads(convert(text, "harmony", "chat", request=CHAT).out)
    calls = chat["choices"][0]["message"]["tool_calls"]
    calls[0]["id"], calls[1]["id"] = "call_one", "two"
    response = convert(json.dumps(chat), "chat", "responses")
    found = [item for item in one(response)["output"] if "call_id" in item]
    assert [(item["type"], item["name"], item["call_id"]) for item in found] == [
        ("function_call", "f", "call_one"),
        ("custom_tool_call", CUSTOM, "two"),
    ]
    back = one(convert(response.out, "responses", "chat"))
    assert back["choices"][0]["message"]["tool_calls"] == calls
    assert back["model"] == chat["model"]
    assert back["usage"] == chat["usage"]


def test_names_that_harmony_cannot_carry_are_spelt_as_in_the_prompt(convert):
    tools = [{"type": "function", "function": {"name": name}} for name in ("look up", "look_up")]
    asked = {**CHAT, "tools": tools}
    call = {"id": "1", "type": "function", "function": {"name": "look up", "arguments": "{}"}}
    body = json.dumps({"role": "assistant", "tool_calls": [call]})
    text = convert(body, "chat", "text", request=asked).out
    assert "to=functions.look_up_2 " in text
    item = one(convert(body, "chat", "responses", request=asked))["output"][0]
    assert item["name"] == "look up"


WRONG = [
    ("chat", {"choices": [{"message": {**MESSAGE, "content": 7}}]}, "choices[0].message.content"),
    ("chat", {"message": {**MESSAGE, "content": 7}}, "message.content"),
    ("chat", {**MESSAGE, "content": 7}, "message.content"),
    ("chat", {"role": "user", "content": "hi"}, "message.role"),
    ("chat", {"choices": []}, "`choices` is empty"),
    ("responses", [ITEMS[0], {**ITEMS[1], "content": 7}], "output[1].content"),
    ("responses", {"output": 7}, "`output` must be an array"),
    ("responses", [7], "output[0]"),
    (
        "responses",
        [{"role": "user", "content": "hi"}],
        "output has messages not from the assistant",
    ),
]


@pytest.mark.parametrize(("source", "answer", "place"), WRONG)
def test_an_answer_that_cannot_be_read_is_a_data_error_that_says_where(
    command, source, answer, place
):
    done = command("convert", "--from", source, "--to", "text", stdin=json.dumps(answer))
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[")
    assert place in done.err
    assert done.err.count("\n") == 1


# ---- Harmony's own forms


def test_a_completion_becomes_its_ids_its_text_and_its_messages(convert):
    ids = ENCODING.encode(COMPLETION, allowed_special="all")
    assert one(convert(COMPLETION, "harmony", "tokens")) == ids
    assert convert(json.dumps(ids), "harmony", "text").out == COMPLETION
    found = conversation_from_json(convert(COMPLETION, "harmony", "harmony").out)
    assert found.messages == tuple(ENCODING.parse(ids))


def test_the_last_turn_of_a_conversation_is_an_answer(convert):
    earlier = [
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "channel": "final", "content": "2"},
    ]
    talk = json.dumps([*earlier, *json.loads(TALK)])
    message = one(convert(talk, "harmony", "chat"))["choices"][0]["message"]
    assert (message["content"], message["reasoning"]) == ("4", "Easy.")


def test_a_conversation_without_an_answer_is_a_data_error(command):
    asked = '[{"role": "user", "content": "hi"}]'
    done = command("convert", "--from", "harmony", "--to", "chat", stdin=asked)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[no_answer]: ")


def _message(text):
    return {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}


SEVERAL = json.dumps({"choices": [_message("one"), _message("two"), {"message": {"content": 3}}]})


def test_of_several_choices_the_first_is_taken_and_that_is_said(convert):
    done = convert(SEVERAL, "chat", "text")
    assert done.out == "<|channel|>final<|message|>one<|return|>"
    assert "3 choices" in done.err
    assert "--choice 1" in done.err


def test_any_choice_can_be_asked_for(convert):
    done = convert(SEVERAL, "chat", "text", "--choice", 1)
    assert (done.out, done.err) == ("<|channel|>final<|message|>two<|return|>", "")
    assert convert(json.dumps(_message("x")), "chat", "text", "--choice", 0).err == ""


def test_a_fault_in_a_choice_is_placed_in_it(command):
    done = command("convert", "--from", "chat", "--to", "text", "--choice", 2, stdin=SEVERAL)
    assert done.code == 1
    assert "choices[2].message.content" in done.err


@pytest.mark.parametrize("number", [3, 999_999_999])
def test_a_choice_that_is_not_there_is_an_error_of_the_data(command, number):
    done = command("convert", "--from", "chat", "--to", "text", "--choice", number, stdin=SEVERAL)
    assert done.code == 1
    assert "it has 3" in done.err


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "harmony", "--choice", "0"),
        ("--from", "responses", "--choice", "0"),
        ("--from", "chat", "--choice", "-1"),
        ("--from", "chat", "--choice", "first"),
        ("--from", "chat", "--choice", "9999999999"),
    ],
)
def test_a_choice_that_cannot_be_meant_is_an_error_of_usage(command, options):
    assert command("convert", "--to", "text", *options, stdin=SEVERAL).code == 2


def test_a_choice_is_about_answers(command):
    request = json.dumps(CHAT)
    done = command("convert", "--from", "chat", "--to", "text", "--choice", "0", stdin=request)
    assert done.code == 2
    assert "--choice applies to answers" in done.err


@pytest.mark.parametrize(("to", "request_"), [("chat", CHAT), ("responses", RESPONSES)])
def test_padding_that_the_request_asks_for_is_written_and_repeatable(convert, to, request_):
    asked = {**request_, "stream": True, "stream_options": {"include_obfuscation": True}}
    first, second = (convert(FINAL, "harmony", to, "--stream", request=asked) for _ in range(2))
    assert first.out == second.out
    padded = [event for event in map(json.loads, first.out.splitlines()) if "obfuscation" in event]
    assert padded[-1]["obfuscation"].strip("x") == ""
