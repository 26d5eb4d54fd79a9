"""The strategies draw what they promise; and the invariants users will test with them hold."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from harmonium import (
    DEVIATIONS,
    Author,
    ContentDelta,
    Conversation,
    MessageEnded,
    ParseError,
    Role,
    SystemContent,
    conversation_from_json,
    conversation_to_json,
    load_encoding,
)
from harmonium.model.names import check_name
from harmonium.testing import (
    assert_covers,
    conversations,
    messages,
    names,
    schemas,
    texts,
    token_streams,
)

SEEDED = settings(
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WANTED = settings(SEEDED, max_examples=2000, phases=[Phase.generate])
ENCODING = load_encoding()


@SEEDED
@given(names())
def test_names_are_accepted_and_free_for_tools(name):
    assert check_name(name, "name") == name
    assert Author(Role.TOOL, name).name == name


@SEEDED
@given(names(dotted=False))
def test_names_without_dots_have_none(name):
    assert "." not in check_name(name, "name")


@SEEDED
@given(texts())
def test_texts_can_be_encoded_and_come_back(text):
    assert ENCODING.decode(ENCODING.encode_ordinary(text)) == text


def _is_system(message):
    return any(isinstance(content, SystemContent) for content in message.content)


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        (texts(), lambda text: "<|end|>" in text),
        (texts(), lambda text: max(text, default="") > "\U0001ffff"),
        (texts(), lambda text: min(text, default="x") < " "),
        (texts(surrogates=True), lambda text: re.search("[\ud800-\udfff]", text)),
        (names(), lambda name: re.search("[^\x00-\u024f]", name)),
        (schemas(extended=True), lambda schema: '"anyOf"' in json.dumps(schema)),
        (schemas(extended=True), lambda schema: '"$ref"' in json.dumps(schema)),
        (messages(), lambda message: message.author.role is Role.TOOL),
        (messages(), _is_system),
        (token_streams("random"), lambda ids: max(ids, default=0) > 201_088),
    ],
)
def test_what_is_worth_testing_is_drawn(strategy, wanted):
    assert wanted(find(strategy, wanted, settings=WANTED, random=Random(0)))


@SEEDED
@given(schemas())
def test_plain_schemas_use_only_keywords_every_renderer_knows(schema):
    assert schema["type"] == "object"
    assert json.loads(json.dumps(schema)) == schema
    assert not {"anyOf", "allOf", "const", "$ref"} & _keywords(schema)


def _keywords(schema):
    """The keywords of a schema and of the schemas inside it, property names left out."""
    inner = [*schema.get("properties", {}).values(), *schema.get("oneOf", [])]
    inner += [schema["items"]] if "items" in schema else []
    return set(schema).union(*map(_keywords, inner))


@SEEDED
@given(conversations())
def test_conversations_render_and_survive_json(conversation):
    assert conversation_from_json(conversation_to_json(conversation)) == conversation
    assert len(ENCODING.render(conversation, history="keep")) >= 4 * len(conversation)


@SEEDED
@given(conversations(round_trip=True), st.sampled_from(["guide", "oss", "legacy", "vllm"]))
def test_a_conversation_comes_back_from_strict_parsing(conversation, profile):
    ids = ENCODING.render(conversation, profile=profile, history="keep")
    assert Conversation(tuple(ENCODING.parse(ids, role=None, policy="strict"))) == conversation


@SEEDED
@given(token_streams("valid"))
def test_valid_streams_are_strictly_valid(ids):
    assert ENCODING.parse(ids, policy="strict") == ENCODING.parse(ids)


@SEEDED
@given(token_streams("valid", role=None))
def test_whole_valid_streams_begin_with_a_start_token(ids):
    assert ids[0] == ENCODING.format.start
    assert ENCODING.parse(ids, role=None, policy="strict")


@SEEDED
@given(token_streams())
def test_any_stream_is_accounted_for_token_by_token(ids):
    parser = ENCODING.parser(tools=["get_weather"])
    events = [*parser.feed(ids), *parser.close()]
    assert_covers(events, len(ids))


@SEEDED
@given(token_streams(), st.integers(1, 7))
def test_any_split_of_a_stream_gives_the_same_events(ids, size):
    whole, split = ENCODING.parser(), ENCODING.parser()
    pieces = [ids[start : start + size] for start in range(0, len(ids), size)]
    parted = [event for piece in pieces for event in split.feed(piece)] + split.close()
    assert _merged(parted) == _merged([*whole.feed(ids), *whole.close()])


def _merged(events):
    """Join neighbouring deltas: how much text a feed gives at once is not part of the promise."""
    out = []
    for event in events:
        if isinstance(event, ContentDelta) and out and isinstance(out[-1], ContentDelta):
            last = out.pop()
            out.append(ContentDelta(last.text + event.text, last.start, event.end))
        else:
            out.append(event)
    return out


@SEEDED
@given(token_streams())
def test_deltas_add_up_to_the_message(ids):
    parser = ENCODING.parser()
    text = ""
    for event in [*parser.feed(ids), *parser.close()]:
        if isinstance(event, ContentDelta):
            text += event.text
        if isinstance(event, MessageEnded):
            assert text == event.message.text
            text = ""


@SEEDED
@given(token_streams())
def test_strict_reads_the_same_texts_as_repair_or_says_where_it_stopped(ids):
    repaired = [message.text for message in ENCODING.parse(ids)]
    try:
        outcome = [message.text for message in ENCODING.parse(ids, policy="strict")]
    except ParseError as error:
        outcome = error
    if isinstance(outcome, ParseError):
        assert outcome.code in DEVIATIONS
        assert outcome.position.token in range(len(ids) + 1)
    else:
        assert outcome == repaired


def test_without_hypothesis_the_error_names_the_extra():
    probe = """
import sys
sys.modules["hypothesis"] = None
import harmonium.testing
assert len(harmonium.testing.malformed_cases()) == 69
try:
    harmonium.testing.conversations
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "harmonium.testing.conversations needs Hypothesis: pip install 'harmonium[testing]'\n"
    )


def test_an_unknown_name_is_an_attribute_error():
    import harmonium.testing  # noqa: PLC0415

    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        harmonium.testing.nope  # noqa: B018
