"""A server may send anything: it is read as it should be, or refused without a word of it."""

from __future__ import annotations

import json
import math
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines.remote.dialect import Dialect, StreamDelta
from harmonium.engines.remote.payload import read_json, read_value
from harmonium.errors import EngineError, EngineProtocolError
from tests.engines.running import asking
from tests.engines.servers import BY_NAME, SERVERS, Said, chunked, ids_of

ANSWER = ids_of("<|channel|>final<|message|>It is four, I think.<|return|>")
WORDS = "the words of the prompt"
STRANGE = [None, True, -1, 2**32, 10**400, 1.5, 1e300, WORDS, "", [], {}, [7], {"a": 1}, [[7, 7]]]
LITERALS = st.sampled_from(["NaN", "-Infinity", "1e999", "9" * 5000, '"\\ud800"', "[" * 9999])
NAMES = [type(kind).__name__ for kind in SERVERS]


def dialect_of(name) -> Dialect:
    kind = BY_NAME[name].kind
    module = import_module(f"harmonium.engines.dialects.{kind}")
    return getattr(module, f"{kind.capitalize()}Dialect")()


def payloads_of(name, wants):
    frames = BY_NAME[name].frames(Said(chunked(ANSWER, 2), cached=3), wants)
    stripped = [frame.removeprefix(b"data: ").strip() for frame in frames]
    return [payload for payload in stripped if payload != b"[DONE]"]


def places(value, path=()):
    """Every place in a JSON value, the whole of it first."""
    yield path
    children = value.items() if isinstance(value, dict) else ()
    children = enumerate(value) if isinstance(value, list) else children
    for key, child in children:
        yield from places(child, (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@st.composite
def damaged(draw, name, wants):
    """A payload with one value replaced: by another, or by what only Python writes, or nobody."""
    value = json.loads(draw(st.sampled_from(payloads_of(name, wants))))
    place = draw(st.sampled_from(list(places(value))))
    if draw(st.booleans()):
        text = json.dumps(replaced(value, place, draw(st.sampled_from(STRANGE))))
    else:
        text = json.dumps(replaced(value, place, "HERE")).replace('"HERE"', draw(LITERALS))
    return text.encode()


def check_numbers(delta):
    assert all(type(token) is int and 0 <= token < 2**32 for token in delta.token_ids)
    assert delta.cached_tokens is None or 0 <= delta.cached_tokens <= 2**53
    assert delta.stop_token is None or 0 <= delta.stop_token < 2**32
    told = [pair for entry in delta.logprobs or () for pair in ((0, entry.logprob), *entry.top)]
    assert all(math.isfinite(logprob) and logprob <= 0 for _, logprob in told)


def outcome(decode, payload):
    """What a payload added, and what was complained about."""
    try:
        return decode(payload) or StreamDelta(), ""
    except EngineError as error:
        return StreamDelta(), str(error)


@pytest.mark.parametrize("wants", [None, 2])
@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_any_value_anywhere_is_read_or_refused_without_a_word_of_it(name, wants, data):
    wants = wants if BY_NAME[name].has_logprobs else None
    decode = dialect_of(name).make_decoder(asking(logprobs=wants))
    delta, complaint = outcome(decode, data.draw(damaged(name, wants)))
    assert WORDS not in complaint
    check_numbers(delta)


@pytest.mark.parametrize("name", NAMES)
@given(garbage=st.binary(max_size=40))
def test_bytes_that_are_no_chunk_are_refused(name, garbage):
    decode = dialect_of(name).make_decoder(asking())
    with pytest.raises(EngineProtocolError):
        decode(garbage)


@pytest.mark.parametrize("name", NAMES)
@given(extra=st.dictionaries(st.from_regex(r"x_[a-z]{1,5}", fullmatch=True), st.text(), max_size=3))
def test_fields_nobody_knows_change_nothing(name, extra):
    payloads = payloads_of(name, None)
    plain, other = (dialect_of(name).make_decoder(asking()) for _ in range(2))
    more = [json.dumps(json.loads(payload) | extra).encode() for payload in payloads]
    assert [other(payload) for payload in more] == [plain(payload) for payload in payloads]


@pytest.mark.parametrize(
    ("name", "payload", "place"),
    [
        ("Vllm", {"choices": [{"token_ids": [5, WORDS]}]}, "choices[0].token_ids[1]"),
        ("Vllm", {"choices": [{"finish_reason": [WORDS]}]}, "choices[0].finish_reason"),
        ("Sglang", {"output_ids": [1.5], "meta_info": {}}, "output_ids[0]"),
        ("Sglang", {"output_ids": [1], "meta_info": {}}, "meta_info.completion_tokens"),
        ("Llamacpp", {"tokens": [1], "content": {WORDS: 1}}, "content"),
        ("Lmdeploy", {"output_ids": 10**400}, "output_ids"),
        ("Completions", {"choices": WORDS}, "choices"),
        ("Ollama", {"response": 3}, "response"),
    ],
)
def test_an_error_names_the_place_and_quotes_nothing(name, payload, place):
    with pytest.raises(EngineProtocolError) as caught:
        dialect_of(name).make_decoder(asking())(json.dumps(payload).encode())
    assert place in str(caught.value)
    assert WORDS not in str(caught.value)


@pytest.mark.parametrize("number", ["NaN", "-Infinity"])
def test_a_log_probability_that_only_python_writes_is_the_least_likely(number):
    choice = f'{{"token_ids": [5], "logprobs": {{"token_logprobs": [{number}]}}}}'
    decode = dialect_of("Vllm").make_decoder(asking(logprobs=0))
    (entry,) = decode(f'{{"choices": [{choice}]}}'.encode()).logprobs
    assert (entry.token_id, entry.logprob) == (5, -9999.0)


@given(st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=9))
def test_json_of_another_shape_is_refused_as_what_the_engine_sent(value):
    with pytest.raises(EngineProtocolError):
        read_value(read_json(json.dumps([value]).encode()), dict[str, int])
