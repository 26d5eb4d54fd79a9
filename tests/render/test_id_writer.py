"""The short way to ids gives what the segments give, whatever the cache does."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import (
    Conversation,
    DeveloperContent,
    InvalidInputError,
    Message,
    RenderOptions,
    ToolDescription,
    ToolNamespace,
    load_encoding,
)
from harmonium.caching import BoundedCache
from harmonium.render import encode_segments
from harmonium.testing import conversations

ENCODING = load_encoding()
OPTIONS = st.builds(
    RenderOptions,
    next_role=st.none(),
    training=st.booleans(),
    profile=st.sampled_from(["guide", "oss", "legacy", "vllm"]),
    history=st.sampled_from(["per_turn", "library", "keep"]),
)


@pytest.fixture(params=[0, 4_000, 1 << 26], ids=["off", "tiny", "large"], scope="module")
def cache(request):
    cache = ENCODING.tokenizer.cache
    limit = cache.info().limit
    cache.resize(request.param)
    yield cache
    cache.resize(limit)


@pytest.mark.slow
@settings(max_examples=25)
@given(st.data())
def test_ids_are_those_of_the_segments_with_any_cache(cache, data):
    for _ in range(2):
        said = data.draw(conversations())
        options = data.draw(OPTIONS)
        choices = (options.next_role, options.training, options.profile, options.history)
        segments = ENCODING.render_segments(said, *choices)
        wanted = encode_segments(segments, ENCODING.tokenizer)
        assert ENCODING.render(said, *choices) == wanted
        assert ENCODING.render(said, *choices) == wanted
    info = cache.info()
    assert info.bytes <= info.limit


@pytest.mark.slow
@settings(max_examples=25)
@given(st.data())
def test_a_conversation_that_goes_on_is_rendered_as_if_it_were_new(cache, data):
    said = list(data.draw(conversations(min_size=8, max_size=14)))
    choices = data.draw(st.tuples(*[st.sampled_from(["per_turn", "library", "keep"])] * 4))
    for history in choices:
        wanted = encode_segments(
            ENCODING.render_segments(said, history=history), ENCODING.tokenizer
        )
        assert ENCODING.render(said, history=history) == wanted
        keep = data.draw(st.integers(len(said) // 2, len(said)))
        said[keep:] = data.draw(conversations())
    info = cache.info()
    assert info.bytes <= info.limit


def test_a_schema_that_changed_is_printed_anew_in_a_long_conversation():
    schema = {"type": "object", "properties": {}}
    said = [*tools(schema), *(Message.user(f"message {number}") for number in range(20))]
    before = ENCODING.render(said)
    schema["properties"]["city"] = {"type": "string"}
    after = ENCODING.render(said)
    assert "city" not in ENCODING.decode(before)
    assert after == encode_segments(ENCODING.render_segments(said), ENCODING.tokenizer)


def test_what_is_done_to_an_answer_does_not_show_in_the_next():
    said = [Message.user(f"message {number}") for number in range(20)]
    first = ENCODING.render(said)
    wanted = list(first)
    first.clear()
    assert ENCODING.render(said) == wanted


def tools(parameters):
    space = ToolNamespace.functions([ToolDescription("f", "", parameters)])
    return Conversation([Message.developer(DeveloperContent(tools=(space,)))])


@pytest.mark.parametrize(
    ("one", "other"), [(1, 1.0), (1, True), (0.0, -0.0), ([1], (1,)), ("1", 1), (None, False)]
)
def test_schemas_that_are_equal_but_print_differently_are_not_mixed_up(one, other):
    schemas = [{"type": "object", "properties": {"a": {"default": x}}} for x in (one, other)]
    for schema in (*schemas, *schemas):
        said = tools(schema)
        wanted = encode_segments(ENCODING.render_segments(said), ENCODING.tokenizer)
        assert ENCODING.render(said) == wanted


def test_a_schema_that_changed_is_printed_anew():
    schema = {"type": "object", "properties": {}}
    before = ENCODING.render(tools(schema))
    schema["properties"]["city"] = {"type": "string"}
    assert "city" not in ENCODING.decode(before)
    assert "city" in ENCODING.decode(ENCODING.render(tools(schema)))


def test_a_grown_conversation_encodes_only_the_new_text():
    said = [Message.user(f"message {index}") for index in range(50)]
    cache = ENCODING.tokenizer.cache
    cache.clear()
    ENCODING.render(said)
    before = cache.info()
    ENCODING.render([*said, Message.user("one more")])
    after = cache.info()
    assert after.misses - before.misses == 1
    assert after.hits - before.hits == 2  # the conversation, and the header they share


def test_a_cleared_cache_holds_nothing():
    ENCODING.render([Message.user("remember me")])
    ENCODING.tokenizer.cache.clear()
    assert ENCODING.tokenizer.cache.info()[2:4] == (0, 0)


def test_what_was_used_longest_ago_goes_first_and_the_bound_holds():
    cache = BoundedCache(100, lambda _key, value: value)
    for key in "abcdefghijklmnop":
        cache.put(key, 10)
        cache.get("a")
        assert cache.info().bytes <= 100
    assert cache.get("a") == 10
    assert cache.get("p") == 10
    assert cache.get("b") is None
    cache.put("huge", 51)
    assert cache.get("huge") is None


@pytest.mark.parametrize("limit", [-1, 1.5, None, "1"])
def test_a_limit_that_is_no_number_of_bytes_is_refused(limit):
    with pytest.raises(InvalidInputError):
        ENCODING.tokenizer.cache.resize(limit)
