"""Own what each token id is to the parser: its class, and its text when it is whole characters.

Built once per encoding and shared by all parsers of it; the text table fills as tokens are met and
is bounded by the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping

from harmonium.errors import UnknownTokenError
from harmonium.parse.events import Stop
from harmonium.parse.fields import Place
from harmonium.parse.states import TokenClass
from harmonium.tokens.special import FormatTokens

PLACES = {
    TokenClass.START: Place.ROLE,
    TokenClass.CHANNEL: Place.CHANNEL,
    TokenClass.CONSTRAIN: Place.CONSTRAIN,
}


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
        self._table = table
        self._classes = dict.fromkeys(self.special, TokenClass.UNKNOWN)
        self._classes |= dict.fromkeys(self.stops, TokenClass.STOP)
        self._classes |= {
            format_tokens.start: TokenClass.START,
            format_tokens.channel: TokenClass.CHANNEL,
            format_tokens.constrain: TokenClass.CONSTRAIN,
            format_tokens.message: TokenClass.MESSAGE,
        }

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

    def name(self, token: int) -> str:
        """Name a token for a report: its text, or its id when it is no token."""
        piece = self.piece(token)
        return f"token id {token}" if piece is None else piece.decode("utf-8", "replace")
