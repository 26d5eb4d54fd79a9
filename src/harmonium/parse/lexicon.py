"""Own what each token id is to the parser: its class, and its text when it is whole characters.

Built once per encoding and shared by all parsers of it. The text table fills as tokens are met and
is bounded by the vocabulary; headers that follow the grammar are remembered, up to a bound.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter

from harmonium.caching import BoundedCache
from harmonium.errors import UnknownTokenError
from harmonium.model.roles import Role
from harmonium.parse.events import Stop
from harmonium.parse.fields import Place
from harmonium.parse.header import Header
from harmonium.parse.states import TokenClass
from harmonium.parse.tool_names import ToolNames
from harmonium.tokens.special import FormatTokens

PLACES = {
    TokenClass.START: Place.ROLE,
    TokenClass.CHANNEL: Place.CHANNEL,
    TokenClass.CONSTRAIN: Place.CONSTRAIN,
}


HeaderKey = tuple[str, Role | None, ToolNames, tuple[int, ...]]
"""Policy, role from outside, declared tools, and the header's tokens."""

_SMALLEST_BLOCK, _LARGEST_BLOCK = 32, 4096

_HEADER_BYTES = 512 * 1024
_BYTES_PER_HEADER = 600


def _header_size(key: HeaderKey, _: Header) -> int:
    return _BYTES_PER_HEADER + sys.getsizeof(key[-1])


class TextTable(dict[int, str | None]):
    """Map an ordinary token id to its text; None when it is none or half a character."""

    def __init__(self, table: Mapping[int, bytes], special: frozenset[int]) -> None:
        super().__init__(dict.fromkeys(special))
        self._table = table

    def __missing__(self, token: int) -> str | None:
        try:
            piece = self._table[token]
        except UnknownTokenError:
            return None
        try:
            text: str | None = piece.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        self[token] = text
        return text


class Lexicon:
    """Know every token of an encoding as the parser needs it.

    Args:
        table: token id to bytes; raises UnknownTokenError for what is no token.
        special_tokens: text of each special token to its id.
        format_tokens: the part each Harmony token plays.

    """

    def __init__(
        self,
        table: Mapping[int, bytes],
        special_tokens: Mapping[str, int],
        format_tokens: FormatTokens,
    ) -> None:
        self.special = frozenset(special_tokens.values())
        self.texts = TextTable(table, self.special)
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

    @cached_property
    def _piece_list(self) -> list[bytes]:
        """Bytes by id, filled as ids are met; empty for special ids.

        Looking ids up in a list takes half the time of a dict.
        """
        return [b""] * (1 + max(self.special, default=0))

    def read_pieces(self, tokens: Sequence[int], begin: int) -> tuple[bytes, int]:
        """Read on until a token is special or unknown.

        Args:
            tokens: ids from 0; see `are_token_ids`.
            begin: where to begin.

        Returns:
            The bytes, and the index of the token that ended them.

        """
        found: list[bytes] = []
        size = _SMALLEST_BLOCK
        while begin < len(tokens):
            block = tokens[begin : begin + size]
            pieces = self._look_up(block)
            if all(pieces):
                found.append(b"".join(pieces))
                begin += len(block)
                size = min(2 * size, _LARGEST_BLOCK)
                continue
            place = pieces.index(b"")
            if self.classify(block[place]) is not TokenClass.TEXT:
                found.append(b"".join(pieces[:place]))
                begin += place
                break
            self._learn(block)
        return b"".join(found), begin

    def _look_up(self, block: Sequence[int]) -> tuple[bytes, ...]:
        try:
            found = itemgetter(*block)(self._piece_list)
        except IndexError:
            return tuple([self._ordinary_piece(token) for token in block])
        return found if len(block) > 1 else (found,)

    def _learn(self, block: Sequence[int]) -> None:
        """Fill the list for every token of a block."""
        for token in set(block):
            if token < len(self._piece_list):
                self._piece_list[token] = self._ordinary_piece(token)

    def _ordinary_piece(self, token: int) -> bytes:
        return (self.piece(token) or b"") if self.classify(token) is TokenClass.TEXT else b""

    def classify(self, token: int) -> TokenClass:
        """Give the class of any integer."""
        found = self._classes.get(token)
        if found is not None:
            return found
        return TokenClass.UNKNOWN if self.piece(token) is None else TokenClass.TEXT

    def piece(self, token: int) -> bytes | None:
        """Give the bytes of a token, a special token's text included; None when it is no token."""
        try:
            return self._table[token]
        except UnknownTokenError:
            return None

    def header_part(self, token: int) -> tuple[Place | None, bytes]:
        """Give the field that a token opens in a header, or its bytes as header text."""
        token_class = self.classify(token)
        if token_class is TokenClass.TEXT:
            return None, self._table[token]
        return PLACES.get(token_class), b""

    def name(self, token: int) -> str:
        """Name a token for a report: its text, or its id when it is no token."""
        piece = self.piece(token)
        return f"token id {token}" if piece is None else piece.decode("utf-8", "replace")
