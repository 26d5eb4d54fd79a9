"""Reasoning sealed for a client: readable here alone, and never changed unnoticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harmonium import InvalidInputError
from harmonium.openai import ReasoningCipher
from tests.openai.responses.running import CIPHER, REASONING, events_of, ids_of, request_of, whole

ANY_TEXT = st.text(st.characters())


@given(ANY_TEXT, st.sampled_from([16, 24, 32]))
def test_what_is_sealed_opens_to_the_same_text(text, size):
    cipher = ReasoningCipher(bytes(range(size)))
    sealed = cipher.seal(text)
    assert cipher.open(sealed) == text
    assert sealed.isascii()


@given(ANY_TEXT, st.data())
def test_what_was_changed_does_not_open(text, data):
    sealed = CIPHER.seal(text)
    place = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.characters())
    changed = sealed[:place] + letter + sealed[place + 1 :]
    assert CIPHER.open(changed) == (text if changed == sealed else None)


@given(st.text())
def test_what_was_never_sealed_does_not_open(text):
    assert CIPHER.open(text) is None


def test_the_same_text_is_sealed_differently_each_time():
    cipher = ReasoningCipher(bytes(32))
    assert cipher.seal("x") != cipher.seal("x")


def test_keys_are_replaced_without_breaking_what_is_under_way():
    old, new = bytes(32), bytes(range(32))
    sealed = ReasoningCipher(old).seal("x")
    assert ReasoningCipher([new, old]).open(sealed) == "x"
    assert ReasoningCipher(new).open(sealed) is None
    assert ReasoningCipher(new).open(ReasoningCipher([new, old]).seal("y")) == "y"


@pytest.mark.parametrize("keys", [b"", b"short", [], [bytes(32), b"x"]])
def test_a_key_has_the_length_of_a_key(keys):
    with pytest.raises(InvalidInputError) as caught:
        ReasoningCipher(keys)
    assert caught.value.code == "invalid_key"


def test_reasoning_is_sealed_only_when_asked_for():
    assert whole(ids_of(REASONING))["output"][0]["encrypted_content"] is None
    request = request_of(include=["reasoning.encrypted_content"])
    events = events_of(ids_of(REASONING), request)
    sealed = events[-1]["response"]["output"][0]["encrypted_content"]
    assert CIPHER.open(sealed) == "Need it."
    assert [e["item"]["encrypted_content"] for e in events if "item" in e] == [None, sealed]
