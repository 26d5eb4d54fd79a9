"""What is read quickly is what the full reading makes of it; what is not usual is left to that."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines.dialects.vllm import VllmDialect
from harmonium.engines.protocol import GenerationRequest, SamplingParams
from harmonium.engines.remote.dialect import StreamDelta
from harmonium.engines.remote.fast_completion import read_usual_completion
from harmonium.errors import EngineError

IDS = st.lists(st.integers(0, 2**32 - 1), max_size=9)
STRANGE = st.sampled_from([None, True, -1, 2**32, 1.0, "stop", "", [], {}, [7], {"a": 1}, ["x"]])
CHOICE = st.fixed_dictionaries(
    {},
    optional={
        "token_ids": IDS | STRANGE | st.lists(STRANGE, max_size=3),
        "logprobs": STRANGE,
        "finish_reason": STRANGE,
        "stop_reason": STRANGE,
        "text": st.text(max_size=5),
    },
)
SAID = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(CHOICE, max_size=2) | STRANGE,
        "usage": STRANGE | st.just({"prompt_tokens_details": {"cached_tokens": 3}}),
        "error": STRANGE,
        "id": STRANGE,
    },
)

ASKED = GenerationRequest("r", "m", [1])


def fully(payload):
    """Give what the full reading says; None where it complains."""
    try:
        return VllmDialect().make_decoder(ASKED)(payload)
    except EngineError:
        return None


@given(SAID, st.booleans())
def test_what_is_read_quickly_is_what_the_full_reading_says(said, is_ascii):
    payload = json.dumps(said, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    ids = read_usual_completion(payload)
    assert ids is None or fully(payload) == StreamDelta(ids)
    assert ids is None or not said.get("error")


@given(st.binary(max_size=40))
def test_garbage_is_left_to_the_full_reading(garbage):
    assert read_usual_completion(garbage) is None


@given(IDS)
def test_the_usual_chunk_is_read_quickly(ids):
    choice = {"index": 0, "text": "x", "logprobs": None, "finish_reason": None, "token_ids": ids}
    said = {"id": "cmpl-1", "model": "m", "choices": [choice], "usage": None}
    assert read_usual_completion(json.dumps(said).encode()) == tuple(ids)


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"x":' * 100_000], ids=["array", "object"])
def test_endless_nesting_is_left_to_the_full_reading(deep):
    assert read_usual_completion(b'{"id":' + deep) is None


def test_a_stream_with_log_probabilities_is_read_in_full():
    asked = GenerationRequest("r", "m", [1], SamplingParams(logprobs=0))
    assert VllmDialect().quick_reader(asked) is None
