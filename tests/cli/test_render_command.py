"""``harmonium render``: conversation JSON to ids, text, golden text, table."""

from __future__ import annotations

import json

import pytest

from harmonium import conversation_from_json, conversation_to_json, load_encoding
from tests.cli.harness import TALK

ENCODING = load_encoding()
CONVERSATION = conversation_from_json(TALK)
LOOSE = '[{"role": "user", "content": "hi"}]'


def test_a_pipe_gets_the_ids_as_a_json_array(command):
    done = command("render", stdin=TALK)
    assert json.loads(done.out) == ENCODING.render(CONVERSATION)
    assert (done.code, done.out.count("\n")) == (0, 1)


def test_the_size_is_remarked_on_stderr_unless_quiet(command):
    assert command("render", stdin=TALK).err == "19 tokens, 2 messages, 1 message omitted\n"
    assert command("render", "--quiet", stdin=TALK).err == ""


@pytest.mark.parametrize("form", ["harmonium", "openai_harmony"])
def test_both_forms_of_json_are_read(command, form, tmp_path):
    path = tmp_path / "talk.json"
    path.write_text(conversation_to_json(CONVERSATION, form))
    assert json.loads(command("render", path).out) == ENCODING.render(CONVERSATION)


def test_a_bare_list_of_messages_is_read(command):
    assert command("render", "-f", "text", stdin=LOOSE).out == "<|start|>user<|message|>hi<|end|>"


def test_every_option_of_rendering_arrives(command):
    options = ["--profile", "legacy", "--history", "keep", "--training"]
    expected = ENCODING.render(CONVERSATION, training=True, profile="legacy", history="keep")
    assert json.loads(command("render", *options, stdin=TALK).out) == expected
    expected = ENCODING.render(CONVERSATION, next_role="assistant")
    assert json.loads(command("render", "--next-role", "assistant", stdin=TALK).out) == expected


def test_golden_text_is_a_line_a_segment(command):
    assert command("render", "--format", "golden", stdin=LOOSE).out.splitlines() == [
        "  0 role         < <|start|>",
        "  0 role         | user",
        "  0 content      < <|message|>",
        "  0 content      | hi",
        "  0 end          < <|end|>",
    ]


def test_the_table_has_a_row_a_field(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    rows = command("render", "--format", "table", stdin=LOOSE).out.splitlines()
    assert [row.split() for row in rows if row] == [
        ["#", "field", "text", "tokens", "ids"],
        ["0", "role", "<|start|>user", "2", "200006", "1428"],
        ["content", "<|message|>hi", "2", "200008", "3686"],
        ["end", "<|end|>", "1", "200007"],
    ]


def test_the_table_crops_long_text_unless_all_is_asked_for(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    talk = json.dumps([{"role": "user", "content": "\n".join(f"line {i}" for i in range(40))}])
    cropped = command("render", "--format", "table", stdin=talk).out
    assert "line 39" not in cropped
    assert "--full" in cropped
    full = command("render", "--format", "table", "--full", stdin=talk).out
    assert [line for i in range(40) if (line := f"line {i}") not in full] == []
    ids = set(map(str, ENCODING.render(conversation_from_json(talk))))
    assert ids - set(full.split()) == set()
    assert ids - set(cropped.split()) != set()


def test_the_table_says_what_history_leaves_out(command):
    assert "omitted" in command("render", "--format", "table", stdin=TALK).out


def test_the_table_spells_out_control_characters(command):
    talk = json.dumps([{"role": "user", "content": "a\x1b[31mb\tc\u2028d"}])
    out = command("render", "--format", "table", stdin=talk).out
    assert r"a\x1b[31mb\tc\u2028d" in out


@pytest.mark.parametrize(
    ("stdin", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("null", "invalid_json"),
        ("3", "invalid_json"),
        ('{"messages": 3}', "invalid_json"),
        ('[{"role": "user"}]', "invalid_json"),
        ('[{"role": "king", "content": ""}]', "unknown_role"),
        ('[{"role": "user", "content": "", "channel": "a b"}]', "invalid_name"),
        ("[" * 100_000, "json_too_deep"),
        ('[{"role": "tool", "content": ""}]', "tool_without_name"),
    ],
)
def test_what_is_no_conversation_is_a_data_error(command, stdin, code):
    done = command("render", stdin=stdin)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error[{code}]: ")
    assert done.err.count("\n") == 1


def test_an_empty_conversation_renders_to_nothing(command):
    assert command("render", stdin="[]").out == "[]\n"
    assert command("render", "--format", "text", stdin="[]").out == ""
    assert command("render", "--format", "table", stdin="[]").code == 0


def test_an_encoding_without_harmony_tokens_is_a_data_error(command):
    done = command("render", "--encoding", "o200k_base", stdin=LOOSE)
    assert done.err.startswith("error[no_format_tokens]: ")


@pytest.mark.parametrize("shape", ["ids", "text", "table", "golden"])
def test_lone_surrogates_harm_no_format(command, shape):
    done = command("render", "--format", shape, stdin=r'[{"role": "user", "content": "a\ud800b"}]')
    assert (done.code, "Traceback" in done.err) == (0, False)
