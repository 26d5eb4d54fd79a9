"""Checks at construction: what they refuse, where they say it stands, and the way around them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import InvalidInputError, Message, TextContent
from harmonium.model.checks import as_tuple, check_line, check_schema, check_text, unchecked

LINE_ENDS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]


def _error(check, *values):
    with pytest.raises(InvalidInputError) as caught:
        check(*values)
    return caught.value


NOT_TEXT = st.one_of(st.none(), st.integers(), st.binary(), st.lists(st.text()))


@given(NOT_TEXT)
def test_what_is_no_string_is_refused_by_its_type_and_place(value):
    error = _error(check_text, value, "instructions")
    assert error.position.path == "instructions"
    assert type(value).__name__ in error.message


@given(st.text(), st.sampled_from(LINE_ENDS), st.text())
def test_a_line_has_no_line_end_of_any_kind(before, end, after):
    error = _error(check_line, before + end + after, "knowledge_cutoff")
    assert error.position.path == "knowledge_cutoff"


@given(st.text(st.characters(exclude_categories=["Cc", "Zl", "Zp"])))
def test_any_other_text_is_a_line(text):
    check_line(text, "knowledge_cutoff")


@pytest.mark.parametrize("schema", [[], "object", None, True])
def test_a_schema_is_an_object(schema):
    assert _error(check_schema, schema, "parameters").position.path == "parameters"


@given(st.lists(st.integers()))
def test_any_iterable_of_the_right_things_becomes_a_tuple(items):
    assert as_tuple(iter(items), int, "ids") == tuple(items)


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_the_first_wrong_thing_in_a_sequence_is_named_by_its_index(before, after):
    error = _error(as_tuple, [*before, "x", *after], int, "ids")
    assert error.position.path == f"ids[{len(before)}]"


@pytest.mark.parametrize("items", ["text", b"bytes", {"a": 1}, 3, None])
def test_a_string_or_a_mapping_is_no_sequence(items):
    assert _error(as_tuple, items, str, "valid_channels").position.path == "valid_channels"


@given(st.text())
def test_an_unchecked_object_equals_a_checked_one(text):
    assert unchecked(TextContent, text=text) == TextContent(text)


def test_nothing_is_checked_on_the_way_around():
    found = unchecked(
        Message, author=None, content=(), channel="not a name", recipient=None, content_type=None
    )
    assert (found.channel, found.author) == ("not a name", None)
