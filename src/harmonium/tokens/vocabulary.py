"""Vocabularies (token bytes and their ranks) and their two file formats.

The public form is text, one ``base64(token) rank`` a line (``.tiktoken``). The bundled form is
ours: fast to load, a third of the size, without the ranks because they count from 0. Knows
nothing of where files lie, of special tokens or of encoding.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Iterator, Mapping
from itertools import accumulate, islice
from typing import Protocol

from harmonium.errors import VocabularyError

_MAGIC = b"HARMVOC1"
_COUNT_BYTES = 4
_HEAD_BYTES = len(_MAGIC) + _COUNT_BYTES
_STRIDE = 256
_LONGEST_PACKED = 255
_MAX_RANK = 2**32 - 2  # ids are u32 in the encoder, which keeps the largest for itself


class Vocabulary(Protocol):
    """Return the bytes of every ordinary token, by rank and by token."""

    @property
    def max_rank(self) -> int:
        """The largest rank."""

    def __len__(self) -> int: ...

    def find(self, rank: int) -> bytes | None:
        """Return the token of that rank, or None when there is none."""

    def listed(self, most: int) -> list[bytes | None]:
        """Build a list of all tokens by rank below `most`; None for a rank without a token."""

    def ranks(self) -> dict[bytes, int]:
        """Build a new dict of every token and its rank."""


class PackedVocabulary:
    """Tokens of ranks 0, 1, 2, … in two byte strings: 1.6 MB for the 199,998 of o200k.

    A token is cut out when asked for. Offsets are kept for every 256th token only.

    Args:
        lengths: the length of each token, one byte each.
        joined: all tokens, one after the other.

    Raises:
        VocabularyError: the two do not fit together (``vocabulary_corrupt``).

    """

    __slots__ = ("_joined", "_lengths", "_offsets")

    def __init__(self, lengths: bytes, joined: bytes) -> None:
        self._lengths = lengths
        self._joined = joined
        self._offsets = [0]
        for start in range(0, len(lengths), _STRIDE):
            self._offsets.append(self._offsets[-1] + sum(lengths[start : start + _STRIDE]))
        if self._offsets[-1] != len(joined) or not lengths or 0 in lengths:
            message = "the packed vocabulary does not hold the bytes its lengths promise"
            raise VocabularyError(message, code="vocabulary_corrupt")

    @property
    def max_rank(self) -> int:
        """The largest rank."""
        return len(self._lengths) - 1

    def __len__(self) -> int:
        return len(self._lengths)

    def find(self, rank: int) -> bytes | None:
        """Return the token of that rank, or None when there is none."""
        if not 0 <= rank < len(self._lengths):
            return None
        block = rank // _STRIDE
        start = self._offsets[block] + sum(self._lengths[block * _STRIDE : rank])
        return self._joined[start : start + self._lengths[rank]]

    def ranks(self) -> dict[bytes, int]:
        """Build a new dict of every token and its rank."""
        return {token: rank for rank, token in enumerate(self._tokens())}

    def listed(self, most: int) -> list[bytes | None]:
        """Build a new list of all tokens by rank below `most`."""
        return list(islice(self._tokens(), most))

    def _tokens(self) -> Iterator[bytes]:
        joined, ends = self._joined, [*accumulate(self._lengths)]
        return (joined[start:end] for start, end in zip([0, *ends], ends, strict=False))


class ListedVocabulary:
    """Tokens of any ranks in a dict.

    Args:
        ranks: every token and its rank; the ranks need not be contiguous.

    Raises:
        VocabularyError: a rank is given twice or is no u32, a token is empty or no bytes, or one
            of the 256 single bytes is missing, without which some text would have no tokens
            (``vocabulary_corrupt``).

    """

    __slots__ = ("_ranks", "_tokens")

    def __init__(self, ranks: Mapping[bytes, int]) -> None:
        self._ranks = dict(ranks)
        self._tokens = {rank: token for token, rank in self._ranks.items()}
        fault = self._fault()
        if fault:
            message = f"the vocabulary cannot be used: {fault}"
            raise VocabularyError(message, code="vocabulary_corrupt")

    def _fault(self) -> str | None:
        if any(type(token) is not bytes or not token for token in self._ranks):
            return "every token must be bytes, at least one byte long"
        if any(type(rank) is not int or not 0 <= rank <= _MAX_RANK for rank in self._tokens):
            return f"every rank must be an integer from 0 to {_MAX_RANK}"
        if len(self._tokens) != len(self._ranks):
            return "two tokens have the same rank"
        missing = sum(bytes([value]) not in self._ranks for value in range(256))
        return f"{missing} of the 256 single bytes are missing; add them" if missing else None

    @property
    def max_rank(self) -> int:
        """The largest rank."""
        return max(self._tokens)

    def __len__(self) -> int:
        return len(self._ranks)

    def find(self, rank: int) -> bytes | None:
        """Return the token of that rank, or None when there is none."""
        return self._tokens.get(rank)

    def listed(self, most: int) -> list[bytes | None]:
        """Build a list of all tokens by rank below `most`; None for a rank without a token."""
        return list(map(self._tokens.get, range(min(self.max_rank + 1, most))))

    def ranks(self) -> dict[bytes, int]:
        """Build a new dict of every token and its rank."""
        return dict(self._ranks)


def read_tiktoken(text: bytes) -> dict[bytes, int]:
    """Read the public form: a line ``base64(token) rank`` for each token; empty lines are skipped.

    Raises:
        VocabularyError: a line is something else, a token comes twice, or there is no line at all
            (``vocabulary_corrupt``, with the line's number).

    Example:
        >>> read_tiktoken(b"YWI= 7")
        {b'ab': 7}

    """
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line:
            continue
        try:
            token, rank = line.split()
            decoded = binascii.a2b_base64(token, strict_mode=True)
            twice = decoded in ranks
            ranks[decoded] = int(rank)
        except ValueError:
            twice = None
        if twice is not False:
            what = "repeats a token" if twice else "is not 'base64 rank'"
            message = f"line {number} {what}; is this a .tiktoken file?"
            raise VocabularyError(message, code="vocabulary_corrupt")
    if not ranks:
        message = "no tokens were found; a .tiktoken file has a line 'base64 rank' for each"
        raise VocabularyError(message, code="vocabulary_corrupt")
    return ranks


def write_tiktoken(vocabulary: Vocabulary) -> bytes:
    """Write the public form, ordered by rank."""
    ordered = sorted(vocabulary.ranks().items(), key=lambda item: item[1])
    return b"".join(
        b"%b %d\n" % (binascii.b2a_base64(token, newline=False), rank) for token, rank in ordered
    )


def pack(ranks: Mapping[bytes, int]) -> bytes:
    """Write the bundled form: magic, count, then zlib over the lengths and the joined tokens.

    zlib, because it unpacks four times as fast as lzma for a fifth more bytes.

    Raises:
        VocabularyError: the ranks are not 0, 1, 2, …, or a token is longer than 255 bytes.

    """
    tokens = sorted(ranks, key=ranks.__getitem__)
    if [ranks[token] for token in tokens] != list(range(len(tokens))):
        message = "only ranks that count from 0 without gaps can be packed"
        raise VocabularyError(message, code="vocabulary_corrupt")
    if any(not 1 <= len(token) <= _LONGEST_PACKED for token in tokens):
        message = f"only tokens of 1 to {_LONGEST_PACKED} bytes can be packed"
        raise VocabularyError(message, code="vocabulary_corrupt")
    count = len(tokens).to_bytes(_COUNT_BYTES, "little")
    return _MAGIC + count + zlib.compress(bytes(map(len, tokens)) + b"".join(tokens), 9)


def unpack(packed: bytes) -> PackedVocabulary:
    """Read the bundled form.

    Raises:
        VocabularyError: it is something else, or damaged (``vocabulary_corrupt``).

    """
    count = int.from_bytes(packed[len(_MAGIC) : _HEAD_BYTES], "little")
    try:
        content = zlib.decompress(packed[_HEAD_BYTES:])
    except zlib.error:
        content = b""
    if not packed.startswith(_MAGIC) or not 0 < count < len(content):
        message = "this is no packed vocabulary, or a damaged one"
        raise VocabularyError(message, code="vocabulary_corrupt")
    return PackedVocabulary(content[:count], content[count:])
