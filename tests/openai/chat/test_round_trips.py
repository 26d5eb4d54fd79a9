"""What a chat answer says, sent back as history, is the conversation it came from."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import Message
from harmonium.openai import chat_request
from harmonium.testing import malformed_cases, texts, token_streams
from tests.openai.chat.running import ENCODING, HI, ids_of, message_of, request_of

TOOLS = [
    {"type": "function", "function": {"name": "get weather"}},
    {"type": "custom", "custom": {"name": "apply patch"}},
]
REQUEST = request_of(tools=TOOLS)
SAID = texts().filter(bool)
WEATHER = "functions.get_weather"
PATCH = "functions.apply_patch"


def _say(text, channel, to=None, kind=None):
    return Message.assistant(text, channel=channel, recipient=to, content_type=kind)


GIVEN = texts().filter(str.strip)  # blank arguments become an empty object, which is another call


def _calls():
    weather = st.builds(lambda text: _say(text, "commentary", WEATHER, "json"), GIVEN)
    patch = st.builds(lambda text: _say(text, "commentary", PATCH), texts())
    return st.lists(weather | patch, min_size=1, max_size=3)


THOUGHTS = st.lists(SAID.map(lambda text: _say(text, "analysis")), max_size=1)
PREAMBLES = st.lists(SAID.map(lambda text: _say(text, "commentary")), max_size=1)
ANSWERS = SAID.map(lambda text: _say(text, "final"))
TURNS = st.one_of(
    st.builds(lambda thought, answer: [*thought, answer], THOUGHTS, ANSWERS),
    st.builds(lambda *parts: [m for part in parts for m in part], THOUGHTS, PREAMBLES, _calls()),
)


def _ids(turn):
    """What the model wrote: the turn behind the prompt's ``<|start|>assistant``."""
    return ENCODING.render(turn, history="keep")[2:]


def _sent_back(message):
    request = chat_request({"model": "m", "messages": [HI, message], "tools": TOOLS})
    return list(request.conversation.messages)[3:]


@given(TURNS)
@settings(max_examples=150)
def test_a_turn_sent_back_is_the_turn_the_model_wrote(turn):
    assert _sent_back(message_of(_ids(turn), REQUEST)) == turn


@pytest.mark.parametrize("option", ["reasoning", "reasoning_content", "both"])
def test_reasoning_comes_back_from_whichever_field_it_went_out_in(option):
    turn = [_say("2+2", "analysis"), _say("4", "final")]
    assert _sent_back(message_of(_ids(turn), REQUEST, reasoning=option)) == turn


@given(token_streams())
@settings(max_examples=60)
def test_whatever_was_answered_says_the_same_when_it_is_sent_back(ids):
    """Also what was repaired, cut off or empty: rendered again and parsed again."""
    message = message_of(ids, REQUEST)
    assert _said_again(message, TOOLS) == _without_ids(message)


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_a_repaired_answer_says_the_same_when_it_is_sent_back(case):
    tools = [{"type": "function", "function": {"name": name}} for name in case.tools]
    message = message_of(ids_of(case.text), request_of(tools=tools), role=case.role)
    assert _said_again(message, tools) == _without_ids(message)


def _said_again(message, tools):
    """What the message says when the model writes it once more, as the next request shows it."""
    request = request_of(messages=[HI, message], tools=tools)
    back = [said for said in request.conversation if said.author.role == "assistant"]
    return _without_ids(message_of(_ids(back) if back else [], request))


def _without_ids(message):
    calls = [{**call, "id": None} for call in message.get("tool_calls", ())]
    return {**message, "tool_calls": calls}


def test_a_call_and_its_result_come_back_as_the_model_saw_them():
    turn = [_say("Look.", "analysis"), _say("{}", "commentary", WEATHER, "json")]
    message = message_of(_ids(turn), REQUEST)
    result = {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": "sunny"}
    request = chat_request({"model": "m", "messages": [HI, message, result], "tools": TOOLS})
    assert list(request.conversation.messages)[3:] == [*turn, Message.tool(WEATHER, "sunny")]
