"""A field's schema and its reader agree: what one forbids the other refuses, and nothing else."""

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from openai.types.completion_create_params import CompletionCreateParamsBase as TextParams
from openai.types.responses.response_create_params import ResponseCreateParamsBase

from harmonium import load_encoding
from harmonium.openai import (
    Adapter,
    RequestError,
    ResponsesSetup,
    chat_request,
    chat_request_schema,
    completion_request,
    completion_request_schema,
    responses_request,
    responses_request_schema,
)
from harmonium.openai.chat import FIELDS as CHAT_FIELDS
from harmonium.openai.completions import COMPLETION_FIELDS
from harmonium.openai.responses import FIELDS as RESPONSES_FIELDS
from tests.openai.values import objects

ENCODING = load_encoding()
READ_LATER = {
    "input", "messages", "previous_input_messages", "prompt", "reasoning", "response_format",
    "text", "tool_choice", "tools",
}  # fmt: skip
"""Fields whose inside is read with the rest of the request; see the tests of whole requests."""

TYPES = {
    **{f"chat.{name}": field.type for name, field in CHAT_FIELDS.items()},
    **{f"completions.{name}": field.type for name, field in COMPLETION_FIELDS.items()},
    **{f"responses.{field.name}": field.type for field in RESPONSES_FIELDS},
}
EXACT = sorted(name for name in TYPES if name.partition(".")[2] not in READ_LATER)
WORDS = [
    "", "a", "low", "medium", "high", "auto", "default", "disabled", "text", "24h", "1", "x" * 600,
    "reasoning.encrypted_content", "include_usage", "include_obfuscation", "prewarm",
]  # fmt: skip
EDGES = [-101, -100, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 20, 21, 100, 101, 128, 129]
SCALARS = (
    st.booleans()
    | st.sampled_from(EDGES)
    | st.sampled_from([edge + 0.5 for edge in EDGES])
    | st.sampled_from(WORDS)
    | st.text(max_size=3)
)
KEYS = st.sampled_from(WORDS) | st.text(max_size=3)
VALUES = (
    SCALARS
    | st.lists(SCALARS | st.none(), max_size=5)
    | st.lists(st.sampled_from(WORDS), max_size=18)
    | st.dictionaries(KEYS, SCALARS | st.none(), max_size=3)
    | st.dictionaries(st.integers(0, 10**12).map(str), st.integers(-101, 101), max_size=2)
    | st.dictionaries(st.integers(0, 99).map(str), st.just("x"), max_size=18)
)


HI = {"role": "user", "content": "hi"}


def _is_read(read, *values):
    try:
        if len(values) > 1:
            Adapter().read(read, *values)
        else:
            read(*values)
    except RequestError:
        return False
    return True


@pytest.mark.parametrize("name", EXACT)
@given(value=VALUES)
def test_a_value_is_read_if_and_only_if_the_schema_allows_it(name, value):
    kind = TYPES[name]
    assert _is_read(kind.read, value, "field") is jsonschema_rs.is_valid(kind.schema, value)


def _chat(body):
    chat_request({**body, "stream": True, "logprobs": True})


def _completion(body):
    completion_request({**body, "stream": True}, ENCODING)


def _responses(body):
    responses_request(body, ResponsesSetup())


@pytest.mark.parametrize(
    ("schema", "read", "kind", "given"),
    [
        (chat_request_schema(), _chat, CompletionCreateParamsBase, {}),
        (chat_request_schema(), _chat, CompletionCreateParamsBase, {"messages": [HI]}),
        (completion_request_schema(), _completion, TextParams, {"prompt": "hi"}),
        (responses_request_schema(), _responses, ResponseCreateParamsBase, {"input": "hi"}),
    ],
    ids=["messages", "chat", "completions", "responses"],
)
def test_no_request_of_the_published_types_is_read_that_the_schema_forbids(
    schema, read, kind, given
):
    whole = [{**body, **given} for body in objects(kind)]
    read_ones = [body for body in whole if _is_read(read, body)]
    assert len(read_ones) > 15
    assert [body for body in read_ones if not jsonschema_rs.is_valid(schema, body)] == []


@pytest.mark.parametrize(
    ("schema", "required"),
    [
        (chat_request_schema(), ["model", "messages"]),
        (completion_request_schema(), ["model", "prompt"]),
        (responses_request_schema(), ["input"]),
    ],
    ids=["chat", "completions", "responses"],
)
def test_a_request_schema_says_of_every_field_what_happens_to_it(schema, required):
    jsonschema_rs.meta.validate(schema)
    assert schema["required"] == required
    assert [name for name, one in schema["properties"].items() if not one["description"]] == []
