"""Shapes of damage from public reports, and what each must have meant.

The corpus holds a few of each kind; here stand their kin, so that a rule is tested and not a case.
"""

from __future__ import annotations

import pytest

from harmonium import load_encoding

ENCODING = load_encoding()
PLAN = "<|channel|>analysis<|message|>Plan.<|end|>"
PLANNED = ("analysis", None, "Plan.")
ARGUMENTS = ' json<|message|>{"a":1}<|call|>'


def messages_of(text, *tools):
    ids = ENCODING.encode(text, allowed_special="all")
    parsed = ENCODING.parse(ids, tools=tools)
    return [(message.channel, message.recipient, message.text) for message in parsed]


def call(name, arguments='{"a":1}', channel="commentary"):
    return (channel, f"functions.{name}", arguments)


# openai/harmony#68, vllm-project/vllm#35906: text in front of a marker begins its header
@pytest.mark.parametrize(
    ("text", "last"),
    [
        (f"assistant to=functions.f<|channel|>commentary{ARGUMENTS}", call("f")),
        (f"commentary to=functions.f <|constrain|>{ARGUMENTS.strip()}", call("f")),
        (f"f<|channel|>commentary{ARGUMENTS}", call("f")),
        ("analysis<|message|>Secret.<|end|>", ("analysis", None, "Secret.")),
        ("final<|message|>Hello<|return|>", ("final", None, "Hello")),
        ("user<|message|>Thanks<|end|>", (None, None, "Thanks")),
        ("functions.f to=assistant<|channel|>commentary<|message|>7<|end|>",
         ("commentary", "assistant", "7")),
        ("<|channel|>final<|message|>Hello<|return|>", ("final", None, "Hello")),
    ],
)  # fmt: skip
def test_words_behind_a_stop_belong_to_the_header_that_follows(text, last):
    assert messages_of(PLAN + text, "f") == [PLANNED, last]


# sgl-project/sglang#31019: a grammar that allows no header leaves the answer behind a stop
@pytest.mark.parametrize("end", ["", "<|return|>", "<|end|>"])
@pytest.mark.parametrize("answer", ['{"country":"Peru"}', "The port is 8080.", "42", "Yes", "👍"])
def test_text_behind_a_stop_that_nothing_follows_is_the_answer(answer, end):
    assert messages_of(PLAN + answer + end) == [PLANNED, ("final", None, answer)]


def test_text_behind_a_stop_that_a_message_follows_is_hidden():
    text = f"{PLAN}Let me see.<|end|><|start|>assistant<|channel|>final<|message|>Hi<|return|>"
    hidden = ("analysis", None, "Let me see.")
    assert messages_of(text) == [PLANNED, hidden, ("final", None, "Hi")]


# cubist38/mlx-openai-server#51: namespaces that nobody declared
@pytest.mark.parametrize(
    "prefix",
    ["repo_browser.", "tool.", "tools.", "function.", "functions/", "functions:", "functions_",
     "functions", "FUNCTIONS.", "assistant.", "default.", "mcp.fs.", "functions>"],
)  # fmt: skip
def test_a_declared_tool_is_known_under_any_prefix(prefix):
    text = f"<|channel|>commentary to={prefix}list_files{ARGUMENTS}"
    assert messages_of(text, "list_files") == [call("list_files")]


def test_the_last_part_of_a_declared_name_is_enough_where_it_is_the_only_one():
    text = f"<|channel|>commentary to=list_files{ARGUMENTS}"
    assert messages_of(text, "fs.list_files") == [call("fs.list_files")]
    undecided = messages_of(text, "fs.list_files", "web.list_files")
    assert undecided == [("commentary", "list_files", '{"a":1}')]


def test_a_name_of_another_namespace_is_no_built_in_tool():
    text = f"<|channel|>commentary to=notes.find{ARGUMENTS}"
    assert messages_of(text, "browser.find") == [("commentary", "notes.find", '{"a":1}')]


@pytest.mark.parametrize(
    "mark",
    ["to functions.f", "TO=functions.f", "=functions.f", "call functions.f", "to==functions.f",
     "please use functions.f", "(functions.f)", "@functions.f", "-> functions.f",
     "to\uff1dfunctions.f", "to=@functions.f", "to = functions.f", "recipient=functions.f"],
)  # fmt: skip
def test_a_declared_tool_is_called_whatever_stands_for_the_mark(mark):
    assert messages_of(f"<|channel|>commentary {mark}{ARGUMENTS}", "f") == [call("f")]


# vllm-project/vllm#45736, #47062: content without its message token, however short
@pytest.mark.parametrize("content", ['{"a":1}', " [1,2,3]", " 42", " Yes", " C", " 四", " 👍"])
def test_content_without_a_message_token_counts_however_short_it_is(content):
    text = f"{PLAN}<|start|>assistant<|channel|>final{content}<|return|>"
    assert messages_of(text) == [PLANNED, ("final", None, content)]


@pytest.mark.parametrize("words", ["ping", "ping <|constrain|>json"])
def test_a_call_that_ends_in_its_header_has_no_arguments(words):
    text = f"<|channel|>commentary to=functions.{words}<|call|>"
    assert messages_of(text, "ping") == [call("ping", "")]


@pytest.mark.parametrize(
    ("glue", "channel", "name"),
    [
        ("assistant<|channel|>final<|message|>Sent.<|return|>", "final", None),
        ("assistantfinal<|message|>Sent.<|return|>", "final", None),
        ("\nassistant<|channel|>final<|message|>Sent.<|return|>", "final", None),
        ("assistant to=functions.f<|channel|>commentary<|message|>Sent.<|call|>",
         "commentary", "functions.f"),
        ("assistantcommentary to=functions.f <|constrain|>json<|message|>Sent.<|call|>",
         "commentary", "functions.f"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("thought", ["Think it over.", "Think", "Think (it) over!", "想一想。"])
def test_a_role_run_into_the_content_before_a_marker_ends_the_message(thought, glue, channel, name):
    found = messages_of(f"<|channel|>analysis<|message|>{thought}{glue}", "f")
    kept = thought + ("\n" if glue.startswith("\n") else "")
    assert found == [("analysis", None, kept), (channel, name, "Sent.")]


@pytest.mark.parametrize(
    "text",
    ["The assistant is here.", "I am an assistant", "assistant to=functions.f", "A user", "class",
     "to=assistant", "assistantfinal", "assistant to be"],
)  # fmt: skip
def test_header_words_in_content_stay_content_without_a_marker_behind_them(text):
    whole = f"<|channel|>analysis<|message|>{text}<|end|>"
    assert messages_of(whole, "f") == [("analysis", None, text)]
    parser = ENCODING.parser()
    ids = ENCODING.encode(whole, allowed_special="all")
    events = [event for token in ids for event in parser.feed(token)]
    assert "".join(event.text for event in events if hasattr(event, "end")) == text


@pytest.mark.parametrize(
    "header",
    ["<|channel|>thinking", "<|channel|>reasoning", "<|channel|>critic", "<|channel|>Thoughts",
     "<|start|>assistant thinking", "<|start|>thinking", "<|channel|>anlysis"],
)  # fmt: skip
def test_words_for_thinking_are_the_analysis_channel(header):
    text = f"{header}<|message|>Secret<|end|><|start|>assistant<|channel|>final<|message|>ok"
    assert messages_of(text) == [("analysis", None, "Secret"), ("final", None, "ok")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('analysisCall.assistant to=functions.fcommentary json{"a":1}',
         [("analysis", None, "Call."), call("f")]),
        ("analysisOk.assistantfinal\n\nHello",
         [("analysis", None, "Ok."), ("final", None, "Hello")]),
        ("analysis\nThink\nassistantfinal\nHi",
         [("analysis", None, "Think"), ("final", None, "Hi")]),
        ("analysis Think. assistantfinal Hi",
         [("analysis", None, "Think."), ("final", None, "Hi")]),
        ('I check.\n\nassistantcommentary to=functions.fjson{"a":1}',
         [("analysis", None, "I check."), call("f")]),
        ("analysisText.assistantcommentary to=functions.f <|constrain|>json<|message|>{}",
         [("analysis", None, "Text."), call("f", "{}")]),
        ("analysisthe user waits.assistantfinalhello there",
         [("analysis", None, "the user waits."), ("final", None, "hello there")]),
        ('assistantcommentary to=functions.f json{"a": "assistantfinal no"}assistantfinalYes',
         [call("f", '{"a": "assistantfinal no"}'), ("final", None, "Yes")]),
    ],
)  # fmt: skip
def test_output_whose_markers_were_stripped_is_cut_at_its_header_words(text, found):
    assert messages_of(text, "f") == found


@pytest.mark.parametrize(
    "text",
    ["functions.f is what I would call here.", "f", "f [1,2,3]", "to=functions.f is a mark",
     "final answer: 42", "analysis of the data shows that it is fine.", "finally"],
)  # fmt: skip
def test_prose_that_begins_with_a_header_word_is_the_answer(text):
    assert messages_of(f"{text}<|return|>", "f") == [("final", None, text)]


def test_markers_that_are_all_spelt_as_text_are_read():
    spelt = f"{PLAN}<|start|>assistant<|channel|>commentary to=functions.f{ARGUMENTS}"
    parsed = ENCODING.parse(ENCODING.encode_ordinary(spelt), tools=["f"])
    assert [(m.channel, m.recipient, m.text) for m in parsed] == [PLANNED, call("f")]


def test_markers_that_content_spells_stay_content():
    quoted = 'They write "<|channel|>final<|message|>no<|end|><|start|>assistant" there.'
    ids = ENCODING.encode_ordinary(quoted)
    assert [m.text for m in ENCODING.parse(ids)] == [quoted]
