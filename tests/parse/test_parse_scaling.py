"""Parsing takes time in proportion to the stream, whatever the stream."""

from __future__ import annotations

import pytest

from harmonium import load_encoding
from tests.growth import grows_linearly

pytestmark = pytest.mark.slow  # each function is run on a long input, twice and more

ENCODING = load_encoding()


def ids_of(text):
    return ENCODING.encode(text, allowed_special="all")


HEADER = ids_of("<|channel|>final<|message|>")
WORD, HALF_A_CHARACTER, UNKNOWN = 24_912, 167, 250_000
CHANNEL, START, MESSAGE, END = 200_005, 200_006, 200_008, 200_007


def whole(ids):
    parser = ENCODING.parser(tools=("f", "some tool"))
    return parser.feed(ids) + parser.close()


def one_by_one(ids):
    parser = ENCODING.parser()
    for token in ids:
        parser.feed(token)
    parser.close()


def polling(ids):
    parser = ENCODING.parser()
    for token in ids:
        parser.feed(token)
        snapshot = parser.open_message
        assert snapshot is None or snapshot.channel == "final"
        assert parser.state is not None


STRIPPED = ids_of("analysisWe.assistantfinalHi.")
CALL = ids_of("<|start|>assistant<|channel|>commentary to=functions.f<|message|>{}<|call|>")
BROKEN = ids_of("<|start|>assistant<|channel|>commentary?analysis to=f f f <|message|>x<|end|>")

WORDS = (
    "assistant", "final", "analysis", "user", "json", "functions.f", " to=f", "{", ".", "thinking",
)  # fmt: skip
"""What models repeat in a loop, alone and in pairs: each was quadratic once, or is next to one."""


def repeated(text):
    ids = ids_of(text)
    return lambda n: whole(ids * (n // len(ids)))


LOOPS = {f"{a}{b}": repeated(a + b) for a in ("", "assistant") for b in WORDS}

FAMILIES = {
    "one long message": (lambda n: whole([*HEADER, *[WORD] * n]), 500_000),
    "one long message, token by token": (lambda n: one_by_one([*HEADER, *[WORD] * n]), 100_000),
    "polling the open message": (lambda n: polling([*HEADER, *[WORD] * n]), 100_000),
    "many messages": (lambda n: whole(CALL * (n // len(CALL))), 60_000),
    "many broken headers": (lambda n: whole(BROKEN * (n // len(BROKEN))), 30_000),
    "an endless header": (lambda n: whole([CHANNEL, *[WORD] * n]), 300_000),
    "an endless header of channels": (lambda n: whole([CHANNEL] * n), 100_000),
    "an answer without a header": (lambda n: whole([WORD] * n), 300_000),
    "start tokens": (lambda n: whole([START] * n), 50_000),
    "stop tokens": (lambda n: whole([END] * n), 60_000),
    "stray text": (lambda n: whole([MESSAGE, WORD, END, *[WORD] * n]), 200_000),
    "halves of characters": (lambda n: whole([*HEADER, *[HALF_A_CHARACTER] * n]), 100_000),
    "unknown ids": (lambda n: whole([*HEADER, *[UNKNOWN] * n]), 40_000),
    "messages without end": (lambda n: whole([MESSAGE, WORD, START] * (n // 3)), 50_000),
    "stripped special tokens": (lambda n: whole(STRIPPED * (n // len(STRIPPED))), 100_000),
    "tool names": (lambda n: whole([*ids_of(" to=f" * (n // 3)), MESSAGE]), 100_000),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_twice_as_many_tokens_take_about_twice_as_long(family):
    run, size = FAMILIES[family]
    assert grows_linearly(run, size)


@pytest.mark.parametrize("loop", LOOPS)
def test_repeated_header_words_cost_no_more_each_the_longer_they_go_on(loop):
    assert grows_linearly(LOOPS[loop], 1_500)
