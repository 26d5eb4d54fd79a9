"""``harmonium convert`` on requests: prompts in every form; and how the command is called."""

from __future__ import annotations

import json
import sys

import pytest

from harmonium import conversation_from_json, load_encoding
from harmonium.openai import PromptSettings, ResponsesSetup, chat_request, responses_request
from tests.cli.harness import ANSWER, TALK

ENCODING = load_encoding()
DAY = "2026-01-02"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
RESPONSES = {"model": "m", "input": "hi", "reasoning": {"effort": "low"}}
REQUESTS = {"chat": CHAT, "responses": RESPONSES}
PROMPTS = {
    "chat": chat_request(CHAT, PromptSettings(today=DAY)),
    "responses": responses_request(RESPONSES, ResponsesSetup(prompt=PromptSettings(today=DAY))),
}


@pytest.mark.parametrize("source", PROMPTS)
def test_a_request_becomes_its_prompt_in_every_form(command, source):
    body, request = json.dumps(REQUESTS[source]), PROMPTS[source]
    options = ["convert", "--from", source, "--today", DAY, "--to"]
    ids = request.render(ENCODING)
    assert json.loads(command(*options, "tokens", stdin=body).out) == ids
    assert command(*options, "text", stdin=body).out == ENCODING.decode(ids)
    done = command(*options, "harmony", stdin=body)
    assert conversation_from_json(done.out) == request.conversation


def test_a_conversation_becomes_its_tokens_its_text_and_itself(command):
    options = ["convert", "--from", "harmony", "--to"]
    conversation = conversation_from_json(TALK)
    ids = ENCODING.render(conversation)
    assert json.loads(command(*options, "tokens", stdin=TALK).out) == ids
    assert command(*options, "text", stdin=TALK).out == ENCODING.decode(ids)
    assert conversation_from_json(command(*options, "harmony", stdin=TALK).out) == conversation


@pytest.mark.parametrize("source", PROMPTS)
def test_render_knows_a_request_by_its_fields(command, source):
    body = json.dumps(REQUESTS[source])
    done = command("render", "--today", DAY, "--next-role", "assistant", stdin=body)
    assert json.loads(done.out) == PROMPTS[source].render(ENCODING)
    told = command("render", "--today", DAY, "--from", source, stdin=body)
    assert command("render", "--today", DAY, stdin=body).out == told.out != ""


def test_todays_date_is_the_default(command):
    done = command("convert", "--from", "chat", "--to", "text", stdin=json.dumps(CHAT))
    assert "Current date: 20" in done.out


BAD_DAYS = [
    "2026-02-30",
    "2026-1-2",
    "20260102",
    "tomorrow",
    "",
    "2026-01-02T00:00",
    "2026-01-0\u0662",
]


@pytest.mark.parametrize("name", ["convert --from chat --to text", "render"])
@pytest.mark.parametrize("day", BAD_DAYS)
def test_a_date_that_is_none_is_a_usage_error(command, name, day):
    done = command(*name.split(), "--today", day, stdin=json.dumps(CHAT))
    assert (done.code, done.out) == (2, "")
    assert "use YYYY-MM-DD" in done.err


@pytest.mark.parametrize(
    ("source", "body", "what"),
    [
        ("chat", json.dumps(CHAT), "a chat request"),
        ("responses", json.dumps(RESPONSES), "a responses request"),
    ],
)
@pytest.mark.parametrize("to", ["chat", "responses", "events"])
def test_a_request_does_not_become_an_answer(command, source, body, what, to):
    done = command("convert", "--from", source, "--to", to, stdin=body)
    assert (done.code, done.out) == (2, "")
    assert f"the input is {what}, which converts to one of tokens, text, harmony; to get {to}" in (
        done.err
    )


@pytest.mark.parametrize(
    "option",
    [["--tools", "f"], ["--model", "m"], ["--finish", "stop"], ["--deterministic-ids"]],
)
def test_an_option_for_answers_does_not_go_with_a_request(command, option):
    done = command("convert", "--from", "chat", "--to", "text", *option, stdin=json.dumps(CHAT))
    assert (done.code, done.out) == (2, "")
    assert f"{option[0]} applies to answers only, and the input is a chat request" in done.err


@pytest.mark.parametrize("to", ["tokens", "text", "harmony", "events"])
def test_only_answers_of_an_api_are_streamed(command, to):
    done = command("convert", "--from", "harmony", "--to", to, "--stream", stdin=ANSWER)
    assert (done.code, done.out) == (2, "")
    assert f"--stream requires --to chat or responses, not {to}" in done.err


def test_the_request_and_the_answer_do_not_both_come_from_stdin(command):
    done = command("convert", "--from", "harmony", "--to", "chat", "--request", "-", stdin=ANSWER)
    assert (done.code, done.out) == (2, "")
    assert "cannot both come from stdin" in done.err


def test_the_tools_come_from_the_request_or_from_their_names(command, tmp_path):
    options = ["--tools", "f", "--request", tmp_path / "chat.json"]
    done = command("convert", "--from", "harmony", "--to", "chat", *options, stdin=ANSWER)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("source", ["chat", "responses"])
@pytest.mark.parametrize(
    ("stdin", "code"),
    [
        ("", "invalid_json"),
        ("{", "invalid_json"),
        ("9" * 5000, "invalid_json"),
        ("[" * 100_000, "json_too_deep"),
        ("3", "invalid_type"),
        ("{}", "missing_required_parameter"),
    ],
)
def test_what_is_no_request_and_no_answer_is_a_data_error(command, source, stdin, code):
    done = command("convert", "--from", source, "--to", "tokens", stdin=stdin)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error[{code}]: ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("stdin", ["{", '{"messages": 3}', '[{"role": "king", "content": ""}]'])
def test_json_that_is_no_conversation_is_no_completion_either(command, stdin):
    done = command("convert", "--from", "harmony", "--to", "tokens", stdin=stdin)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(("error[invalid_json]: ", "error[unknown_role]: "))


@pytest.mark.parametrize("to", ["chat", "responses"])
@pytest.mark.parametrize("stream", [[], ["--stream"]])
def test_answers_are_written_without_the_openai_package(command, monkeypatch, to, stream):
    for name in [name for name in sys.modules if name.split(".")[0] == "openai"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "openai", None)
    done = command("convert", "--from", "harmony", "--to", to, *stream, stdin=ANSWER)
    assert done.code == 0
    assert json.loads(done.out.splitlines()[-1])
