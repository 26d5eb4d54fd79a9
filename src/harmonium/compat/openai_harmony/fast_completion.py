"""Fast path for a whole completion without anything unusual. All others are read by `stream`.

Whatever this cannot read at sight (an odd header, broken UTF-8, tokens between messages, every
error) it leaves to `OracleStream`, which then reads all of it from the start.
"""

from __future__ import annotations

from array import array

from harmonium.compat.openai_harmony.failures import HarmonyError
from harmonium.compat.openai_harmony.quirks import Header
from harmonium.compat.openai_harmony.stream import FinishedMessage, Reading, header_of


def read_at_sight(reading: Reading, ids: list[int]) -> list[FinishedMessage] | None:
    """Return the messages of a completion, or None if it needs the full parser.

    Args:
        reading: tokens, role and rules.
        ids: the completion; may hold anything.

    """
    if not reading.strict:
        return None
    found: list[FinishedMessage] = []
    role, place = reading.role, 0
    try:
        while place < len(ids) or role is not None:
            header, place = _read_header(reading, ids, place, role)
            data, place = reading.lexicon.read_pieces(ids, place)
            found.append(FinishedMessage(header, data.decode()))
            if place < len(ids) and ids[place] not in reading.lexicon.stops:
                return None
            role, place = None, place + 1
    except (TypeError, OverflowError, ValueError, HarmonyError):
        return None
    return found


def _read_header(
    reading: Reading, ids: list[int], begin: int, role: str | None
) -> tuple[Header, int]:
    """Read the header at `begin`; return it and the index where the content begins.

    Raises:
        TypeError: something in it is no integer.
        OverflowError: something in it is negative, or has more than 32 bits.
        ValueError: it does not begin or end as it should.
        HarmonyError: it is no text, or says what a header must not.

    """
    first = begin
    if role is None:
        begin = ids.index(reading.format.start, begin, begin + 1) + 1
    end = ids.index(reading.format.message, begin)
    array("I", ids[first : end + 1])  # raises for 1.0, which compares equal to 1
    return header_of(reading, role, ids[begin:end]), end + 1
