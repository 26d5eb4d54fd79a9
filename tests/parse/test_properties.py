"""The parser's invariants, on valid, mutated and random streams."""

from __future__ import annotations

import random
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import (
    DEVIATIONS,
    ContentDelta,
    MessageEnded,
    MessageStarted,
    ParseError,
    Profile,
    Repaired,
    fold,
    load_encoding,
    plain_text,
)
from harmonium.testing import assert_covers, conversations, token_streams

ENCODING = load_encoding()
PROFILES = (
    *("guide", "oss", "legacy", "vllm"),
    Profile("own", channel_first="always"),
    Profile("plain", channel_first="always", constrain="as_given"),
)
ROLES = st.sampled_from(["assistant", None, "user"])
TOOLS = st.sampled_from([(), ("get_weather",), ("functions.get_weather", "odd name", "python")])


def events_of(ids, **options):
    parser = ENCODING.parser(**options)
    return parser.feed(ids) + parser.close()


@given(token_streams(), ROLES, TOOLS)
def test_every_token_belongs_to_exactly_one_event_or_report(ids, role, tools):
    assert_covers(events_of(ids, role=role, tools=tools), len(ids))


@given(token_streams(), ROLES, TOOLS, st.data())
def test_any_split_of_a_stream_gives_the_same_events(ids, role, tools, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(ids)), max_size=5)))
    parser = ENCODING.parser(role=role, tools=tools)
    parts = [parser.feed(ids[a:b]) for a, b in zip([0, *cuts], [*cuts, len(ids)], strict=True)]
    pieces = ENCODING.parser(role=role, tools=tools)
    singly = [pieces.feed(token) for token in ids]
    whole = events_of(ids, role=role, tools=tools)
    assert [*chain(*parts), *parser.close()] == whole
    assert [*chain(*singly), *pieces.close()] == whole


@given(token_streams(), ROLES, TOOLS)
def test_parsing_whole_gives_the_fold_of_the_stream(ids, role, tools):
    streamed = fold(events_of(ids, role=role, tools=tools))
    assert ENCODING.parse(ids, role=role, tools=tools) == streamed


@given(token_streams(), ROLES)
def test_a_message_is_what_its_events_said(ids, role):
    started, said = None, []
    for event in events_of(ids, role=role):
        match event:
            case MessageStarted():
                assert started is None
                started, said = event, []
            case ContentDelta(text=text):
                said.append(text)
            case MessageEnded(message=message):
                header = (message.author, message.channel, message.recipient, message.content_type)
                assert header == started[:4]
                assert message.text == "".join(said)
                started = None
    assert started is None


@given(token_streams(), ROLES, TOOLS)
def test_no_name_out_of_a_header_holds_a_marker(ids, role, tools):
    for message in ENCODING.parse(ids, role=role, tools=tools):
        names = (message.channel, message.recipient, message.content_type, message.author.name)
        assert not any("<" in (name or "") or "|" in (name or "") for name in names)


@given(token_streams(), ROLES, TOOLS)
def test_strict_raises_nothing_but_a_located_parse_error(ids, role, tools):
    error = strict_error(ids, role=role, tools=tools)
    if error is not None:
        assert error.code in DEVIATIONS
        assert error.position.state in {"start", "header", "content"}
        assert 0 <= error.position.token <= len(ids)
        assert error.expected


def strict_error(ids, **options):
    try:
        ENCODING.parse(ids, policy="strict", **options)
    except ParseError as error:
        return error
    return None


@given(token_streams(), ROLES)
def test_repair_reports_something_wherever_strict_raises(ids, role):
    if strict_error(ids, role=role) is not None:
        assert any(isinstance(event, Repaired) for event in events_of(ids, role=role))


@given(conversations(round_trip=True), st.sampled_from(PROFILES), st.booleans())
def test_strict_accepts_what_render_produces_and_gives_it_back(conversation, profile, training):
    ids = ENCODING.render(conversation, training=training, profile=profile, history="keep")
    parsed = ENCODING.parse(ids, role=None, policy="strict")
    assert [shown(message) for message in parsed] == [shown(item) for item in conversation]


@given(conversations(round_trip=True), st.sampled_from(PROFILES))
def test_a_prompt_for_completion_is_no_deviation(conversation, profile):
    ids = ENCODING.render(conversation, "assistant", profile=profile, history="keep")
    assert len(ENCODING.parse(ids, role=None, policy="strict")) == len(conversation)


@given(token_streams("mutated", role=None))
def test_strict_accepts_only_what_some_profile_renders(ids):
    try:
        events = events_of(ids, role=None, policy="strict")
    except ParseError:
        return
    starts = [event.span.start for event in events if isinstance(event, MessageStarted)]
    ends = [event for event in events if isinstance(event, MessageEnded)]
    for start, end in zip(starts, ends, strict=True):
        assert ENCODING.decode(ids[start : end.span.start]) in forms_of(end.message)


def forms_of(message):
    """Return a message as each profile prints it, without the token that ends it."""
    renderings = (ENCODING.render_segments([message], profile=name) for name in PROFILES)
    return [plain_text(segments[:-1]) for segments in renderings]


def shown(message):
    """Return what of a message stands in the prompt: settings become the text they print."""
    segments = ENCODING.render_segments([message], history="keep")
    text = "".join(item.text for item in segments if item.origin.field == "content")
    return (message.author, text, message.channel, message.recipient, message.content_type)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_thousand_random_tokens_raise_nothing(seed):
    generator = random.Random(seed)
    special = list(ENCODING.special_tokens.values())[:15] * 3
    ids = [
        generator.choice(special) if generator.random() < 0.3 else generator.randrange(-50, 202_000)
        for _ in range(100_000)
    ]
    events = events_of(ids, tools=("f",))
    assert_covers(events, len(ids))
    with pytest.raises(ParseError):
        ENCODING.parse(ids, policy="strict")
