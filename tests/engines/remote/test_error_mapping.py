"""What a server says about a failure: its code is kept, its words are kept apart from ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium.engines.remote.error_mapping import error_for_status, raise_stream_error
from harmonium.errors import EngineBrokenError, EngineError, EngineRejectedError

NAME = "vllm:http://10.1.2.3:8000"
PROMPT = "the words of the prompt"
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["error", "message", "code", "type", "n_ctx", "detail"]), inner, max_size=4
    ),
    max_leaves=9,
)  # fmt: skip

TOO_LONG = {
    "vllm": {
        "object": "error",
        "message": "This model's maximum context length is 4096 tokens. However, you requested "
        "5000 tokens (4000 in the messages, 1000 in the completion).",
        "type": "BadRequestError",
        "code": 400,
    },
    "vllm_nested": {
        "error": {
            "message": "The decoder prompt (length 5000) is longer than the maximum model length "
            "of 4096. Make sure that `max_model_len` is no smaller.",
            "type": "BadRequestError",
            "code": 400,
        }
    },
    "vllm_older": "The prompt (total length 5000) is too long to fit into the model (context "
    "length 4096).",
    "sglang": {
        "error": {
            "message": "The input (5000 tokens) is longer than the model's context length (4096 "
            "tokens)."
        }
    },
    "sglang_requested": {
        "message": "Requested token count exceeds the model's maximum context length of 4096 "
        "tokens."
    },
    "llamacpp": {
        "error": {
            "code": 400,
            "message": "the request exceeds the available context size, try increasing it",
            "type": "exceed_context_size_error",
            "n_prompt_tokens": 5000,
            "n_ctx": 4096,
        }
    },
    "trtllm": {
        "message": "The sum of prompt length (5000.0), query length (0) should not exceed "
        "max_num_tokens (4096)"
    },
    "trtllm_input": "Prompt length (5000) exceeds maximum input length (4096)",
    "proxy": {
        "error": {"message": "context length 4096", "type": "ContextWindowExceededError"},
    },
}


@pytest.mark.parametrize("status", [400, 413, 422, 500])
@pytest.mark.parametrize("said", TOO_LONG.values(), ids=TOO_LONG)
def test_a_prompt_without_room_is_told_in_the_words_that_clients_look_for(said, status):
    error = error_for_status(status, said if isinstance(said, str) else json.dumps(said), NAME)
    assert isinstance(error, EngineRejectedError)
    assert (error.code, error.http_status) == ("context_length_exceeded", 400)
    assert "maximum context length is 4096 tokens" in str(error)
    assert error.max_context == 4096


def test_without_a_size_the_words_still_name_the_context():
    error = error_for_status(400, "the input exceeds the context window", NAME)
    assert (error.code, error.max_context) == ("context_length_exceeded", None)
    assert "maximum context length" in str(error)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"error": {"message": PROMPT, "type": "BadRequestError", "code": 400}}, "BadRequestError"),
        ({"message": PROMPT, "code": "model_not_found"}, "model_not_found"),
        ({"error": {"message": PROMPT, "code": PROMPT}}, None),
        ({"error": PROMPT}, None),
        (PROMPT, None),
    ],
)
@pytest.mark.parametrize("status", [400, 404, 429, 500, 502])
def test_a_server_is_quoted_beside_the_message_and_never_in_it(said, code, status):
    words = said if isinstance(said, str) else json.dumps(said)
    error = error_for_status(status, words, NAME)
    assert (error.upstream_code, error.upstream_message) == (code, words)
    assert PROMPT not in str(error)


@pytest.mark.parametrize("status", [204, 302, 400, 404, 429, 500, 502, 503])
def test_a_message_names_no_address(status):
    error = error_for_status(status, "", NAME)
    assert error.engine == NAME
    assert "10.1.2.3" not in str(error)


def test_an_error_in_a_stream_keeps_its_code_and_words_too():
    with pytest.raises(EngineBrokenError) as caught:
        raise_stream_error({"message": PROMPT, "type": "InternalServerError", "code": 500})
    assert caught.value.upstream_code == "InternalServerError"
    assert caught.value.upstream_message == PROMPT
    assert PROMPT not in str(caught.value)


@given(JSON_VALUES | st.text(), st.integers(100, 599), st.booleans())
def test_whatever_a_server_says_is_one_of_our_errors(said, status, is_json):
    words = json.dumps(said) if is_json else str(said)
    assert isinstance(error_for_status(status, words, NAME), EngineError)
    with pytest.raises(EngineError):
        raise_stream_error(said)
