"""Whatever JSON a request is, it becomes a conversation that renders, or a RequestError."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium.openai import ChatRequest, RequestError, chat_request
from harmonium.openai.chat import FIELDS
from harmonium.testing import schemas
from tests.openai.chat.running import ENCODING

WORDS = st.sampled_from(
    ["user", "assistant", "tool", "system", "function", "custom", "text", "refusal", "image_url",
     "auto", "required", "none", "allowed_tools", "json_schema", "grammar", "f", "call_1", "",
     "<|end|>", "a\nb", "\ud800", "high", "lark", "gpt-oss"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["role", "content", "type", "text", "name", "id", "function", "custom", "arguments", "input",
     "tool_calls", "tool_call_id", "function_call", "reasoning", "thinking", "refusal",
     "parameters", "description", "format", "grammar", "definition", "syntax", "json_schema",
     "schema", "strict", "mode", "tools", "allowed_tools", "include_usage", "audio"]
)  # fmt: skip
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), WORDS, st.text(max_size=5))
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
CALLS = st.fixed_dictionaries(
    {"id": WORDS, "type": st.sampled_from(["function", "custom"])},
    optional={
        "function": st.fixed_dictionaries({"name": WORDS}, optional={"arguments": LEAVES}),
        "custom": st.fixed_dictionaries({"name": WORDS}, optional={"input": LEAVES}),
    },
)
MESSAGES = st.fixed_dictionaries(
    {"role": WORDS | LEAVES},
    optional={
        "content": WORDS | JSON,
        "name": WORDS,
        "tool_calls": st.lists(CALLS | JSON, max_size=2),
        "tool_call_id": WORDS,
        "reasoning": JSON,
        "refusal": LEAVES,
    },
)
TOOLS = st.fixed_dictionaries(
    {"type": WORDS},
    optional={
        "function": st.fixed_dictionaries(
            {"name": WORDS}, optional={"parameters": schemas(extended=True) | JSON}
        ),
        "custom": st.fixed_dictionaries({"name": WORDS}, optional={"format": JSON}),
    },
)
REQUESTS = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": st.lists(MESSAGES, max_size=4) | JSON},
    optional={
        **{name: JSON for name in FIELDS if name not in {"model", "messages", "tools"}},
        "tools": st.lists(TOOLS | JSON, max_size=3),
    },
)
GOOD = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "developer"]), "content": st.text()},
    optional={"reasoning": st.text(), "name": st.from_regex(r"[a-z]+", fullmatch=True)},
)
FRIENDLY = st.fixed_dictionaries(
    {"model": st.just("m"), "messages": st.lists(GOOD, min_size=1, max_size=4)},
    optional={"tools": st.lists(TOOLS, max_size=3), "tool_choice": WORDS, "n": JSON, "stop": JSON},
)


def _read(data):
    """The request, or None when it is refused with an error that has OpenAI's shape."""
    try:
        return chat_request(data)
    except RequestError as error:
        body = error.to_dict()["error"]
        assert set(body) == {"message", "type", "param", "code"}
        assert body["type"] == "invalid_request_error"
        assert body["message"]
        return None


@given(JSON | REQUESTS)
@settings(max_examples=700)
def test_any_json_is_a_request_or_a_request_error(data):
    assert isinstance(_read(data), ChatRequest | None)


@given(FRIENDLY)
@settings(max_examples=300)
def test_what_is_read_also_renders(data):
    request = _read(data)
    if request is None:
        return
    try:
        ids = request.render(ENCODING)
    except RequestError:
        return
    said = ENCODING.parse(ids, role=None, policy="strict")
    assert len(said) <= len(request.conversation)
