"""The fold of parser events into items, and where each item belongs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import MessageEnded, Role
from harmonium.openai import (
    DESTINATIONS,
    ItemClosed,
    ItemOpened,
    ItemText,
    OutputFold,
    Route,
    ToolName,
    ToolNameMap,
    route,
)
from harmonium.openai.answers.finish import is_complete
from harmonium.openai.answers.output import NO_ARGUMENTS, OutputEvent
from harmonium.testing import token_streams
from tests.openai.chat.running import ENCODING, ids_of, split

NAMES = ToolNameMap(
    [ToolName("f"), ToolName("run it", "custom"), ToolName("get", "function", "crm"),
     ToolName("search docs", "mcp", "my server")],
    ["files"],
)  # fmt: skip


@pytest.mark.parametrize(
    ("recipient", "channel", "expected"),
    [
        ("functions.f", "commentary", Route("function", "f")),
        ("functions.f", "analysis", Route("function", "f")),
        ("functions.f", "final", Route("function", "f")),
        ("f", None, Route("function", "f")),
        ("functions.a.b", "commentary", Route("function", "a.b")),
        ("functions.run_it", "commentary", Route("custom", "run it")),
        ("functions.crm__get", "commentary", Route("function", "get", "crm")),
        ("browser.search", "analysis", Route("web_search", "search")),
        ("browser.open", "commentary", Route("web_search", "open")),
        ("browser.fly", "commentary", Route("web_search", "fly")),
        ("browser", "commentary", Route("web_search", "")),
        ("python", "analysis", Route("code", "python")),
        ("container.exec", "commentary", Route("mcp", "exec", None, "container")),
        ("files.read.all", "commentary", Route("mcp", "read.all", None, "files")),
        ("other", "commentary", Route("mcp", "other", None, "other")),
        ("my_server.search_docs", "commentary", Route("mcp", "search docs", None, "my server")),
        ("my_server.other", "commentary", Route("mcp", "other", None, "my server")),
        (None, "analysis", Route("reasoning")),
        (None, "commentary", Route("preamble")),
        (None, "unknown", Route("preamble")),
        (None, "final", Route("answer")),
        (None, None, Route("answer")),
        ("all", "final", Route("answer")),
        ("assistant", "analysis", Route("reasoning")),
        ("user", "commentary", Route("preamble")),
    ],
)
def test_each_message_of_the_assistant_belongs_in_one_place(recipient, channel, expected):
    assert route(recipient, channel, Role.ASSISTANT, NAMES) == expected


@pytest.mark.parametrize("role", [Role.TOOL, Role.USER, Role.SYSTEM, Role.DEVELOPER])
def test_messages_of_others_belong_nowhere(role):
    assert route(None, "final", role, NAMES) == Route("nothing")


def test_the_table_says_where_each_route_leads():
    assert {kind: (to.chat, to.responses) for kind, to in DESTINATIONS.items()} == {
        "function": ("tool_calls", "function_call"),
        "custom": ("tool_calls", "custom_tool_call"),
        "web_search": ("hidden", "web_search_call"),
        "code": ("hidden", "code_interpreter_call"),
        "mcp": ("hidden", "mcp_call"),
        "reasoning": ("reasoning", "reasoning"),
        "preamble": ("content", "message"),
        "answer": ("content", "message"),
        "nothing": ("hidden", None),
    }


def _outputs(ids, cuts=()) -> list[OutputEvent]:
    parser, fold = ENCODING.parser(), OutputFold(NAMES)
    out = [event for piece in split(ids, cuts) for event in fold.feed(parser.feed(piece))]
    return out + fold.feed(parser.close())


@given(token_streams(), st.lists(st.integers(0, 60)))
@settings(max_examples=150)
def test_items_come_one_after_another_and_their_text_is_whole(ids, cuts):
    events = _outputs(ids, cuts)
    assert events == _outputs(ids)
    items = []
    for event in events:
        if isinstance(event, ItemOpened):
            assert event.item == len(items)
            items.append([event.route, []])
        elif isinstance(event, ItemText):
            assert event.item == len(items) - 1
            items[-1][1].append(event.text)
        else:
            assert (event.item, event.route) == (len(items) - 1, items[-1][0])
            assert event.text == "".join(items[-1][1])
            items[-1].append("closed")
    assert [item[2:] for item in items] == [["closed"]] * len(items)
    spoken = [m for m in ENCODING.parse(ids) if m.author.role is Role.ASSISTANT]
    closed = [event.text for event in events if isinstance(event, ItemClosed)]
    assert list(map(_said, closed)) == [_said(message.text) for message in spoken]


def _said(text):
    """Return a text; a call without arguments is given an empty object."""
    return "" if text.strip() in {"", NO_ARGUMENTS} else text


@pytest.mark.parametrize("arguments", ["<|message|>", "<|message|> ", ""])
def test_a_whole_call_without_arguments_has_an_empty_object(arguments):
    text = f"<|channel|>commentary to=functions.f{arguments}<|call|>"
    events = _outputs(ENCODING.encode(text, allowed_special="all"))
    assert json.loads(events[-1].text) == {}
    assert "".join(event.text for event in events if isinstance(event, ItemText)) == events[-1].text


def test_a_call_that_is_cut_off_is_given_no_arguments():
    text = "<|channel|>commentary to=functions.f<|message|>"
    assert _outputs(ENCODING.encode(text, allowed_special="all"))[-1].text == ""


@given(token_streams())
@settings(max_examples=100)
def test_every_token_is_counted(ids):
    parser, fold = ENCODING.parser(), OutputFold(NAMES)
    fold.feed(parser.feed(ids) + parser.close())
    assert fold.output_tokens == len(ids)


TURN = ids_of(
    "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>4"
)


def test_several_turns_are_one_answer():
    fold = OutputFold(NAMES)
    events = []
    for _ in range(3):
        fold.begin_turn()
        parser = ENCODING.parser()
        events += fold.feed(parser.feed(TURN) + parser.close())
    assert [event.item for event in events if isinstance(event, ItemOpened)] == list(range(6))
    assert fold.output_tokens == 3 * len(TURN)
    assert fold.reasoning_tokens == 3 * len(ids_of("Hm."))
    places = [event.start for event in events if isinstance(event, ItemText)]
    assert places == sorted(set(places))


def test_an_answer_that_breaks_off_closes_its_open_item():
    parser, fold = ENCODING.parser(), OutputFold(NAMES)
    fold.feed(parser.feed(TURN))
    assert fold.open_route == Route("answer")
    assert fold.abort() == [ItemClosed(1, Route("answer"), "4", None, truncated=True)]
    assert fold.open_route is None
    assert fold.abort() == []


def test_a_parser_that_nobody_closed_leaves_no_item_open():
    fold = OutputFold(NAMES)
    first = fold.feed(ENCODING.parser().feed(TURN))
    fold.begin_turn()
    second = fold.feed(ENCODING.parser().feed(TURN))
    assert isinstance(first[-1], ItemText)
    assert second[0] == ItemClosed(1, Route("answer"), "4", None, truncated=True)
    assert isinstance(second[1], ItemOpened)
    assert second[1].item == 2


def test_an_item_that_was_cut_off_says_so():
    closed = [event for event in _outputs(TURN) if isinstance(event, ItemClosed)]
    assert [(event.truncated, event.stop) for event in closed] == [(False, "end"), (True, None)]


def test_the_parser_still_speaks_of_messages_below():
    parser = ENCODING.parser()
    events = parser.feed(TURN) + parser.close()
    assert sum(isinstance(event, MessageEnded) for event in events) == 2


@pytest.mark.parametrize(
    ("to", "text", "expected"),
    [
        ("functions.f", "{}", True),
        ("functions.f", '{"a": 1', False),
        ("files.read", "{}", True),
        ("files.read", '{"a": 1', False),
        ("browser.search", '{"a": 1', False),
        ("python", "print(", True),
        ("functions.run_it", "*** a", True),
        ("functions.f", "[" * 100_000, False),
    ],
)
def test_a_call_without_its_stop_token_is_whole_when_nothing_is_missing(to, text, expected):
    (closed,) = (
        event
        for event in _outputs(ids_of(f"<|channel|>commentary to={to}<|message|>{text}"))
        if isinstance(event, ItemClosed)
    )
    assert closed.truncated
    assert is_complete(closed) is expected
