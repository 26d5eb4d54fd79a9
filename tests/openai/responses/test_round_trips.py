"""Everything we emit, sent back as input, is the conversation it came from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import Conversation, Message
from harmonium.model import ToolNamespace
from harmonium.openai import (
    AnswerContext,
    PromptSettings,
    RequestError,
    ToolResult,
    as_response,
    counting_ids,
    response_answer,
)
from harmonium.testing import texts
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
    ids_of,
    in_turns,
    parsed,
    request_of,
    setup_of,
)

START = 2  # the ids of ``<|start|>assistant``, which the prompt ends with
SAID = texts().filter(bool)
SERVED = ["notes.find", "notes.a.b", "notes", "container.exec", "container"]
GIVEN = PromptSettings(builtin_tools=(ToolNamespace("notes"), ToolNamespace("container")))
"""The servers' tools, which are given to every request."""


def _to(recipient, channel, content_type):
    return lambda text: Message.assistant(
        text, channel=channel, recipient=recipient, content_type=content_type
    )


SPEECH = st.one_of(
    *(
        SAID.map(lambda text, channel=channel: Message.assistant(text, channel=channel))
        for channel in ("analysis", "commentary", "final")
    ),
    SAID.filter(str.strip).map(_to("functions.get_weather", "commentary", "json")),
    SAID.map(_to("functions.apply_patch", "commentary", None)),
)
SERVER_CALLS = st.one_of(
    texts().map(_to("python", "analysis", "code")),
    *(
        texts().map(_to(f"browser.{name}", "analysis", "code"))
        for name in ("search", "open", "find", "click")
    ),
    *(texts().map(_to(name, "commentary", "json")) for name in SERVED),
)
TURNS = st.lists(
    st.tuples(st.lists(SPEECH, max_size=3), SERVER_CALLS, texts()), min_size=1, max_size=3
)


def _said(messages):
    """What a model says when it says these messages."""
    return ENCODING.render(Conversation(tuple(messages)), history="keep")[START:]


def _run(turns, request, last):
    """Run turns that each end in a call the server answers; then the last messages."""
    spoken = [_said([*speech, call]) for speech, call, _ in turns] + [_said(last)]
    return in_turns(spoken, request, [ToolResult(answer) for _, _, answer in turns])


def _back(request, output, **known):
    """The conversation when the output is sent back behind the input it answered."""
    items = [{"role": "user", "content": "hi"}, *output]
    again = request_of(setup_of(**{"prompt": GIVEN, **known}), input=items, include=ALL_INCLUDES)
    assert again.conversation.messages[:3] == request.conversation.messages
    return list(again.conversation.messages[3:])


REQUEST = request_of(setup_of(prompt=GIVEN), include=ALL_INCLUDES)


@given(TURNS, st.lists(SPEECH, max_size=3))
@settings(max_examples=120)
def test_the_items_of_a_response_say_what_the_model_and_the_tools_said(turns, last):
    stream, given_ = _run(turns, REQUEST, last)
    assert faults([event for events in given_ for event in events]) == []
    expected = []
    for speech, call, answer in turns:
        result = Message.tool(call.recipient, answer, channel=call.channel)
        expected += [*speech, call, result]
    assert stream.messages == expected + last
    assert _back(REQUEST, stream.response["output"]) == stream.messages


CALLS = st.lists(st.tuples(SERVER_CALLS, texts()), min_size=2, max_size=4)


@given(CALLS, st.permutations(range(4)))
@settings(max_examples=60)
def test_calls_of_one_turn_are_each_followed_by_their_answer_whichever_comes_first(calls, order):
    stream = response_answer(REQUEST, AnswerContext(0, counting_ids()))
    stream.feed(parsed(_said([call for call, _ in calls]), REQUEST)[0])
    stream.end_turn()
    for index in order:
        if index < len(calls):
            stream.tool_finished(index, ToolResult(calls[index][1]))
    stream.finish()
    assert stream.messages == [
        message
        for call, answer in calls
        for message in (call, Message.tool(call.recipient, answer, channel=call.channel))
    ]
    assert _back(REQUEST, stream.response["output"]) == stream.messages


def _everything(include=()):
    request = request_of(setup_of(prompt=GIVEN), include=list(include))
    stream, _ = in_turns(
        [
            ids_of(REASONING, PREAMBLE, SEARCH),
            ids_of(REASONING, PYTHON),
            ids_of(MCP),
            ids_of(CUSTOM),
            ids_of(CALL, PREAMBLE, ANSWER),
        ],
        request,
        [ToolResult("【1†page】"), ToolResult("2\n"), ToolResult("gone", failed=True)],
        make=response_answer,
    )
    return request, stream


def test_sealed_reasoning_alone_says_the_same():
    request, stream = _everything(ALL_INCLUDES)
    output = [
        {**item, "content": []} if item["type"] == "reasoning" else item
        for item in stream.response["output"]
    ]
    assert _back(request, output) == stream.messages


def test_what_a_store_keeps_says_all_that_was_said_whatever_is_included():
    request, stream = _everything()
    assert stream.response["output"] != stream.stored_items()
    assert _back(request, stream.stored_items()) == stream.messages


def test_objects_of_the_openai_package_may_be_sent_back():
    request, stream = _everything(ALL_INCLUDES)
    output = as_response(stream.response).output
    assert _back(request, output) == stream.messages


def test_previous_items_come_before_the_input():
    _, stream = _everything(ALL_INCLUDES)
    before = [{"role": "user", "content": "hi"}, *stream.response["output"]]
    again = request_of(setup_of(previous=before), input="and now?", previous_response_id="resp_1")
    assert list(again.conversation.messages[3:-1]) == stream.messages
    assert again.conversation.messages[-1] == Message.user("and now?")


def test_an_item_may_be_referred_to():
    request, stream = _everything(ALL_INCLUDES)
    output = stream.response["output"]
    stored = {item["id"]: item for item in output}
    references = [{"type": "item_reference", "id": item["id"]} for item in output]
    assert _back(request, references, find_item=stored.get) == stream.messages
    with pytest.raises(RequestError, match=r"store: false.*reasoning\.encrypted_content") as caught:
        _back(request, references)
    assert (caught.value.param, caught.value.code) == ("input[1].id", "item_not_found")
    bare = [{"id": item["id"]} for item in output]
    assert _back(request, bare, find_item=stored.get) == stream.messages


@pytest.mark.parametrize("kind", ["function_call", "custom_tool_call"])
def test_the_output_of_a_call_answers_its_tool(kind):
    request, stream = _everything(ALL_INCLUDES)
    (call,) = [item for item in stream.response["output"] if item["type"] == kind]
    answer = {"type": f"{kind}_output", "call_id": call["call_id"], "output": "done"}
    *_, said, answered = _back(request, [call, answer])
    assert answered == Message.tool(said.recipient, "done")
    assert request_of(setup_of(previous=[call]), input=[answer]).conversation.messages[
        -1
    ] == Message.tool(said.recipient, "done")


def test_a_replayed_preamble_leaves_the_reasoning_before_it_in_the_prompt():
    _, stream = _everything(ALL_INCLUDES)
    reasoning, preamble, *_ = stream.response["output"]
    again = request_of(input=[{"role": "user", "content": "hi"}, reasoning, preamble])
    prompt = ENCODING.decode(ENCODING.render(again.conversation, history=again.history))
    assert prompt.endswith(
        "<|start|>assistant<|channel|>analysis<|message|>Need it.<|end|>"
        "<|start|>assistant<|channel|>commentary<|message|>Let me look.<|end|>"
    )


def test_a_refusal_that_was_written_says_the_same():
    stream = response_answer(REQUEST, AnswerContext(0, counting_ids()))
    stream.refuse("No.")
    stream.finish()
    assert _back(REQUEST, stream.response["output"]) == stream.messages


APPROVALS = st.lists(st.tuples(SPEECH, st.sampled_from(SERVED[:2]), texts()), max_size=3)
HELD = [{"type": "mcp", "server_label": "notes", "require_approval": "always"}]


@given(APPROVALS)
@settings(max_examples=60)
def test_what_waits_for_approval_says_the_same(turns):
    setup = setup_of(prompt=GIVEN)
    request = request_of(setup, tools=[*TOOLS, *HELD])
    calls = [_to(name, "commentary", "json")(text) for _, name, text in turns]
    spoken = [m for (speech, _, _), call in zip(turns, calls, strict=True) for m in (speech, call)]
    stream, given_ = in_turns([_said(spoken)], request, [])
    assert faults([event for events in given_ for event in events]) == []
    assert stream.messages == spoken
    assert {item["type"] for item in stream.response["output"]}.isdisjoint({"mcp_call"})
    again = request_of(
        setup,
        tools=[*TOOLS, *HELD],
        input=[{"role": "user", "content": "hi"}, *stream.response["output"]],
    )
    assert list(again.conversation.messages[len(request.conversation) :]) == spoken


def test_a_refusal_sent_back_is_text_the_assistant_said():
    item = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "refusal", "refusal": "I cannot."}],
    }
    assert _back(REQUEST, [item]) == [Message.assistant("I cannot.", channel="final")]
