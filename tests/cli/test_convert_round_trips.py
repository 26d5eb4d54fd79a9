"""``harmonium convert`` there and back: nothing that an answer says is lost on the way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import Message, load_encoding
from harmonium.testing import malformed_cases, texts
from tests.cli.harness import output_of

ENCODING = load_encoding()
START = 2  # the ids of ``<|start|>assistant``, which the prompt ends with
SAID = texts().filter(bool)
NAMES = {"get_weather": "get_weather", "apply patch": "apply_patch"}
TOOLS = {
    "chat": [
        {"type": "function", "function": {"name": "get_weather"}},
        {"type": "custom", "custom": {"name": "apply patch"}},
    ],
    "responses": [
        {"type": "function", "name": "get_weather"},
        {"type": "custom", "name": "apply patch"},
    ],
}
REQUESTS = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
    "responses": {"model": "m", "input": "hi"},
}


def _say(text, channel, to=None, kind=None):
    return Message.assistant(text, channel=channel, recipient=to, content_type=kind)


CALLS = st.one_of(
    # blank arguments become an empty object, which is another call
    texts()
    .filter(str.strip)
    .map(lambda text: _say(text, "commentary", "functions.get_weather", "json")),
    texts().map(lambda text: _say(text, "commentary", "functions.apply_patch")),
)
THOUGHTS = st.lists(SAID.map(lambda text: _say(text, "analysis")), max_size=1)
TURNS = st.one_of(
    st.builds(lambda thought, text: [*thought, _say(text, "final")], THOUGHTS, SAID),
    st.builds(
        lambda thought, calls: [*thought, *calls], THOUGHTS, st.lists(CALLS, min_size=1, max_size=3)
    ),
)


@pytest.fixture(scope="module")
def requests(tmp_path_factory):
    """A file a request, of each API."""
    folder = tmp_path_factory.mktemp("requests")
    paths = {api: folder / f"{api}.json" for api in REQUESTS}
    for api, path in paths.items():
        path.write_text(json.dumps({**REQUESTS[api], "tools": TOOLS[api]}))
    return paths


def _convert(text, source, to, request=None):
    options = [] if request is None else ["--request", str(request), "--today", "2026-01-02"]
    return output_of("convert", "--from", source, "--to", to, *options, stdin=text)


@pytest.mark.parametrize("api", REQUESTS)
@given(turn=TURNS)
@settings(max_examples=50)
def test_what_the_model_wrote_comes_back_from_an_apis_answer(requests, api, turn):
    ids = ENCODING.render(turn, training=True, history="keep")[START:]
    answer = _convert(json.dumps(ids), "harmony", api, requests[api])
    assert json.loads(_convert(answer, api, "tokens", requests[api])) == ids
    assert json.loads(_convert(answer, api, "tokens")) == ids


@given(turn=TURNS)
@settings(max_examples=50)
def test_an_answer_comes_back_from_the_other_api(requests, turn):
    ids = ENCODING.render(turn, training=True, history="keep")[START:]
    answer = _convert(json.dumps(ids), "harmony", "chat", requests["chat"])
    over = _convert(answer, "chat", "responses")
    back = json.loads(_convert(over, "responses", "chat"))
    assert back["choices"] == json.loads(answer)["choices"]
    assert back["usage"] == json.loads(answer)["usage"]


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
@pytest.mark.parametrize("api", REQUESTS)
def test_malformed_outputs_become_answers_that_can_be_read_again(case, api):
    tools = ["--tools", ",".join(case.tools)] if case.tools else []
    options = ["convert", "--from", "harmony", "--to", api, *tools]
    answer = output_of(*options, stdin=case.text)
    messages = json.loads(output_of("convert", "--from", api, "--to", "harmony", stdin=answer))
    assert isinstance(messages["messages"], list)
