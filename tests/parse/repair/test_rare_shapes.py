"""Shapes that are rare even among damaged outputs, each read as what it most likely meant."""

import pytest

from harmonium import MessageEnded, ParseError, Repaired, load_encoding

ENCODING = load_encoding()
PLAN = "<|channel|>analysis<|message|>Plan.<|end|>"
PLANNED = ("assistant", "analysis", None, "Plan.")
CALL = ("assistant", "commentary", "functions.f", "{}")
LONG = "word " * 700


def _read(ids, role):
    """The messages as (author, channel, recipient, text), and the codes of all repairs."""
    parser = ENCODING.parser(role=role, tools=["f"])
    events = [event for token in ids for event in parser.feed(token)] + parser.close()
    ended = [event.message for event in events if isinstance(event, MessageEnded)]
    messages = [
        (said.author.name or str(said.author.role), said.channel, said.recipient, said.text)
        for said in ended
    ]
    return messages, [event.code for event in events if isinstance(event, Repaired)]


@pytest.mark.parametrize(
    ("text", "messages", "codes"),
    [
        (
            "<|channel|>final<|message|>Half.ass<|channel|>final<|message|>x<|return|>",
            [("assistant", "final", None, "Half.ass"), ("assistant", "final", None, "x")],
            ["missing_end", "missing_start"],
        ),
        (
            "<|channel|>final<|message|>Write (= to<|channel|>final<|message|>x<|return|>",
            [("assistant", "final", None, "Write (= to"), ("assistant", "final", None, "x")],
            ["missing_end", "missing_start"],
        ),
        (
            f"{PLAN}—— assistant<|channel|>final<|message|>Hi<|return|>",
            [PLANNED, ("assistant", "final", None, "Hi")],
            ["missing_start", "unknown_role"],
        ),
        (f"{PLAN}<|message|><|end|>", [PLANNED], ["missing_start", "empty_message", "stray_stop"]),
        (f"{PLAN}<|message|>", [PLANNED], ["missing_start", "empty_message"]),
        (
            f"{LONG}<|message|>Hi<|return|>",
            [("assistant", "analysis", None, LONG), ("assistant", None, None, "Hi")],
            ["header_too_long", "missing_header", "missing_start"],
        ),
        (
            f"<|channel|>analysis commentary to=f {LONG}<|return|>",
            [("assistant", "analysis", None, f" {LONG}")],
            ["header_too_long", "wrong_stop"],
        ),
        (
            "<|channel|>commentary to=functions.f to=elsewhere json<|message|>{}<|call|>",
            [CALL],
            ["repeated_recipient"],
        ),
        (
            "<|channel|>commentary then to=nowhere, then to=functions.f<|message|>{}<|call|>",
            [CALL],
            ["extra_words"],
        ),
        (
            "<|channel|>commentary to=functions.f json_x<|message|>{}<|call|>",
            [CALL],
            ["extra_words"],
        ),
        (
            "<|channel|>commentary to=functions.f json is what I write<|return|>",
            [],
            ["discarded_header"],
        ),
        (
            '<|channel|>comment {"a":1}<|return|>',
            [("assistant", "commentary", None, ' {"a":1}')],
            ["garbled_channel", "missing_message"],
        ),
    ],
)
def test_a_completion_is_read_as_it_was_meant(text, messages, codes):
    found, reported = _read(ENCODING.encode(text, allowed_special="all"), "assistant")
    assert found == messages
    assert sorted(reported) == sorted(codes)


@pytest.mark.parametrize(
    ("text", "messages", "codes"),
    [
        (
            "<|start|>assistant to=user<|channel|>final<|message|>Hi<|return|>",
            [("assistant", "final", None, "Hi")],
            ["recipient_is_role"],
        ),
        (
            "<|start|>user:<|message|>Hi<|end|>",
            [("user", None, None, "Hi")],
            ["garbled_role"],
        ),
        (
            "<|start|>functions.f to=assistant<|channel|>analysis<|channel|>commentary<|message|>1",
            [("functions.f", "commentary", "assistant", "1")],
            ["recipient_is_role", "repeated_channel"],
        ),
    ],
)
def test_a_message_with_its_start_is_read_as_it_was_meant(text, messages, codes):
    found, reported = _read(ENCODING.encode(text, allowed_special="all"), None)
    assert found == messages
    assert sorted(reported) == sorted(codes)


def test_a_header_that_goes_on_in_digits_is_given_up_and_what_follows_is_hidden():
    text = f"<|channel|>{'7 ' * 700}<|message|>Hi<|return|>"
    found, reported = _read(ENCODING.encode(text, allowed_special="all"), "assistant")
    assert [channel for _, channel, _, _ in found] == ["analysis", None]
    assert found[1][3] == "Hi"
    assert reported.count("header_too_long") == 2


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        (
            "<|channel|>final<|message|>Hi<|end|><|start|> and so on",
            [("assistant", "final", None, "Hi<|end|><|start|> and so on")],
        ),
        (
            f"<|start|>assistant{PLAN}<|start|>assistant<|channel|>final<|message|>Hi<|return|>",
            [PLANNED, ("assistant", "final", None, "Hi")],
        ),
    ],
)
def test_markers_that_are_spelt_out_are_read_where_a_whole_text_has_no_others(text, messages):
    found, reported = _read(ENCODING.encode_ordinary(text), "assistant")
    assert found == messages
    assert set(reported) == {"spelt_tokens"}


def test_a_marker_spelt_inside_a_header_parts_its_words():
    ids = ENCODING.encode("<|start|>assistant", allowed_special="all")
    ids += ENCODING.encode_ordinary("<|channel|>final")
    ids += ENCODING.encode("<|message|>Hi<|return|>", allowed_special="all")
    assert _read(ids, None) == ([("assistant", "final", None, "Hi")], ["misplaced_channel"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "<|start|>assistant to=f<|channel|>commentary to=g<|message|>{}<|call|>",
            "repeated_recipient",
        ),
        ("<|start|>assistant<|channel|>final<|channel|>final<|message|>x", "repeated_channel"),
        ("<|start|><|channel|>final<|message|>x", "missing_role"),
        ("<|start|>assistant<|channel|>final", "truncated_header"),
    ],
)
def test_strict_names_what_is_wrong(text, code):
    with pytest.raises(ParseError) as caught:
        ENCODING.parse(ENCODING.encode(text, allowed_special="all"), role=None, policy="strict")
    assert caught.value.code == code


def test_the_end_of_a_prompt_is_no_truncated_message():
    ids = ENCODING.encode(
        "<|start|>user<|message|>Hi<|end|><|start|>assistant", allowed_special="all"
    )
    (message,) = ENCODING.parse(ids, role=None, policy="strict")
    assert message.text == "Hi"
