"""An answer's tokens as reasoning and visible text, in both generations."""

import pytest

from harmonium.compat import openai_harmony
from harmonium.compat.openai_harmony import HarmonyError, Role
from harmonium.compat.vllm import get_encoding, parse_chat_output, parse_output_into_messages


def ids(text):
    return get_encoding().encode(text, allowed_special="all")


def said(*turns):
    return ids("<|start|>assistant".join(turns))


ANALYSIS = "<|channel|>analysis<|message|>Hm.<|end|>"
MORE_ANALYSIS = "<|channel|>analysis<|message|>Oh.<|end|>"
PREAMBLE = "<|channel|>commentary<|message|>I look.<|end|>"
CALL = " to=functions.f<|channel|>commentary json<|message|>{}<|call|>"
FINAL = "<|channel|>final<|message|>4.<|return|>"
OTHER = "<|channel|>comment<|message|>odd<|end|>"


def test_the_parser_holds_finished_messages_and_the_open_one():
    parser = parse_output_into_messages(iter(said(ANALYSIS, "<|channel|>final<|message|>Ye")))
    assert [message.channel for message in parser.messages] == ["analysis"]
    assert (parser.current_channel, parser.current_content) == ("final", "Ye")
    assert parser.current_role == Role.ASSISTANT


@pytest.mark.parametrize("generation", ["first", None])
@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (said(ANALYSIS, FINAL), ("Hm.", "4.", False)),
        (said(ANALYSIS, MORE_ANALYSIS, FINAL), ("Hm.\nOh.", "4.", False)),
        (said(PREAMBLE, FINAL), (None, "I look.\n4.", False)),
        (said(FINAL), (None, "4.", False)),
        (said(ANALYSIS), ("Hm.", None, False)),
        (said("<|channel|>final<|message|>Half"), (None, "Half", False)),
        (said("<|channel|>analysis<|message|>Half"), ("Half", None, False)),
        (said("<|channel|>commentary<|message|>Half"), (None, "Half", False)),
        (said(ANALYSIS, "<|channel|>final<|message|>"), ("Hm.", None, False)),
        (said(ANALYSIS, "<|channel|>fin"), ("Hm.", None, False)),
        (said("<|channel|>final<|message|><|return|>"), (None, None, False)),
        ([], (None, None, False)),
    ],
)
def test_reasoning_and_visible_text_are_told_apart(request, generation, tokens, expected):
    if generation:
        request.getfixturevalue(generation)
    assert parse_chat_output(tokens) == expected


UNSEEN = {
    "{}": said(ANALYSIS, CALL),
    "{": said(ANALYSIS, CALL.removesuffix("}<|call|>")),
    "odd": said(ANALYSIS, OTHER),
    "no channel": said(ANALYSIS, "<|message|>no channel<|end|>"),
}


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(("text", "tokens"), UNSEEN.items())
def test_first_all_but_analysis_is_visible(text, tokens):
    assert parse_chat_output(tokens) == ("Hm.", text, False)


@pytest.mark.parametrize("tokens", UNSEEN.values())
def test_second_calls_and_unknown_channels_are_not_visible(tokens):
    assert parse_chat_output(tokens) == ("Hm.", None, False)


def test_broken_tokens_raise_as_the_library_does():
    with pytest.raises(HarmonyError):
        parse_chat_output(said(ANALYSIS) + ids("stray"))


def test_broken_tokens_are_repaired_when_asked():
    openai_harmony.set_policy("repair")
    assert parse_chat_output(said(ANALYSIS) + ids("stray")) == ("Hm.", None, False)
