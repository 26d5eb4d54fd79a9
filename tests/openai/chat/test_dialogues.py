"""A history that grew is read from where it grew, and to the same end as if read anew."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import Conversation, Message
from harmonium.openai import RequestError, chat_request
from harmonium.openai.chat.request.history_cache import ParsedHistories
from harmonium.render import encode_segments
from tests.openai.chat.running import ENCODING, HI, WEATHER, prompt_of, request_of

NAMES = st.sampled_from(["get_weather", "look up", "look_up", "a b", "a_b"])
IDS = st.sampled_from(["1", "2"])
CALLS = st.builds(
    lambda call_id, name: {"id": call_id, "function": {"name": name, "arguments": "{}"}}, IDS, NAMES
)
TURNS = st.lists(
    st.one_of(
        st.just(HI),
        st.just({"role": "system", "content": "Be."}),
        st.builds(lambda text: {"role": "assistant", "content": text}, st.text(max_size=4)),
        st.builds(lambda call: {"role": "assistant", "tool_calls": [call]}, CALLS),
        st.builds(lambda i: {"role": "tool", "tool_call_id": i, "content": "x"}, IDS),
        st.just({"role": "robot"}),
    ),
    min_size=1,
    max_size=10,
)
TOOLS = st.sampled_from([None, [WEATHER], [{"type": "function", "function": {"name": "look up"}}]])


def _read(dialogues, items, tools=None):
    """What was read, or where the fault lies."""
    try:
        found = dialogues.read(items, tools)
    except RequestError as error:
        return error.to_dict()
    history = found.history
    return found.tools, history.instructions, history.messages, history.names


@given(TURNS, TOOLS, st.data())
@settings(max_examples=200)
def test_a_history_read_bit_by_bit_is_the_history_read_at_once(items, tools, data):
    dialogues = ParsedHistories()
    for _ in range(data.draw(st.integers(1, 5))):
        upto = data.draw(st.integers(1, len(items)))
        assert _read(dialogues, items[:upto], tools) == _read(
            ParsedHistories(), items[:upto], tools
        )


@given(TURNS, TURNS)
@settings(max_examples=100)
def test_a_history_that_was_edited_is_read_anew(first, second):
    dialogues = ParsedHistories()
    for items in (first, second, first[:1] + second, second[:1] + first):
        assert _read(dialogues, items) == _read(ParsedHistories(), items)


def test_a_caller_may_change_what_it_gave():
    dialogues = ParsedHistories()
    items = [copy.deepcopy(HI), {"role": "assistant", "content": [{"type": "text", "text": "a"}]}]
    dialogues.read(items, None)
    items[1]["content"][0]["text"] = "b"
    assert dialogues.read(items, None).history.messages[-1].text == "b"


def test_what_was_read_for_one_request_is_not_changed_by_the_next():
    dialogues = ParsedHistories()
    first = dialogues.read([HI], [WEATHER])
    second = dialogues.read([HI, HI], [WEATHER])
    assert (len(first.history.messages), len(second.history.messages)) == (1, 2)
    second.history.names.server("new")
    assert dialogues.read([HI, HI], [WEATHER]).history.names == first.history.names


CHOICES = st.sampled_from(["auto", "none", "required"])
FORMATS = st.sampled_from([None, {"type": "json_object"}])
TALK = st.lists(
    st.one_of(
        st.just(HI),
        st.just({"role": "system", "content": "Be."}),
        st.builds(
            lambda text, thought: {"role": "assistant", "content": text, "thinking": thought},
            st.text(max_size=4),
            st.text(max_size=2),
        ),
        st.builds(
            lambda call: {"role": "assistant", "reasoning": "Hm.", "tool_calls": [call]}, CALLS
        ),
    ),
    min_size=1,
    max_size=10,
)


@given(TALK, st.data())
@settings(max_examples=200)
def test_a_prompt_that_grew_is_the_prompt_rendered_at_once(items, data):
    """Forks, other tools offered, other formats and other profiles in between included."""
    for _ in range(data.draw(st.integers(1, 5))):
        said = items[: data.draw(st.integers(1, len(items)))] + data.draw(TALK)[:1]
        request = request_of(
            messages=said,
            tools=[WEATHER],
            tool_choice=data.draw(CHOICES),
            response_format=data.draw(FORMATS),
        )
        profile = data.draw(st.sampled_from(["guide", "oss"]))
        segments = ENCODING.render_segments(request.conversation, "assistant", profile=profile)
        assert request.render(ENCODING, profile) == encode_segments(segments, ENCODING.tokenizer)


def test_a_turn_more_looks_up_no_more_texts_however_long_the_dialogue():
    def looked_up():
        hits, misses, *_ = ENCODING.tokenizer.cache.info()
        return hits + misses

    counts, histories = [], ParsedHistories()
    items = [{"role": "user", "content": "never said before"}]
    for turn in range(40):
        items += [{"role": "assistant", "content": f"{turn}", "reasoning": "Hm."}, HI]
        before = looked_up()
        chat_request({"model": "m", "messages": items}, histories=histories).render(ENCODING)
        counts.append(looked_up() - before)
    assert counts[10] == counts[39]


def test_a_conversation_that_was_replaced_is_rendered_as_it_is():
    items = [HI, {"role": "assistant", "content": "a", "reasoning": "b"}, HI]
    request = request_of(messages=items)
    request.render(ENCODING)
    other = replace(request, conversation=Conversation([Message.user("x")]))
    assert other.render(ENCODING) == ENCODING.render(other.conversation, "assistant")


def test_a_caller_may_change_the_tools_it_gave():
    schema = {"type": "object", "properties": {"first": {"type": "string"}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    items = [{"role": "user", "content": "tools that change"}]
    request = request_of(messages=items, tools=[tool])
    schema["properties"] = {"second": {"type": "string"}}
    assert "first" in prompt_of(request)
    assert "second" in prompt_of(request_of(messages=items, tools=[tool]))


def test_values_that_are_equal_but_not_the_same_are_told_apart():
    dialogues = ParsedHistories()
    strict = {"type": "function", "function": {"name": "f", "strict": True}}
    loose = {"type": "function", "function": {"name": "f", "strict": 1}}
    dialogues.read([HI], [strict])
    with pytest.raises(RequestError, match="must be a boolean"):
        dialogues.read([HI], [loose])


def test_a_result_before_its_call_is_read_anew_each_time():
    early = {"role": "tool", "tool_call_id": "1", "content": "x"}
    calls = [
        {"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": name}}]}
        for name in ("one", "two")
    ]
    dialogues = ParsedHistories()
    for upto in (2, 3):
        items = [early, *calls][:upto]
        assert _read(dialogues, items) == _read(ParsedHistories(), items)


def test_what_is_kept_is_bounded():
    dialogues = ParsedHistories(limit=10_000)
    for number in range(200):
        dialogues.read([{"role": "user", "content": f"{number}" * 10}, HI], None)
        assert 0 < dialogues.size <= 10_000
    before = dialogues.size
    dialogues.read([{"role": "user", "content": "x" * 20_000}], None)
    assert dialogues.size == before
    dialogues.resize(0)
    dialogues.read([HI], None)
    assert dialogues.size == 0


def test_json_nested_too_deeply_to_be_kept_is_read_all_the_same():
    deep = []
    for _ in range(5000):
        deep = [deep]
    dialogues = ParsedHistories()
    found = dialogues.read([{**HI, "extra": deep}], None)
    assert found.history.messages[0].text == "hi"
    assert dialogues.size == 0


def test_threads_may_share_it():
    dialogues = ParsedHistories(limit=5000)
    wrong = []

    def work(number):
        items = [{"role": "user", "content": f"{number % 3}"}]
        for turn in range(60):
            items.append({"role": "assistant", "content": f"{turn}"})
            if _read(dialogues, items) != _read(ParsedHistories(), items):
                wrong.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
