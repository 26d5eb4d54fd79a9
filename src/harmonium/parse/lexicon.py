"""What each token id is to the parser: its class, and its text if that is whole characters.

Built once per encoding and shared by all parsers of it. Two caches live here:

- the bytes and text of tokens, filled as they are met (`token_lookup`), bounded by the vocabulary;
- headers already read, by their ids. A model writes the same few headers again and again, and
  reading one costs as much as some twenty tokens of content. Only headers without any deviation are
  kept, so that reports are made anew each time and point to their own tokens; the key holds
  everything the reading depends on. An entry is never stale, so the only bound is memory.

Does not know the state of any stream.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from harmonium.caching import BoundedCache
from harmonium.errors import UnknownTokenError
from harmonium.model import Role
from harmonium.parse.events import Stop
from harmonium.parse.fields import Place
from harmonium.parse.header import Header
from harmonium.parse.states import TokenClass
from harmonium.parse.token_lookup import Lookup
from harmonium.parse.tool_names import ToolNames
from harmonium.tokens import FormatTokens, TokenTable

PLACES = {
    TokenClass.START: Place.ROLE,
    TokenClass.CHANNEL: Place.CHANNEL,
    TokenClass.CONSTRAIN: Place.CONSTRAIN,
}


HeaderKey = tuple[str, Role | None, ToolNames, bytes, tuple[int, ...]]
"""Policy, role from outside, declared tools, and the header's tokens."""

_SMALLEST_BLOCK, _BLOCK = 64, 512
"""Ids looked up at once, first and then: what lies behind the end of a message is looked up in
vain, and many messages are short."""

_HEADER_BYTES = 512 * 1024
"""Memory for headers: some 700 of them."""
_BYTES_PER_HEADER = 600
"""A header with its names, and the cache's entry for it, without the ids of the key."""


def _header_size(key: HeaderKey, _: Header) -> int:
    return _BYTES_PER_HEADER + sys.getsizeof(key[-1])


_MOST_IDS = 2_000_000
"""Ids from here on, which only odd vocabularies have, are found the slow way."""


class Lexicon:
    """The tokens of an encoding as the parser needs them.

    ``pieces`` gives an ordinary token's bytes, ``texts`` its text when that is whole characters.

    Args:
        table: token id to bytes.
        special_tokens: text of each special token to its id.
        format_tokens: the part each Harmony token plays.

    """

    def __init__(
        self,
        table: TokenTable,
        special_tokens: Mapping[str, int],
        format_tokens: FormatTokens,
    ) -> None:
        self.special = frozenset(special_tokens.values())
        special = self.special
        self.pieces: Lookup[bytes] = Lookup(special, self._ordinary_piece, self._ordinary_pieces)
        self.texts: Lookup[str] = Lookup(special, self._ordinary_text, self._ordinary_texts)
        self.stops: dict[int, Stop] = {
            format_tokens.end: "end",
            format_tokens.call: "call",
            format_tokens.return_: "return",
        }
        self.headers: BoundedCache[HeaderKey, Header] = BoundedCache(_HEADER_BYTES, _header_size)
        self._table = table
        self._classes = dict.fromkeys(self.special, TokenClass.UNKNOWN)
        self._classes |= dict.fromkeys(self.stops, TokenClass.STOP)
        self._classes |= {
            format_tokens.start: TokenClass.START,
            format_tokens.channel: TokenClass.CHANNEL,
            format_tokens.constrain: TokenClass.CONSTRAIN,
            format_tokens.message: TokenClass.MESSAGE,
        }

    def fill(self) -> None:
        """Learn every token now, rather than when many have been met."""
        self.pieces.fill()
        self.texts.fill()

    def read_pieces(self, tokens: list[int], begin: int) -> tuple[bytes, int]:
        """Read on until a token is no ordinary one.

        Args:
            tokens: ids.
            begin: where to begin.

        Returns:
            The bytes, and the index of the token that ended them.

        Raises:
            TypeError: one of the ids read is no integer.

        """
        pieces = self.pieces.get_all(tokens[begin : begin + _SMALLEST_BLOCK])
        if None in pieces:
            end = pieces.index(None)
            return b"".join(pieces[:end]), begin + end  # type: ignore[arg-type]  # none is None
        begin += len(pieces)
        found: list[bytes] = [b"".join(pieces)]  # type: ignore[arg-type]  # none is None
        while begin < len(tokens):
            pieces = self.pieces.get_all(tokens[begin : begin + _BLOCK])
            begin += len(pieces)
            try:
                found.append(b"".join(pieces))  # type: ignore[arg-type]  # None raises, which is rare
            except TypeError:
                place = pieces.index(None)
                found.append(b"".join(pieces[:place]))  # type: ignore[arg-type]  # none is None
                begin += place - len(pieces)
                break
        return b"".join(found), begin

    def _ordinary_piece(self, token: int) -> bytes | None:
        return self.piece(token) if self.classify(token) is TokenClass.TEXT else None

    def _ordinary_pieces(self) -> list[bytes | None]:
        return self._table.ordinary(_MOST_IDS)

    def _ordinary_text(self, token: int) -> str | None:
        return _whole_text(self._ordinary_piece(token))

    def _ordinary_texts(self) -> list[str | None]:
        return list(map(_whole_text, self._ordinary_pieces()))

    def classify(self, token: int) -> TokenClass:
        """Return the class of any integer."""
        found = self._classes.get(token)
        if found is not None:
            return found
        return TokenClass.UNKNOWN if self.piece(token) is None else TokenClass.TEXT

    def piece(self, token: int) -> bytes | None:
        """Return the bytes of a token or of a special token's text; None for an unknown id."""
        try:
            return self._table[token]
        except UnknownTokenError:
            return None

    def header_part(self, token: int) -> tuple[Place | None, bytes]:
        """Return the field that a token opens in a header, or its bytes as header text."""
        token_class = self.classify(token)
        if token_class is TokenClass.TEXT:
            return None, self._table[token]
        return PLACES.get(token_class), b""

    def name(self, token: int) -> str:
        """Name a token for a report: its text, or its id when it is no token."""
        piece = self.piece(token)
        return f"token id {token}" if piece is None else piece.decode("utf-8", "replace")


def _whole_text(piece: bytes | None) -> str | None:
    """Return a token's text; None when it is none, or has half a character."""
    try:
        return None if piece is None else piece.decode()
    except UnicodeDecodeError:
        return None
