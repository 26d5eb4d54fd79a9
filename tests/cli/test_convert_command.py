"""``harmonium convert``: requests to prompts, answers to API responses."""

from __future__ import annotations

import json
import sys

import pytest

from cli.harness import ANSWER
from harmonium import conversation_from_json, load_encoding
from harmonium.openai import PromptSettings, ResponsesSetup, chat_request, responses_request

ENCODING = load_encoding()
DAY = "2026-01-02"
CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
RESPONSES = {"model": "m", "input": "hi"}
CALL = "<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>"
PROMPTS = {
    "chat": (CHAT, chat_request(CHAT, PromptSettings(today=DAY))),
    "responses": (
        RESPONSES,
        responses_request(RESPONSES, ResponsesSetup(prompt=PromptSettings(today=DAY))),
    ),
}


@pytest.mark.parametrize("source", PROMPTS)
def test_a_request_becomes_its_prompt_in_every_form(command, source):
    body, request = PROMPTS[source]
    options = ["convert", "--from", source, "--today", DAY, "--to"]
    ids = request.render(ENCODING)
    assert json.loads(command(*options, "tokens", stdin=json.dumps(body)).out) == ids
    assert command(*options, "text", stdin=json.dumps(body)).out == ENCODING.decode(ids)
    done = command(*options, "harmony", stdin=json.dumps(body))
    assert conversation_from_json(done.out) == request.conversation


def test_an_answer_becomes_a_chat_completion(command):
    options = ["convert", "--from", "harmony", "--to", "chat", "--deterministic-ids"]
    done = command(*options, stdin=ANSWER)
    message = json.loads(done.out)["choices"][0]["message"]
    assert (message["content"], message["reasoning"]) == ("4", "Easy.")
    assert command(*options, stdin=ANSWER).out == done.out
    call = json.loads(command(*options, "--tools", "f", stdin=CALL).out)["choices"][0]
    assert call["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}


def test_an_answer_becomes_a_response(command):
    options = ["convert", "--from", "harmony", "--to", "responses", "--deterministic-ids"]
    done = json.loads(command(*options, "--tools", "f", stdin=CALL).out)
    assert [(item["type"], item["name"]) for item in done["output"]] == [("function_call", "f")]


def test_an_answer_becomes_events_as_parse_gives_them(command):
    done = command("convert", "--from", "harmony", "--to", "events", stdin=ANSWER)
    assert done.out == command("parse", "--format", "events", stdin=ANSWER).out != ""


def test_a_request_does_not_become_an_answer(command):
    done = command("convert", "--from", "chat", "--to", "responses", stdin=json.dumps(CHAT))
    assert (done.code, done.out) == (2, "")
    assert "a chat request becomes one of tokens, text, harmony" in done.err


@pytest.mark.parametrize("source", PROMPTS)
def test_render_knows_a_request_by_its_fields(command, source):
    body = json.dumps(PROMPTS[source][0])
    told = command("render", "--from", source, stdin=body)
    assert command("render", stdin=body).out == told.out != ""
    assert told.code == 0


def test_a_missing_extra_is_named(command, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "openai"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "openai", None)
    done = command("convert", "--from", "harmony", "--to", "chat", stdin=ANSWER)
    assert (done.code, done.out) == (1, "")
    assert "harmonium[openai]" in done.err
