"""Own the quick reading of a whole completion that has nothing unusual; stream has the rest.

Whatever this cannot read at sight (an odd header, broken UTF-8, tokens between messages, every
error) it leaves to `OracleStream`, which then reads all of it from the start.
"""

from __future__ import annotations

from array import array

from harmonium.caching import BoundedCache
from harmonium.compat.openai_harmony.failures import HarmonyError
from harmonium.compat.openai_harmony.quirks import Header, read_header
from harmonium.compat.openai_harmony.stream import Reading, Spoken
from harmonium.errors import UnknownTokenError

HeaderKey = tuple[str | None, bool, tuple[int, ...]]
"""The role from the prompt, which library is equalled, and the header's tokens."""

_HEADER_BYTES = 512 * 1024
_BYTES_PER_HEADER = 600
_BYTES_PER_TOKEN = 8

_headers: BoundedCache[HeaderKey, Header] = BoundedCache(
    _HEADER_BYTES, lambda key, _: _BYTES_PER_HEADER + _BYTES_PER_TOKEN * len(key[-1])
)


def read_at_sight(reading: Reading, ids: list[int]) -> list[Spoken] | None:
    """Give the messages of a completion, or None when it needs a closer look.

    Args:
        reading: tokens, role and rules.
        ids: the completion; may hold anything.

    """
    if not reading.strict:
        return None
    found: list[Spoken] = []
    role, place = reading.role, 0
    try:
        while place < len(ids) or role is not None:
            header, place = _read_header(reading, ids, place, role)
            data, place = reading.lexicon.read_pieces(ids, place)
            found.append(Spoken(header, data.decode()))
            if place < len(ids) and ids[place] not in reading.lexicon.stops:
                return None
            role, place = None, place + 1
    except (TypeError, OverflowError, ValueError, HarmonyError, UnknownTokenError):
        return None
    return found


def _read_header(
    reading: Reading, ids: list[int], begin: int, role: str | None
) -> tuple[Header, int]:
    """Read the header at `begin`; give it and where the content begins.

    Raises:
        TypeError: something in it is no integer.
        OverflowError: something in it is negative, or has more than 32 bits.
        ValueError: it does not begin or end as it should, or is no text.
        HarmonyError: it says what a header must not.
        UnknownTokenError: a token is unknown.

    """
    first = begin
    if role is None:
        begin = ids.index(reading.format.start, begin, begin + 1) + 1
    end = ids.index(reading.format.message, begin)
    array("I", ids[first : end + 1])  # raises for 1.0, which compares equal to 1
    tokens = tuple(ids[begin:end])
    key = (role, reading.one_channel, tokens)
    header = _headers.get(key)
    if header is None:
        text = reading.table.join(tokens).decode()
        header = read_header(text, role, one_channel=reading.one_channel)
        _headers.put(key, header)
    return header, end + 1
