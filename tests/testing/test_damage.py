"""The model of damage checked against itself: what it says is right follows from what was meant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from harmonium import Message, MessageEnded, Repaired, load_encoding
from harmonium.testing import (
    DAMAGE_KINDS,
    Recovered,
    cut_cases,
    damaged_case,
    damaged_cases,
    damaged_completions,
    judge,
    valid_case,
)

ENCODING = load_encoding()
ALL = sorted(DAMAGE_KINDS)
LOSE_NOTHING = sorted(
    set(ALL)
    - {"cut", "call_ends_in_header", "recipient_missing", "header_missing", "header_bare"}
    - {"channel_missing", "channel_name_missing", "channel_unknown", "channel_synonym"}
    - {"markers_spelt", "tokens_stripped_in_part", "text_between"}
)
"""Kinds that leave enough for what was meant to be among what is right, always."""


def parse(case):
    """Our own parser's messages, and the texts of its reports."""
    parser = ENCODING.parser(role=case.role, tools=case.tools)
    events = [*parser.feed(case.ids), *parser.close()]
    ended = [event.message for event in events if isinstance(event, MessageEnded)]
    reported = [event.text for event in events if isinstance(event, Repaired)]
    return Recovered.of_all(ended), reported


def valid_ids(case):
    """The ids of what the case meant, as the default profile renders it behind the prompt."""
    said = [
        Message.assistant(it.text, channel=it.channel, recipient=it.recipient) for it in case.meant
    ]
    return tuple(ENCODING.render(said, history="keep")[2:])


def test_there_are_at_least_44_kinds():
    assert len(DAMAGE_KINDS) >= 44


def test_every_kind_says_what_is_wrong_in_one_sentence():
    assert [kind.code for kind in DAMAGE_KINDS.values() if not kind.summary.endswith(".")] == []
    assert [kind.code for kind in DAMAGE_KINDS.values() if "\n" in kind.summary] == []


@pytest.mark.parametrize("seed", range(50))
def test_a_valid_completion_has_one_reading_which_is_what_was_meant(seed):
    case = valid_case(seed)
    assert case.readings == (case.meant,)


def test_our_parser_reads_every_valid_completion_rightly():
    cases = damaged_cases(500, faults=0)
    assert {judge(case, *parse(case)) for case in cases} == {"right"}


def test_a_valid_completion_passes_the_strict_parser():
    cases = list(damaged_cases(100, faults=0))
    read = [
        Recovered.of_all(
            ENCODING.parse(case.ids, role=case.role, tools=case.tools, policy="strict")
        )
        for case in cases
    ]
    assert read == [case.meant for case in cases]


@pytest.mark.parametrize("code", ALL)
def test_the_same_seed_makes_the_same_case(code):
    assert damaged_case(7, kinds=[code]) == damaged_case(7, kinds=[code])


@pytest.mark.parametrize("code", ALL)
def test_every_kind_breaks_the_grammar_or_the_meaning(code):
    cases = list(damaged_cases(10, kinds=[code]))
    assert [case.faults for case in cases] == [(code,)] * 10
    assert [case.seed for case in cases if case.ids == valid_ids(case)] == []


@pytest.mark.parametrize("code", LOSE_NOTHING)
def test_what_was_meant_is_right_wherever_the_damage_leaves_it_readable(code):
    cases = list(damaged_cases(40, kinds=[code]))
    assert [case.seed for case in cases if case.meant not in case.readings] == []


@pytest.mark.parametrize("faults", [1, 2, 3])
def test_the_likeliest_reading_keeps_all_the_text_that_is_left(faults):
    cases = list(damaged_cases(1000, faults=faults))
    verdicts = {judge(replace(case, readings=()), case.readings[0]) for case in cases}
    assert "lost" not in verdicts


@pytest.mark.parametrize("seed", range(5))
def test_a_cut_leaves_the_messages_before_it_as_they_were(seed):
    cases = list(cut_cases(seed))
    whole = [
        [text for text in (said.text for said in case.meant) if text in case.contents]
        for case in cases
    ]
    kept = [[said.text for said in case.readings[0]] for case in cases]
    assert [found[: len(texts)] for found, texts in zip(kept, whole, strict=True)] == whole


@given(damaged_completions())
@settings(max_examples=50)
def test_a_drawn_case_names_its_faults_and_has_a_reading(case):
    assert 1 <= len(case.faults) <= 3
    assert case.readings


def test_the_first_reading_is_right():
    case = damaged_case(1)
    assert judge(case, case.readings[0]) == "right"


def test_reasoning_in_an_answer_is_shown():
    case = valid_case(5)
    exposed = [Recovered("final", None, said.text) for said in case.meant]
    assert "analysis" in {said.channel for said in case.meant}
    assert judge(case, exposed) == "shown"


def test_a_message_left_out_is_lost_unless_it_is_reported():
    case = valid_case(5)
    assert judge(case, case.meant[:-1]) == "lost"
    assert judge(case, case.meant[:-1], [case.meant[-1].text]) == "wrong"
