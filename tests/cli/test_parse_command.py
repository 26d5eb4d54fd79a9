"""``harmonium parse``: ids or text to messages, readable text, events."""

from __future__ import annotations

import json

import pytest

from harmonium import Conversation, conversation_from_json, load_encoding
from harmonium.testing import malformed_cases
from tests.cli.harness import ANSWER

ENCODING = load_encoding()
IDS = ENCODING.encode(ANSWER, allowed_special="all")
BROKEN = "<|channel|>analysis<|message|>a<|end|>.<|start|>assistant<|channel|>final<|message|>b"


def test_messages_come_as_json_that_render_reads(command):
    done = command("parse", stdin=ANSWER)
    assert done.code == 0
    assert conversation_from_json(done.out) == Conversation(tuple(ENCODING.parse(IDS)))


@pytest.mark.parametrize(
    "notation", [json.dumps(IDS), " ".join(map(str, IDS)), "\n".join(map(str, IDS))]
)
def test_ids_and_text_give_the_same(command, notation):
    assert command("parse", stdin=notation).out == command("parse", stdin=ANSWER).out


def test_numbers_can_be_read_as_text(command):
    said = json.loads(command("parse", "--input", "text", stdin="1234").out)
    assert said[0]["content"][0]["text"] == "1234"
    said = json.loads(command("parse", stdin="1234").out)
    assert said[0]["content"][0]["text"] == ENCODING.decode([1234])


def test_text_can_be_refused_as_ids(command):
    done = command("parse", "--input", "ids", stdin=ANSWER)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[invalid_ids]: ")


def test_what_is_repaired_is_remarked_on_stderr(command):
    done = command("parse", stdin=BROKEN)
    assert done.code == 0
    assert done.err.startswith('repaired[stray_text] token 5: ".": discarded\n')
    assert command("parse", "-q", stdin=BROKEN).err == ""


def test_strict_stops_at_the_first_deviation_and_says_where(command):
    done = command("parse", "--policy", "strict", stdin=BROKEN)
    assert done.code == 1
    assert done.err.startswith("error[stray_text]: ")
    assert done.err.endswith("(token 5, in start)\n")


def test_events_come_one_json_object_a_line(command):
    done = command("parse", "--format", "events", stdin=BROKEN)
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events] == [
        "message_started", "content_delta", "message_ended", "repaired",
        "message_started", "content_delta", "message_ended",
    ]  # fmt: skip
    assert events[3] == {
        "event": "repaired",
        "code": "stray_text",
        "span": [5, 6],
        "text": ".",
        "action": "discarded",
        "discarded": True,
    }
    assert events[-1]["truncated"] is True


def test_readable_text_names_speaker_channel_and_end(command):
    stdin = '<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a": 1}<|call|>'
    assert command("parse", "--format", "text", stdin=stdin).out == (
        'assistant commentary to functions.f (json) <|call|>\n{"a": 1}\n\n'
    )


def test_declared_tools_are_recognised(command):
    stdin = "<|start|>bash<|channel|>commentary<|message|>{}<|call|>"
    said = json.loads(command("parse", "--tools", "read, bash", stdin=stdin).out)
    assert said[0]["recipient"] == "functions.bash"


def test_whose_message_begins_can_be_said(command):
    stdin = "<|message|>hi<|end|>"
    said = json.loads(command("parse", "--role", "user", stdin=stdin).out)
    assert said[0]["author"] == {"role": "user"}
    strict = command("parse", "--role", "none", "--policy", "strict", stdin=stdin)
    assert strict.code == 1


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_line_break_behind_the_last_stop_token_is_not_the_models(command, ending):
    done = command("parse", stdin=f"<|channel|>final<|message|>4<|return|>{ending}")
    assert (json.loads(done.out)[0]["content"][0]["text"], done.err) == ("4", "")


def test_a_line_break_inside_the_content_is_kept(command):
    done = command("parse", stdin="<|channel|>final<|message|>4\n")
    assert json.loads(done.out)[0]["content"][0]["text"] == "4\n"


@pytest.mark.parametrize("stdin", ["", "\n", "[]", " \n\t"])
def test_an_empty_input_has_no_messages(command, stdin):
    done = command("parse", stdin=stdin)
    assert (done.code, done.out) == (0, "[]\n")


@pytest.mark.parametrize("stdin", ["[-1]", "[201089, 5000000]", "[99999999999999999999999999]"])
def test_ids_outside_the_vocabulary_are_repaired(command, stdin):
    done = command("parse", stdin=stdin)
    assert (done.code, done.out) == (0, "[]\n")
    assert "repaired[unknown_token]" in done.err


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
@pytest.mark.parametrize("shape", ["json", "text", "events"])
def test_every_malformed_output_is_parsed_in_every_format(command, case, shape):
    role = case.role or "none"
    done = command(
        "parse", "--role", role, "--tools", ",".join(case.tools), "-f", shape, stdin=case.text
    )
    assert (done.code, "error" in done.err) == (0, False)
    assert done.out
