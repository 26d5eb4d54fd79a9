"""Which messages are left out of a prompt, and how a conversation ends."""

from __future__ import annotations

import pytest

from harmonium.errors import InvalidInputError, InvalidNameError
from harmonium.model import Conversation, Message
from harmonium.render import RenderOptions, conversation_segments, kept_messages, plain_text


def said(*words: str) -> list[Message]:
    """Make messages from words: a channel is the assistant's, anything else the user's."""
    channels = {"analysis", "commentary", "final"}
    return [
        Message.assistant(word, channel=word) if word in channels else Message.user(word)
        for word in words
    ]


TWO_TURNS = said("q", "analysis", "commentary", "final", "q", "analysis", "final")
IN_A_TOOL_CALL = said("q", "analysis", "final", "q", "analysis", "commentary")
ANSWERED_TWICE = said("analysis", "final", "analysis", "final", "analysis")


@pytest.mark.parametrize(
    ("messages", "history", "left_out"),
    [
        (TWO_TURNS, "per_turn", {1, 5}),
        (TWO_TURNS, "library", {1}),
        (TWO_TURNS, "keep", set()),
        (IN_A_TOOL_CALL, "per_turn", {1}),
        (IN_A_TOOL_CALL, "library", set()),
        (ANSWERED_TWICE, "per_turn", {0, 2}),
        (ANSWERED_TWICE, "library", set()),
        (said("analysis", "q"), "per_turn", set()),
        ([], "per_turn", set()),
        ([], "library", set()),
        ([Message.user("x"), *said("analysis", "final")], "per_turn", {1}),
    ],
)
def test_reasoning_that_is_left_out(
    messages: list[Message], history: str, left_out: set[int]
) -> None:
    kept = kept_messages(messages, history)
    assert set(range(len(messages))) - set(kept) == left_out
    assert kept == sorted(kept)


def test_only_the_assistant_ends_a_turn() -> None:
    forged = Message(Message.user("x").author, "x", channel="final")
    messages = [*said("analysis"), forged, *said("commentary")]
    assert kept_messages(messages, "per_turn") == [0, 1, 2]


@pytest.mark.parametrize("history", ["all", "", None, 1])
def test_an_unknown_history_rule_is_an_error(history: object) -> None:
    with pytest.raises(InvalidInputError, match="per_turn, library, last, keep") as caught:
        kept_messages([], history)
    assert caught.value.code == "unknown_history"


def test_for_completion_the_next_role_is_opened() -> None:
    options = RenderOptions(next_role="assistant")
    text = plain_text(conversation_segments(Conversation(said("q")), options))
    assert text == "<|start|>user<|message|>q<|end|><|start|>assistant"


def test_an_empty_conversation_is_empty_or_the_opened_role_alone() -> None:
    assert conversation_segments(Conversation()) == []
    opened = conversation_segments(Conversation(), RenderOptions(next_role="user"))
    assert plain_text(opened) == "<|start|>user"


@pytest.mark.parametrize(
    ("last", "end"),
    [("final", "<|return|>"), ("analysis", "<|end|>"), ("commentary", "<|end|>"), ("q", "<|end|>")],
)
def test_for_training_only_an_answer_ends_with_return(last: str, end: str) -> None:
    options = RenderOptions(training=True)
    text = plain_text(conversation_segments(Conversation(said("q", "final", last)), options))
    assert text.endswith(end)
    assert text.count("<|return|>") == (end == "<|return|>")


def test_training_and_a_next_role_exclude_each_other() -> None:
    with pytest.raises(InvalidInputError, match="not both"):
        RenderOptions(training=True, next_role="assistant")


def test_an_unknown_next_role_is_an_error() -> None:
    with pytest.raises(InvalidNameError):
        RenderOptions(next_role="robot")


def test_origins_count_the_messages_that_were_left_out() -> None:
    segments = conversation_segments(Conversation(TWO_TURNS))
    assert [index for index in range(7) if any(s.origin.message == index for s in segments)] == [
        0, 2, 3, 4, 6,
    ]  # fmt: skip


def test_the_last_rule_keeps_the_reasoning_of_the_last_turn_alone():
    messages = [
        message
        for number in "123"
        for message in (
            Message.user(f"q{number}"),
            Message.assistant(f"think{number}", channel="analysis"),
            Message.assistant(f"a{number}", channel="final"),
        )
    ]
    assert kept_messages(messages, "last") == [0, 2, 3, 5, 6, 7, 8]
    assert kept_messages(messages[:-1], "last") == [0, 2, 3, 5, 6, 7]
    assert kept_messages(messages[:1], "last") == [0]
    assert kept_messages([], "last") == []
