"""Words that a header or a tools block can carry, and nothing else."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harmonium import InvalidNameError
from harmonium.limits import DEFAULT_LIMITS
from harmonium.model.names import (
    CHANNEL_WORDS,
    ROLE_WORDS,
    check_content_type,
    check_name,
    check_tool_author,
    is_known_tool,
)
from harmonium.testing import names

LONGEST = DEFAULT_LIMITS.name_chars
ENDS_A_FIELD = st.one_of(
    st.sampled_from("<>|=\"'()[]{},;!?`\\"),
    st.characters(categories=["Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"]),
)


def _error(check, *words):
    with pytest.raises(InvalidNameError) as caught:
        check(*words)
    return caught.value


@given(names())
def test_a_name_is_returned_as_it_was_given(name):
    assert check_name(name, "recipient") is name


@given(names(), ENDS_A_FIELD, st.integers(0, 64))
@example("user", "\n", 4)
@example("user", "\u200b", 2)
def test_a_character_that_could_end_a_field_is_refused_wherever_it_stands(name, character, place):
    error = _error(check_name, name[:place] + character + name[place:], "recipient")
    assert error.position.path == "recipient"


@given(st.text(min_size=1))
def test_a_name_that_passes_has_letters_marks_digits_and_a_few_signs(text):
    try:
        check_name(text, "channel")
    except InvalidNameError:
        return
    assert {unicodedata.category(character)[0] for character in text} <= set("LMNPS")
    assert set(text) & set(" <>|=\"'()[]{}") == set()
    assert text.split() == text.splitlines() == [text]


@given(st.text(min_size=4).filter(lambda text: not text.isascii()))
def test_an_error_quotes_one_character_of_a_name_at_most(text):
    name = f"secret {text}"
    error = _error(check_name, name, "recipient")
    assert "secret" not in str(error)
    assert str(error).isascii()


@pytest.mark.parametrize("sign", list(".:/@+"))
def test_a_sign_stands_inside_a_name_and_at_neither_end(sign):
    assert check_name(f"a{sign}b", "name") == f"a{sign}b"
    assert "begins or ends" in str(_error(check_name, f"{sign}a", "name"))
    assert "begins or ends" in str(_error(check_name, f"a{sign}", "name"))


@pytest.mark.parametrize("sign", list("_-"))
def test_an_underscore_or_a_hyphen_stands_anywhere(sign):
    assert check_name(f"{sign}a{sign}", "name") == f"{sign}a{sign}"


def test_a_name_has_a_longest_length():
    assert check_name("x" * LONGEST, "name")
    assert f"has {LONGEST + 1} characters" in str(_error(check_name, "x" * (LONGEST + 1), "name"))


def test_an_empty_name_is_refused():
    assert "is empty" in str(_error(check_name, "", "name"))


@pytest.mark.parametrize("value", [None, 3, b"user", ["user"], True])
def test_what_is_no_string_is_refused_by_its_type(value):
    assert type(value).__name__ in str(_error(check_name, value, "name"))


def test_a_string_of_another_class_becomes_a_plain_one():
    class Word(str):
        __slots__ = ()

    assert type(check_name(Word("user"), "name")) is str


@given(names())
def test_a_name_that_is_no_role_or_channel_can_be_a_tool(name):
    assert check_tool_author(name) == name


@pytest.mark.parametrize("word", sorted(ROLE_WORDS | CHANNEL_WORDS))
def test_a_role_or_a_channel_is_no_tool(word):
    assert "role or a channel" in str(_error(check_tool_author, word))


@pytest.mark.parametrize("word", sorted(ROLE_WORDS))
def test_a_role_with_a_name_behind_it_is_no_tool(word):
    assert "role or a channel" in str(_error(check_tool_author, f"{word}:functions.x"))


@given(names())
def test_a_content_type_is_a_name_with_or_without_the_mark(name):
    assert check_content_type(name) == name
    assert check_content_type(f"<|constrain|>{name}") == f"<|constrain|>{name}"


@pytest.mark.parametrize(
    "text", ["<|constrain|>", "<|constrain|><|constrain|>json", "json<|message|>", "a b", ""]
)
def test_a_content_type_holds_no_second_mark_or_word(text):
    assert _error(check_content_type, text).position.path == "content type"


@pytest.mark.parametrize("name", ["functions.get_weather", "browser.search", "python", "browser"])
def test_a_namespace_or_a_built_in_name_can_only_be_a_tool(name):
    assert is_known_tool(name)


@given(names(dotted=False).filter(lambda name: name not in {"python", "browser"}))
def test_a_bare_name_may_be_anything(name):
    assert not is_known_tool(name)
