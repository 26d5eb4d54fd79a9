"""Own parsing for the messages alone, when all tokens are there: the same machine, larger steps.

Content that arrives together becomes one delta. Long inputs are looked up in a list by id, which
takes half the time of a dict.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import partial
from operator import itemgetter

from harmonium.model.messages import Message
from harmonium.model.roles import Role
from harmonium.parse.events import Event, MessageEnded
from harmonium.parse.ids import as_token_ids
from harmonium.parse.lexicon import Lexicon
from harmonium.parse.parser import Parser
from harmonium.parse.reading import Policy

_LONG = 256
"""From this many tokens on the look-up by list pays."""

_LONGEST_USUAL_HEADER = 32


class WholeParser(Parser):
    """Parse what comes in one piece, and give its messages rather than its deltas."""

    def feed(self, ids: int | Iterable[int]) -> list[Event]:
        """Take tokens as `Parser.feed` does; the deltas of a message come joined."""
        if isinstance(ids, list) and len(ids) >= _LONG:
            return self._run(partial(self._take_long, ids))
        return super().feed(ids)

    def _take_long(self, tokens: list[int]) -> None:
        try:
            array("I", tokens)  # refuses at once what is no integer from 0
            pieces = itemgetter(*tokens)(self._lexicon.text_list)
        except (TypeError, OverflowError, IndexError):
            self._take(as_token_ids(tokens))
            return
        begin = 0
        while begin < _LONGEST_USUAL_HEADER and not self._plain:
            self._take_one(tokens[begin])
            begin += 1
        content = pieces[begin:-1]
        if self._plain and all(content):
            self._take_pieces(content)
            self._take_one(tokens[-1])
        else:
            self._take_mixed(tokens, list(pieces), begin)

    def _take_mixed(self, tokens: list[int], pieces: list[str], begin: int) -> None:
        """Take tokens some of which are no text, or are met for the first time."""
        place = _find_empty(pieces, begin)
        while place < len(pieces):
            token = tokens[place]
            text = self._texts[token]
            if text is None:
                self._take_whole(tokens, pieces, begin, place)
                self._take_one(token)
                begin = place + 1
            else:
                self._lexicon.text_list[token] = pieces[place] = text
            place = _find_empty(pieces, place + 1)
        self._take_whole(tokens, pieces, begin, len(pieces))

    def _take_pieces(self, pieces: Sequence[str]) -> None:
        start = self._index
        self._index += len(pieces)
        self._outbox.add(self._content.add_text("".join(pieces), start, self._index))


def _find_empty(pieces: list[str], begin: int) -> int:
    try:
        return pieces.index("", begin)
    except ValueError:
        return len(pieces)


def parse_messages(
    lexicon: Lexicon,
    ids: Iterable[int],
    *,
    role: Role | str | None = Role.ASSISTANT,
    policy: Policy = "repair",
    tools: Iterable[str] = (),
) -> list[Message]:
    """Give the messages of a whole stream; see `Parser` for the arguments and errors."""
    parser = WholeParser(lexicon, role=role, policy=policy, tools=tools)
    return fold([*parser.feed(ids), *parser.close()])


def fold(events: Iterable[Event]) -> list[Message]:
    """Give the messages that events amount to."""
    return [event.message for event in events if isinstance(event, MessageEnded)]
