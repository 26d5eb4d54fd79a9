"""vLLM's own render, derender and chat routes beside the gateway's, with profile ``vllm``.

Differences are data, with a reason each: tests/data/vllm_live_differences.toml.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.engines_real.requests import ANSWERS, CHAT, RESPONSES
from tests.engines_real.servers import start_gateway
from tests.engines_real.taught import ENCODING, NAME

MANIFEST = Path(__file__).parents[1] / "data" / "vllm_live_differences.toml"
DIFFERENCES = tomllib.loads(MANIFEST.read_text("utf-8"))
RENDER = {(each["api"], each["request"]): each for each in DIFFERENCES["render"]}
DERENDER = {
    (answer, each["field"]): each for each in DIFFERENCES["derender"] for answer in each["answer"]
}
ROUTES = {"chat": "/v1/chat/completions", "responses": "/v1/responses"}
REQUESTS = {"chat": CHAT, "responses": RESPONSES}
PAIRS = [(api, name) for api, requests in REQUESTS.items() for name in requests]


@pytest.fixture(scope="module")
def gateway(places):
    flags = ("--profile", "vllm", "--model", NAME, "--unenforced", "prompt")
    with start_gateway(places("vllm"), *flags) as url:
        yield url


class Prompt(str):
    """A prompt's text, and the ids it was given in."""

    __slots__ = ("ids",)


def prompt(ids):
    text = Prompt(ENCODING.decode(ids))
    text.ids = ids
    return text


def post(url, body):
    headers = {"Content-Type": "application/json"}
    asked = Request(url, json.dumps(body).encode(), headers)  # noqa: S310  (our own servers)
    with urlopen(asked, timeout=120) as answer:  # noqa: S310
        return json.load(answer)


def rendered(url, api, name):
    return post(f"{url}{ROUTES[api]}/render", {"model": NAME, **REQUESTS[api][name]})["token_ids"]


ALL = {"allowed_special": "all"}
DECLARES_TOOLS, DECLARES_FORMATS = "namespace functions", "# Response Formats"
SIGNS = {
    "the tools are declared": lambda text: DECLARES_TOOLS in text,
    "the tools are left out": lambda text: DECLARES_TOOLS not in text,
    "the format is declared": lambda text: DECLARES_FORMATS in text,
    "no word of the format": lambda text: DECLARES_FORMATS not in text,
    "parts are encoded one by one": lambda text: ENCODING.encode(text, **ALL) != text.ids,
    "parts are joined, then encoded": lambda text: ENCODING.encode(text, **ALL) == text.ids,
}
"""How one sees that a side does what the manifest says of it."""


@pytest.mark.parametrize(("api", "name"), PAIRS)
def test_the_same_request_gives_the_same_ids_or_a_known_difference(vllm, gateway, api, name):
    theirs, ours = rendered(vllm, api, name), rendered(gateway, api, name)
    known = RENDER.get((api, name))
    assert (theirs != ours) == (known is not None)
    if known:
        assert SIGNS[known["theirs"]](prompt(theirs))
        assert SIGNS[known["ours"]](prompt(ours))


def facts(answer):
    (choice,) = answer["choices"]
    said = choice["message"]
    calls = [call["function"] for call in said.get("tool_calls") or []]
    return {
        "content": said["content"],
        "reasoning": said.get("reasoning"),
        "calls": [(call["name"], call["arguments"]) for call in calls],
        "finish_reason": choice["finish_reason"],
        "completion_tokens": answer["usage"]["completion_tokens"],
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_the_same_ids_give_the_same_answer_or_a_known_difference(vllm, gateway, name):
    request = {"model": NAME, **CHAT["tools"]}
    ids = ENCODING.encode(ANSWERS[name], allowed_special="all")
    finish = "length" if name.startswith("cut") else "stop"
    choice = {"index": 0, "token_ids": ids, "finish_reason": finish}
    generated = {"request_id": "r", "output_mode": "tokens", "choices": [choice]}
    theirs = {"model": NAME, "generate_response": generated, "chat_request": request}
    ours = {"request": request, "token_ids": ids, "finish_reason": finish}
    route = "/v1/chat/completions/derender"
    told, own = facts(post(vllm + route, theirs)), facts(post(gateway + route, ours))
    for field in told:
        known = DERENDER.get((name, field))
        expected = (known["theirs"], known["ours"]) if known else (own[field], own[field])
        assert ("null" if told[field] is None and known else told[field], own[field]) == expected


@pytest.mark.parametrize(
    "text", ["hi", "Greet me in Japanese.", "Count to 20.", "What is 2 + 3?", "Say more."]
)
def test_both_answer_a_chat_request_alike(vllm, gateway, text):
    body = {
        "model": NAME,
        "messages": [{"role": "user", "content": text}],
        "temperature": 0,
        "max_completion_tokens": 80,
    }
    told, own = (facts(post(url + ROUTES["chat"], body)) for url in (vllm, gateway))
    assert told == own


TEXTS = [
    "Hello's HELLO'S  World\r\n\n\t x",
    "12345 + 6",
    "東京は晴れ 🙂👩‍🚀 e\u0301",
    " " * 70 + "x",
    "a" * 300,
]


@pytest.mark.parametrize("text", TEXTS, ids=repr)
def test_the_tokenizer_that_was_written_out_gives_the_same_ids(vllm, text):
    body = {"model": NAME, "prompt": text, "add_special_tokens": False}
    assert post(f"{vllm}/tokenize", body)["tokens"] == ENCODING.encode(text)


def test_every_difference_of_the_manifest_is_of_a_request_there_is():
    assert set(RENDER) <= set(PAIRS)
    assert {answer for answer, _ in DERENDER} <= set(ANSWERS)
    assert all(each["reason"] for group in DIFFERENCES.values() for each in group)
