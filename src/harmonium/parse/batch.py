"""Parsing for the messages only, when all tokens are there: the same machine, larger steps.

Content that arrives together becomes one delta.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import index

from harmonium.model import Message, Role
from harmonium.parse.events import Event, MessageEnded
from harmonium.parse.ids import as_token_ids
from harmonium.parse.lexicon import Lexicon
from harmonium.parse.parser import Parser
from harmonium.parse.repair.glued_header import (
    GUARD_BYTES,
    LONGEST_RUN,
    trailing_header,
    trailing_recipient,
)
from harmonium.parse.repair.header_reader import Policy


class BatchParser(Parser):
    """Parse what comes in one piece, and give its messages rather than its deltas."""

    def feed(self, ids: int | Iterable[int], *, joined: bool = True) -> list[Event]:
        """Process tokens as `Parser.feed` does, with the deltas of a list always joined.

        Raises:
            TypeError: something in a list is no integer; the tokens before it were taken.

        """
        if isinstance(ids, list):
            return self._run(self._take_list, ids)
        return super().feed(ids, joined=joined)

    def _take_list(self, tokens: list[int]) -> None:
        read_pieces = self._lexicon.read_pieces
        place, count = 0, len(tokens)
        while place < count:
            end = place
            if self._plain:
                data, end = read_pieces(tokens, place)
            if end > place:
                self._take_plain(tokens, place, end, data)
                place = end
            else:
                self._take_one(index(tokens[place]))
                place += 1

    def _take_plain(self, tokens: list[int], begin: int, end: int, data: bytes) -> None:
        """Add content in one step, but for what may be header words at its end."""
        held = self._count_held(tokens, begin, end, data)
        if held:
            data = self._lexicon.read_pieces(tokens[: end - held], begin)[0]
        if end - held > begin:
            self._take_bytes(data, end - held - begin)
        for token in tokens[end - held : end]:
            self._take_one(index(token))

    def _count_held(self, tokens: list[int], begin: int, end: int, data: bytes) -> int:
        """Return how many of the last tokens may be header words run into the content."""
        tail = data[-LONGEST_RUN:]
        if self._policy == "strict" or not any(guard in tail for guard in GUARD_BYTES):
            return 0
        text = tail.decode("utf-8", "replace")
        cut = trailing_header(text)
        if cut is None:
            cut = trailing_recipient(text)
        if cut is None:
            return 0
        left = len(text[cut:].encode())
        place = end
        while left > 0 and place > begin:
            place -= 1
            left -= len(self._lexicon.piece(tokens[place]) or b"")
        return end - place

    def _take_bytes(self, data: bytes, count: int) -> None:
        end = self._index + count
        delta, partial_character = self._content.add_bytes(data, self._index, end)
        if delta is not None:
            self._outbox.add(delta)
        self._plain = not partial_character
        self._index = end


def parse_messages(
    lexicon: Lexicon,
    ids: Iterable[int],
    *,
    role: Role | str | None = Role.ASSISTANT,
    policy: Policy = "repair",
    tools: Iterable[str] = (),
) -> list[Message]:
    """Return the messages of a whole stream; see `Parser` for the arguments and errors."""
    parser = BatchParser(lexicon, role=role, policy=policy, tools=tools)
    try:
        events = parser.feed(ids)
    except TypeError:
        as_token_ids(ids)  # says what and where
        raise
    return fold([*events, *parser.close()])


def fold(events: Iterable[Event]) -> list[Message]:
    """Return the messages that events amount to."""
    return [event.message for event in events if isinstance(event, MessageEnded)]
