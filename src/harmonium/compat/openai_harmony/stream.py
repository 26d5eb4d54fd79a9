"""The published parsers' state machine over token ids. Header and UTF-8 quirks are in `quirks`.

Work per token is constant, however often the accessors are polled: text is joined and shown
lists are filled when somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol, cast

from harmonium.caching import BoundedCache
from harmonium.compat.openai_harmony.failures import HarmonyError, decoding_failure
from harmonium.compat.openai_harmony.growing_list import GrowingList
from harmonium.compat.openai_harmony.quirks import (
    ContentDecoder,
    Header,
    read_cut_header,
    read_header,
)
from harmonium.errors import UnknownTokenError
from harmonium.parse import Indexed, Lexicon
from harmonium.tokens import FormatTokens, TokenTable

State = Literal["ExpectStart", "Header", "Content"]


class FinishedMessage(NamedTuple):
    """A finished message: what its header said, and its text."""

    header: Header
    text: str


class _Ended(NamedTuple):
    """A finished message whose text is not joined yet.

    Its text is what was joined, what the tokens between two places add (those in `odd` otherwise
    than their own text), and what waited for more at its end.
    """

    header: Header
    joined: str
    tokens: tuple[int, int]
    odd: tuple[Mapping[int, tuple[str, ...]], list[int]]
    rest: str


class Reading(NamedTuple):
    """The configuration of a parser."""

    table: TokenTable
    lexicon: Lexicon
    format: FormatTokens
    encode: Callable[[str], list[int]]
    role: str | None
    strict: bool
    one_channel: bool


class Stream(Protocol):
    """The interface of every parser of this room."""

    next_role: str | None
    header: Header | None
    tokens: GrowingList[int]
    header_tokens: GrowingList[int]
    plain: Indexed[str] | None  # inside content, between whole characters: the text of an id

    @property
    def messages(self) -> GrowingList[FinishedMessage]:
        """The finished messages."""

    @property
    def delta(self) -> str | None:
        """The text that the last token added, or None."""

    @property
    def state(self) -> State:
        """Where in a message the stream stands."""

    def process(self, token: int) -> None:
        """Process the next token."""

    def close(self) -> None:
        """Process the end of the stream."""

    @property
    def text(self) -> str:
        """The open message's text so far."""

    @property
    def content_tokens(self) -> list[int]:
        """The tokens of the text so far."""


class OracleStream:
    """Parse token by token as the published parsers do.

    Args:
        reading: tokens, role and rules.

    """

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self._stop = reading.format.stop
        self.state: State = "ExpectStart" if reading.role is None else "Header"
        self.next_role = reading.role
        self.header: Header | None = None
        self._messages: GrowingList[FinishedMessage] = GrowingList()
        self._ended: list[_Ended] = []  # messages whose text nobody has asked for yet
        self.header_tokens: GrowingList[int] = GrowingList()
        self.tokens: GrowingList[int] = GrowingList()
        self.plain: Indexed[str] | None = None
        self._ids = self.tokens.items
        self._text = ""
        self._joined = self._encoded = 0  # how many tokens are in the text, in its tokens
        self._texts = reading.lexicon.texts
        self._delta: str | None = None
        self._delta_at = 0  # how many tokens there were then

    def process(self, token: int) -> None:
        """Process the next token.

        A caller in a hurry may look into `plain` first, and only append the token to `tokens` when
        it finds a text there: everything else is worked out when somebody asks.

        Raises:
            HarmonyError: the token cannot stand here; the parser goes on from where it is.

        """
        self.tokens.append(token)
        if self.plain is None or self._texts.get(token) is None:
            _STEPS[self.state](self, token)

    def close(self) -> None:
        """Process the end of the stream; calling it again changes nothing.

        Raises:
            HarmonyError: it falls into a header.

        """
        if self.state == "Header":
            raise HarmonyError("Unexpected EOS while waiting for message header to complete")
        if self.state == "Content":
            self._end_message(len(self._ids))

    @property
    def delta(self) -> str | None:
        """The text that the last token added, or None."""
        if self._delta_at == len(self._ids) or self.plain is None:
            return self._delta
        return self._texts.get(self._ids[-1])

    @property
    def text(self) -> str:
        """The open message's text so far."""
        if self.state != "Content":
            return ""
        # a string with one owner, a local, grows in place in CPython; in 3.13 only in a loop
        begin, self._joined = self._joined, len(self._ids)
        if self._odd_places:
            pieces = self._pieces(begin, self._joined, self._odd, self._odd_places)
            self._odd_places.clear()
            text, self._text = self._text, ""
            for piece in pieces:
                text += piece
        else:
            known = self._texts.items
            text, self._text = self._text, ""
            for token in self._ids[begin:]:
                text += known[token]  # type: ignore[operator]  # what was only noted has text
        self._text = text
        return text

    def _pieces(
        self, begin: int, end: int, odd: Mapping[int, tuple[str, ...]], places: list[int]
    ) -> list[str]:
        """Return what each token added to a text; `places` are the indices of unusual ones."""
        pieces = cast("list[str]", list(self._texts.get_all(self._ids[begin:end])))
        for place in places:
            pieces[place - begin] = "".join(odd[place])
        return pieces

    @property
    def messages(self) -> GrowingList[FinishedMessage]:
        """The finished messages."""
        for header, text, tokens, odd, rest in self._ended:
            pieces = self._pieces(*tokens, *odd)
            self._messages.append(FinishedMessage(header, "".join([text, *pieces, rest])))
        self._ended.clear()
        return self._messages

    @property
    def content_tokens(self) -> list[int]:
        """The tokens of the text so far, each delta encoded on its own."""
        if self.state != "Content":
            return []
        end = len(self._ids)
        for place in range(self._encoded, end):
            deltas = self._odd.get(place)
            if deltas is None:
                deltas = (self._texts.get(self._ids[place]) or "",)
            for delta in deltas:
                self._content_tokens.extend(self.reading.encode(delta))
        self._encoded = end
        return self._content_tokens.shown()

    def _begin_content(self) -> None:
        """Begin a content with the next token."""
        self._content = ContentDecoder()
        self._text = ""
        self._content_tokens: GrowingList[int] = GrowingList()
        self._odd: dict[int, tuple[str, ...]] = {}  # what tokens added that were no plain text
        self._odd_places: list[int] = []  # of those that are not joined yet
        self._joined = self._encoded = len(self._ids)

    def _expect_start(self, token: int) -> None:
        start = self.reading.format.start
        if token != start:
            message = f"Unexpected token {token} while expecting start token {start}"
            raise HarmonyError(message)
        self.state = "Header"
        self.header_tokens = GrowingList()

    def _in_header(self, token: int) -> None:
        if token == self.reading.format.message:
            self._end_header()
        elif token in self._stop and not self.reading.strict:
            self._cut_header()
        else:
            self.header_tokens.append(token)

    def _end_header(self) -> None:
        tokens, self.header_tokens = self.header_tokens.items, GrowingList()
        self.state = "ExpectStart"
        self.header = header_of(self.reading, self.next_role, tokens)
        self.next_role = None
        self.state = "Content"
        self._begin_content()
        self.plain = self._texts.items

    def _cut_header(self) -> None:
        """End a header at a stop token: without strictness that is a whole message."""
        tokens = self.header_tokens.shown()
        if self.next_role is not None and tokens:
            text = decoded(self.reading.table, tokens)
            one_channel = self.reading.one_channel
            header, content = read_cut_header(text, self.next_role, one_channel=one_channel)
            self.messages.append(FinishedMessage(header, content))
        self.next_role = None
        self.header_tokens = GrowingList()
        self.state = "ExpectStart"

    def _in_content(self, token: int) -> None:
        if token in self._stop:
            self._end_message(len(self._ids) - 1)
            return
        try:
            piece = self.reading.table[token]
        except UnknownTokenError:
            piece = None
        self._delta_at = count = len(self._ids)
        deltas = self._odd[count - 1] = self._content.feed(piece)
        self._delta = "".join(deltas) if deltas else None
        self._odd_places.append(count - 1)
        self.plain = self._texts.items if self._content.is_empty else None

    def _end_message(self, end: int) -> None:
        """End the message whose tokens go up to `end`."""
        if self.header is not None:
            tokens, odd = (self._joined, end), (self._odd, self._odd_places)
            rest = self._content.close()
            self._ended.append(_Ended(self.header, self._text, tokens, odd, rest))
        self.header = None
        self.plain = None
        self._delta = None
        self.state = "ExpectStart"


_STEPS: Mapping[State, Callable[[OracleStream, int], None]] = MappingProxyType(
    {
        "ExpectStart": OracleStream._expect_start,  # noqa: SLF001  (the class's own table)
        "Header": OracleStream._in_header,  # noqa: SLF001
        "Content": OracleStream._in_content,  # noqa: SLF001
    }
)


HeaderKey = tuple[str | None, bool, tuple[int, ...]]
"""The role from the prompt, which library is equalled, and the header's tokens."""

_HEADER_BYTES = 512 * 1024
_BYTES_PER_HEADER = 600
_BYTES_PER_TOKEN = 8

_headers: BoundedCache[HeaderKey, Header] = BoundedCache(
    _HEADER_BYTES, lambda key, _: _BYTES_PER_HEADER + _BYTES_PER_TOKEN * len(key[-1])
)


def header_of(reading: Reading, role: str | None, tokens: list[int]) -> Header:
    """Read a header's tokens, with a cache of headers read before.

    Raises:
        HarmonyError: they are no text, or say what a header must not.

    """
    key = (role, reading.one_channel, tuple(tokens))
    header = _headers.get(key)
    if header is None:
        try:
            text = reading.table.join(tokens).decode()
        except (UnknownTokenError, UnicodeDecodeError):
            raise HarmonyError("could not decode header") from None
        header = read_header(text, role, one_channel=reading.one_channel)
        _headers.put(key, header)
    return header


def decoded(table: TokenTable, tokens: list[int]) -> str:
    """Decode tokens to text.

    Raises:
        HarmonyError: an unknown token, or bytes that are no UTF-8.

    """
    try:
        return table.join(tokens).decode()
    except UnknownTokenError as error:
        fault = f"Invalid token error: {unknown_token(error, tokens)}"
        message = f"Could not decode tokens: {fault}"
        raise HarmonyError(message) from None
    except UnicodeDecodeError as error:
        raise decoding_failure(error) from None


def unknown_token(error: UnknownTokenError, tokens: list[int]) -> str:
    """Build the published parsers' error for a token id that the table does not know."""
    return f"Invalid token for decoding: {tokens[error.position.token or 0]}"
