"""StreamableParser, the public interface of the parsers in this room. It parses nothing itself."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from harmonium.compat.openai_harmony.arguments import token_of
from harmonium.compat.openai_harmony.bindings import PyStreamableParser, state_fields
from harmonium.compat.openai_harmony.growing_list import GrowingList
from harmonium.compat.openai_harmony.models import models
from harmonium.compat.openai_harmony.roles import ROLE_OF, Role

if TYPE_CHECKING:
    from harmonium.compat.openai_harmony.encoding import HarmonyEncoding
    from harmonium.compat.openai_harmony.messages import Message


class StreamState(Enum):
    """The states of a parser."""

    EXPECT_START = "ExpectStart"
    HEADER = "Header"
    CONTENT = "Content"


_STATES = {state.value: state for state in StreamState}


class StreamableParser:
    """Parse a completion token by token.

    Polling any property after each token is cheap: lists are shown, not copied, and `state_data`
    alone encodes text. An answer that is kept does not change when the parser goes on.

    Args:
        encoding: from `load_harmony_encoding`.
        role: who speaks first, when the prompt has said so; None when the ids say it.
        strict: False takes a stop token inside a header for the message's end.

    """

    # What is read at every token are attributes: reading one costs a tenth of a property.
    __slots__ = {
        "__dict__": "what callers attach",
        "__weakref__": "",
        "_ids": "",
        "_inner": "",
        "_messages": "",
        "_plain": "",
        "_stream": "",
        "current_channel": "The open message's channel.",
        "current_recipient": "The open message's recipient.",
        "last_content_delta": "The text that the last token has added; None for none.",
    }
    current_channel: str | None
    current_recipient: str | None
    last_content_delta: str | None

    def __init__(
        self, encoding: HarmonyEncoding, role: Role | None, *, strict: bool = True
    ) -> None:
        known = None if role is None else str(role.value)
        self._inner = PyStreamableParser(encoding._inner, known, strict)  # noqa: SLF001  (theirs)
        self._stream = self._inner.stream
        self._messages: GrowingList[Message] = GrowingList()
        self._ids = self._stream.tokens.items
        self._show()

    def process(self, token: int) -> StreamableParser:
        """Process the next token and return the parser.

        Raises:
            HarmonyError: the token cannot stand here (policy ``oracle`` alone).

        """
        if self._plain is not None and type(token) is int and token >= 0:
            try:
                text = self._plain[token]
            except IndexError:
                text = None
            if text is not None:
                self.last_content_delta = text
                self._ids.append(token)
                return self
        try:
            self._stream.process(token_of(token))
        finally:
            self._show()
        return self

    def process_eos(self) -> StreamableParser:
        """Process the end of the stream and return the parser.

        Raises:
            HarmonyError: it falls into a header (policy ``oracle`` alone).

        """
        try:
            self._inner.process_eos()
        finally:
            self._show()
        return self

    def _show(self) -> None:
        """Store what callers read at every token."""
        stream = self._stream
        header = stream.header
        self._plain = stream.plain
        self.last_content_delta = stream.delta
        self.current_channel = None if header is None else header.channel
        self.current_recipient = None if header is None else header.recipient

    @property
    def current_content(self) -> str:
        """The open message's text so far."""
        return self._stream.text

    @property
    def current_role(self) -> Role | None:
        """The open message's role, or the one expected next."""
        role = self._inner.current_role
        return None if role is None else ROLE_OF[role]

    @property
    def current_content_type(self) -> str | None:
        """The open message's content type."""
        header = self._stream.header
        return None if header is None else header.content_type

    @property
    def messages(self) -> list[Message]:
        """The finished messages."""
        found = self._stream.messages
        if len(found) > len(self._messages):
            self._messages.extend(map(models().as_message, found.since(len(self._messages))))
        return self._messages.shown()

    @property
    def tokens(self) -> list[int]:
        """All tokens so far."""
        return self._stream.tokens.shown()

    @property
    def state_data(self) -> dict[str, Any]:
        """The state as dicts: its name; the header so far, or the header and its text's tokens."""
        return state_fields(self._stream)

    @property
    def state(self) -> StreamState:
        """The state."""
        return _STATES[self._stream.state]
