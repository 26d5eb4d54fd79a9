"""The malformed corpus: whole, well-formed, and recovered by our own parser."""

from __future__ import annotations

import pytest

from harmonium import MessageEnded, load_encoding
from harmonium.testing import Recovered, assert_covers, malformed_cases

CASES = [pytest.param(case, id=case.id) for case in malformed_cases()]


def test_there_are_43_cases_with_names_of_their_own():
    assert len({case.id for case in malformed_cases()}) == 69


def test_the_corpus_is_read_once():
    assert malformed_cases() is malformed_cases()


def test_every_case_says_how_much_of_it_is_the_models_own():
    kinds = {case.fidelity for case in malformed_cases()}
    assert kinds == {"verbatim", "header-verbatim", "reconstructed", "synthetic"}


def test_a_whole_stream_has_no_role_given():
    roles = {case.role for case in malformed_cases() if case.text.startswith("<|start|>")}
    others = {case.role for case in malformed_cases() if not case.text.startswith("<|start|>")}
    assert (roles, others) == ({None}, {"assistant"})


@pytest.mark.parametrize("case", CASES)
def test_a_malformed_output_is_recovered(case):
    encoding = load_encoding()
    ids = encoding.encode(case.text, allowed_special="all")
    parser = encoding.parser(role=case.role, tools=case.tools)
    events = [*parser.feed(ids), *parser.close()]
    ended = [event.message for event in events if isinstance(event, MessageEnded)]
    assert Recovered.of_all(ended) == case.recovery
    assert_covers(events, len(ids))
