"""What is particular to text completions: their fields, log probabilities and padding."""

from __future__ import annotations

import json
import math
from itertools import chain

import pytest

from harmonium.engines.protocol import Chunk, Finish, TokenLogprob
from harmonium.openai.answers.obfuscation import obfuscation
from harmonium.openai.completions import completion_logprobs
from tests.gateway.reading import error_of, events_of
from tests.gateway.running import COMPLETION
from tests.gateway.scripted import ids_of
from tests.growth import grows_linearly

PATH = "/v1/completions"
SAID = "One two three, and the rest of it."
JUNK = [[], {}, [1], {"a": []}, 2, True, "x", 1.5]


def ask(gateway, **fields):
    return gateway.client.post(PATH, json=COMPLETION | fields)


@pytest.mark.parametrize("name", ["suffix", "best_of", "echo"])
@pytest.mark.parametrize("value", JUNK)
def test_what_cannot_be_honoured_is_refused_whatever_it_is(gateway, name, value):
    answer = ask(gateway, **{name: value})
    assert (answer.status_code, error_of(answer)["param"]) == (400, name)


@pytest.mark.parametrize("fields", [{"suffix": ""}, {"best_of": 1}, {"echo": False}])
def test_what_asks_for_nothing_is_taken(gateway, fields):
    assert ask(gateway, **fields).status_code == 200


def test_the_pieces_of_a_stream_are_padded_when_that_is_asked_for(gateway):
    gateway.play(SAID)
    events = events_of(ask(gateway, stream=True, stream_options={"include_obfuscation": True}))
    texts = [event["choices"][0]["text"] for event in events]
    lengths = [len(obfuscation(text, lambda count: "x" * count)) for text in texts]
    assert "".join(texts) == SAID
    assert [len(event["obfuscation"]) for event in events] == lengths
    plain = events_of(ask(gateway, stream=True))
    assert all("obfuscation" not in event for event in plain)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"stream_options": {}}, "stream_options"),
        ({"stream": True, "stream_options": []}, "stream_options"),
        (
            {"stream": True, "stream_options": {"include_obfuscation": 1}},
            "stream_options.include_obfuscation",
        ),
        ({"seed": 2**63}, "seed"),
    ],
)
def test_wrong_fields_are_named(gateway, fields, param):
    answer = ask(gateway, **fields)
    assert (answer.status_code, error_of(answer)["param"]) == (400, param)


def test_the_count_is_told_by_the_last_piece_alone(gateway):
    gateway.play(SAID)
    events = events_of(ask(gateway, stream=True, stream_options={"include_usage": True}))
    *pieces, last = [event["usage"] for event in events]
    assert set(pieces) == {None}
    assert last["completion_tokens"] == len(ids_of(SAID))
    assert all("usage" not in event for event in events_of(ask(gateway, stream=True)))


def play_logprobs(gateway, value=-0.5):
    """Have the engine say a text with log probabilities, three ids a chunk."""
    ids = ids_of(SAID)
    told = [TokenLogprob(one, value, ((one, value),)) for one in ids]
    ends = [slice(at, at + 3) for at in range(0, len(ids), 3)]
    steps = [Chunk(tuple(ids[end]), tuple(told[end])) for end in ends]
    gateway.play(script=[*steps, Chunk((), finish=Finish("stop"))])


def test_offsets_of_a_stream_and_of_the_whole_are_where_the_tokens_stand(gateway):
    play_logprobs(gateway)
    whole = ask(gateway, logprobs=1).json()["choices"][0]["logprobs"]
    for token, offset in zip(whole["tokens"], whole["text_offset"], strict=True):
        assert SAID[offset:].startswith(token)
    events = events_of(ask(gateway, logprobs=1, stream=True, stop=[" rest of X"]))
    streamed = [event["choices"][0]["logprobs"]["text_offset"] for event in events]
    assert list(chain.from_iterable(streamed)) == whole["text_offset"]


def test_impossible_tokens_have_a_log_probability_that_json_can_say(gateway):
    play_logprobs(gateway, -math.inf)
    found = ask(gateway, logprobs=1)
    told = json.loads(found.content, parse_constant=pytest.fail)["choices"][0]["logprobs"]
    assert set(told["token_logprobs"]) == {-9999.0}


def test_log_probabilities_of_a_long_answer_take_linear_work():
    entry = TokenLogprob(64, -1.0)
    assert grows_linearly(lambda count: completion_logprobs([entry] * count, 0, chr), 4_000)
