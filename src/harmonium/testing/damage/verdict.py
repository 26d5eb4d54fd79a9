"""What a parser's answer to a damaged completion is worth. Does not know how it was parsed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from harmonium.testing.corpus import Recovered
from harmonium.testing.damage.cases import DamagedCase

Verdict = Literal["right", "wrong", "lost", "shown"]
_DISTINCT = 8
"""Reasoning shorter than this may stand in an answer by chance."""


def judge(case: DamagedCase, found: Sequence[Recovered], reported: Iterable[str] = ()) -> Verdict:
    """Return what a parser's messages are worth.

    ``right``: one of the accepted readings. Else the worst that holds of ``shown`` (reasoning
    stands in what a user sees), ``lost`` (text is in no message and no report) and ``wrong``.

    Args:
        case: what was parsed.
        found: the messages that came back.
        reported: the texts of what the parser discarded and reported.

    Example:
        >>> from harmonium.testing import damaged_cases
        >>> case = next(damaged_cases(1))
        >>> judge(case, case.readings[0])
        'right'

    """
    if tuple(found) in case.readings:
        return "right"
    if _shows_reasoning(case, found):
        return "shown"
    return "lost" if _loses_text(case, found, reported) else "wrong"


def _visible(messages: Iterable[Recovered]) -> str:
    return "\n".join(
        it.text for it in messages if it.channel != "analysis" and it.recipient is None
    )


def _shows_reasoning(case: DamagedCase, found: Sequence[Recovered]) -> bool:
    shown = _visible(found)
    allowed = "\n".join(_visible(reading) for reading in case.readings)
    hidden = [it.text for it in case.meant if it.channel == "analysis" and it.recipient is None]
    halves = [half for text in hidden for half in _halves(text)]
    return any(half in shown and half not in allowed for half in halves)


def _halves(text: str) -> list[str]:
    middle = len(text) // 2
    halves = (text[:middle].strip(), text[middle:].strip())
    return [half for half in halves if len(half) >= _DISTINCT]


def _loses_text(case: DamagedCase, found: Sequence[Recovered], reported: Iterable[str]) -> bool:
    kept = "".join(message.text for message in found)
    told = "".join(reported)
    names = " ".join(f"{it.channel} {it.recipient}" for it in found)
    words = (word for content in case.contents for word in content.split())
    return any(word not in kept and word not in told and word not in names for word in words)
