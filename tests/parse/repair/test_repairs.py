"""Broken outputs and what they must have meant, each with the codes that report it.

``malformed_variants.jsonl`` holds variations on the outputs of the malformed corpus. The recoveries
are what the parser gave when they were written down, read one by one against the repair rules: they
hold what was judged right, and are no second opinion.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harmonium import Repaired, fold, load_encoding
from harmonium.testing import malformed_cases

ENCODING = load_encoding()
VARIANTS = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data/malformed_variants.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]


def events_of(text, tools, role="assistant"):
    parser = ENCODING.parser(role=role, tools=tools)
    return parser.feed(ENCODING.encode(text, allowed_special="all")) + parser.close()


def described(message):
    """Return a message the way the data files write it: what is usual is left out."""
    whole = {"channel": message.channel, "recipient": message.recipient, "content": message.text}
    unusual = {
        "content_type": message.content_type,
        "role": None if message.author.role == "assistant" else message.author.role.value,
        "name": message.author.name,
    }
    return whole | {key: value for key, value in unusual.items() if value is not None}


@pytest.mark.parametrize("case", VARIANTS, ids=lambda case: case["text"])
def test_a_broken_output_is_understood_and_reported(case):
    events = events_of(case["text"], case["tools"])
    assert [described(message) for message in fold(events)] == case["recovery"]
    reports = [event.code for event in events if isinstance(event, Repaired)]
    assert reports == case["repairs"]


@pytest.mark.parametrize("case", malformed_cases(), ids=lambda case: case.id)
def test_a_collected_output_is_recovered_with_a_report_of_every_repair(case):
    whole = case.text.startswith("<|start|>")
    for role in ["assistant", None] if whole else ["assistant"]:
        events = events_of(case.text, case.tools, role)
        found = [(m.channel, m.recipient, m.text) for m in fold(events)]
        assert found == [(m.channel, m.recipient, m.text) for m in case.recovery]


def test_a_report_names_the_tokens_and_what_was_done():
    events = events_of("<|channel|>commentary to=assistant<|channel|>final<|message|>Hi", ())
    reports = [event for event in events if isinstance(event, Repaired)]
    assert [(r.code, r.span, r.text, r.action, r.discarded) for r in reports] == [
        ("recipient_is_role", (3, 6), "to=assistant", "taken as no recipient", False),
        ("repeated_channel", (7, 8), "final", "the last one is kept", False),
    ]


def test_discarded_header_text_is_in_the_report_and_in_no_message():
    events = events_of("<|channel|>commentary to=f # secret plan<|end|>", ("f",))
    assert fold(events) == []
    assert [event.code for event in events] == ["discarded_header"]
    assert events[0].text == "<|channel|>commentary to=f # secret plan"
