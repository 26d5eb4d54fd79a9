"""harmonium's own parser behind the interface of this room's streams (policy ``repair``)."""

from __future__ import annotations

from collections.abc import Callable

from harmonium.compat.openai_harmony.growing_list import GrowingList
from harmonium.compat.openai_harmony.quirks import Header
from harmonium.compat.openai_harmony.stream import FinishedMessage, State
from harmonium.model import Author, Message
from harmonium.parse import ContentDelta, Event, Indexed, MessageEnded, MessageStarted, Parser
from harmonium.parse import State as Place


class OpenText:
    """The open message's text. Reading it after each delta costs only what was added.

    Args:
        encode: encodes text, for `tokens`.

    """

    __slots__ = ("_encode", "_encoded", "_joined", "_pieces", "_text", "_tokens", "add")

    def __init__(self, encode: Callable[[str], list[int]]) -> None:
        self._encode = encode
        self._pieces: list[str] = []
        self.add = self._pieces.append
        self.clear()

    def clear(self) -> None:
        """Reset to empty."""
        self._pieces.clear()
        self._text = ""
        self._tokens: GrowingList[int] = GrowingList()
        self._joined = self._encoded = 0  # how many pieces are in the text, in the tokens

    @property
    def text(self) -> str:
        """All text so far."""
        if self._joined < len(self._pieces):
            # a string with one owner, a local, grows in place in CPython; in 3.13 only in a loop
            text, self._text = self._text, ""
            for piece in self._pieces[self._joined :]:
                text += piece
            self._text = text
            self._joined = len(self._pieces)
        return self._text

    @property
    def tokens(self) -> list[int]:
        """The tokens of the text so far, each piece encoded on its own."""
        for piece in self._pieces[self._encoded :]:
            self._tokens.extend(self._encode(piece))
        self._encoded = len(self._pieces)
        return self._tokens.shown()


class RepairedStream:
    """Parser that never raises on tokens; see `Stream`.

    Args:
        make_parser: makes a repairing parser for a role.
        encode: encodes text, for `content_tokens`.
        role: the role known from the prompt, or None.

    """

    def __init__(
        self,
        make_parser: Callable[[str | None], Parser],
        encode: Callable[[str], list[int]],
        role: str | None,
    ) -> None:
        self._make_parser = make_parser
        self._parser = make_parser(role)
        self._closed = False
        self._open = OpenText(encode)
        self.plain: Indexed[str] | None = None
        self.next_role = role
        self.header: Header | None = None
        self.delta: str | None = None
        self.tokens: GrowingList[int] = GrowingList()
        self.messages: GrowingList[FinishedMessage] = GrowingList()
        self.header_tokens: GrowingList[int] = GrowingList()

    def process(self, token: int) -> None:
        """Process the next token. After the end of a stream, another begins."""
        if self._closed:
            self._parser, self._closed = self._make_parser(None), False
        self.tokens.append(token)
        was_header = self.state == "Header"
        self._take(self._parser.feed(token))
        if self.state != "Header":
            self.header_tokens = GrowingList()
        elif was_header:
            self.header_tokens.append(token)

    def close(self) -> None:
        """Process the end of the stream; calling it again changes nothing."""
        self._take(self._parser.close())
        self._closed = True
        self.header_tokens = GrowingList()
        self.next_role = None

    @property
    def state(self) -> State:
        """Where in a message the stream stands."""
        if self.header is not None:
            return "Content"
        in_header = not self._closed and self._parser.state is Place.HEADER
        return "Header" if in_header else "ExpectStart"

    @property
    def text(self) -> str:
        """The open message's text so far."""
        return self._open.text

    @property
    def content_tokens(self) -> list[int]:
        """The tokens of the text so far, each delta encoded on its own."""
        return self._open.tokens

    def _take(self, events: list[Event]) -> None:
        self.delta = None
        for event in events:
            match event:
                case MessageStarted():
                    self.header = _header(event.author, event)
                    self._open.clear()
                    self.next_role = None
                case ContentDelta():
                    self._open.add(event.text)
                    self.delta = event.text if self.delta is None else self.delta + event.text
                case MessageEnded():
                    message = event.message
                    self.messages.append(
                        FinishedMessage(_header(message.author, message), message.text)
                    )
                    self._open.clear()
                    self.header = self.delta = None
                case _:
                    pass


def _header(author: Author, said: MessageStarted | Message) -> Header:
    return Header(author.role.value, author.name, said.recipient, said.channel, said.content_type)
