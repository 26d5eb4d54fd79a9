"""The sans-I/O parser: token ids in, events out, whatever the ids are.

It reads no clock, opens nothing and blocks on nothing; each token costs the same, however long
the stream. What a token does stands in `states` and `machine`, which `Parser` inherits: the short
ways here work on the machine's own fields, and one more attribute on the way to them is paid for
with every token. Does not read headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVarTuple, cast

from harmonium.errors import InvalidInputError, ParseError, Position
from harmonium.limits import DEFAULT_LIMITS, Limits
from harmonium.model import Role
from harmonium.parse.content import OpenMessage
from harmonium.parse.events import ContentDelta, Event
from harmonium.parse.ids import as_token_ids
from harmonium.parse.lexicon import Lexicon
from harmonium.parse.machine import Machine
from harmonium.parse.repair.glued_header import GUARDS
from harmonium.parse.repair.header_reader import Policy
from harmonium.parse.states import State
from harmonium.parse.tool_names import tool_names

Ts = TypeVarTuple("Ts")

_new_delta = tuple.__new__  # a named tuple's own constructor takes twice as long
_make_delta = partial(_new_delta, ContentDelta)


class Parser(Machine):
    """Turn token ids into events, and so into messages.

    Args:
        lexicon: the encoding as the parser sees it; ``Encoding.parser`` gives it.
        role: who speaks first when the stream continues a header that the prompt began
            (``<|start|>assistant`` ends a prompt for completion); None for a stream that must
            begin with a start token. A stream that does begin with one may have either.
        policy: ``repair`` never raises, whatever the integers, and loses no content; ``strict``
            raises at the first deviation.
        tools: names of the tools the application declared, to recognise calls in broken headers.
        limits: bounds; only ``header_tokens`` matters here.

    Raises:
        InvalidInputError: an unknown policy or role, or `tools` that are no names.

    Example:
        >>> import harmonium
        >>> encoding = harmonium.load_encoding()
        >>> parser = encoding.parser()
        >>> ids = encoding.encode("<|channel|>final<|message|>Hi<|return|>", allowed_special="all")
        >>> [type(event).__name__ for event in parser.feed(ids) + parser.close()]
        ['MessageStarted', 'ContentDelta', 'MessageEnded']

    """

    def __init__(
        self,
        lexicon: Lexicon,
        *,
        role: Role | str | None = Role.ASSISTANT,
        policy: Policy = "repair",
        tools: Iterable[str] = (),
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        if policy not in {"repair", "strict"}:
            message = 'unknown policy; allowed are "repair" and "strict"'
            raise InvalidInputError(message, position=Position(path="policy"))
        super().__init__(lexicon, policy, tool_names(tools), limits.header_tokens)
        self._texts = lexicon.texts.items
        self._failure: ParseError | None = None
        self._closed = False
        if role is not None:
            self._begin_header(Role(role), 0)

    def feed(self, ids: int | Iterable[int], *, joined: bool = False) -> list[Event]:
        """Process one token id or many and return the events they complete.

        However a stream is cut into calls, the events together are the same.

        Args:
            ids: the next of the stream.
            joined: where all of `ids` is plain text of the open message, return one delta for it
                rather than one for each token. For streams that send what came together as one.

        Raises:
            ParseError: policy ``strict`` and a deviation; ``events`` on the error holds what came
                before it in this call. The parser stays failed.
            InvalidInputError: something is no integer (nothing was taken), or the parser is closed.

        """
        if type(ids) is not int:
            tokens = as_token_ids(ids)
            if joined and self._plain:
                delta = self._take_text(tokens)
                if delta is not None:
                    return [delta]
            return self._run(self._take, tokens)
        if self._plain and ids >= 0:
            try:
                text = self._texts[ids]
            except IndexError:
                text = None
            if text is not None and text not in GUARDS:
                start = self._index
                self._index = end = start + 1
                self._content.pieces.append(text)
                return [_new_delta(ContentDelta, (text, start, end))]
        return self._run(self._take_one, ids)

    def close(self) -> list[Event]:
        """End the stream and return the events that waited for it; none the second time.

        Raises:
            ParseError: policy ``strict`` and the stream ends inside a header.

        """
        if self._closed:
            return []
        events = self._run(self._end_stream)
        self._closed = True
        return events

    @property
    def open_message(self) -> OpenMessage | None:
        """Snapshot of the message being received, in O(1); None between messages and in headers."""
        if self._state is not State.CONTENT or self._unopened is not None:
            return None
        return OpenMessage(self._header, self._content.pieces)

    @property
    def state(self) -> State:
        """Where in a message the stream stands."""
        return self._state

    @property
    def tokens_fed(self) -> int:
        """The number of tokens processed so far."""
        return self._index

    def _run(self, step: Callable[[*Ts], None], *taken: *Ts) -> list[Event]:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            message = "the parser is closed; make a new one for the next stream"
            raise InvalidInputError(message, code="parser_closed")
        try:
            step(*taken)
        except ParseError as error:
            error.events = tuple(self._outbox.take())
            self._failure = error
            raise
        return self._outbox.take()

    def _take_text(self, tokens: Sequence[int]) -> ContentDelta | None:
        """Process tokens that are whole characters of plain text as one delta; None: not taken."""
        texts = self._texts
        try:
            if min(tokens) < 0:  # a list would take -1 for its last
                return None
            pieces = [texts[token] for token in tokens]
            text = "".join(pieces)  # type: ignore[arg-type]  # None raises
        except (IndexError, TypeError, ValueError):
            return None
        if not GUARDS.isdisjoint(pieces):
            return None
        start = self._index
        self._index = end = start + len(tokens)
        self._content.pieces.append(text)
        return _new_delta(ContentDelta, (text, start, end))

    def _take(self, tokens: Sequence[int]) -> None:
        """Process tokens: whole characters inside content in bulk, all others one by one."""
        pieces = self._lexicon.texts.get_all(tokens)
        others: list[int] = []
        if not (all(pieces) and GUARDS.isdisjoint(pieces)):
            others = [at for at, piece in enumerate(pieces) if piece is None or piece in GUARDS]
        begin = 0
        for place in others:
            self._take_whole(tokens, pieces, begin, place)
            self._take_one(tokens[place])
            begin = place + 1
        self._take_whole(tokens, pieces, begin, len(pieces))

    def _take_whole(
        self, tokens: Sequence[int], pieces: Sequence[str | None], begin: int, end: int
    ) -> None:
        """Process tokens that are whole characters each."""
        if not self._plain and self._extend_header_text(tokens[begin:end]):
            return
        while begin < end and not self._plain:
            self._take_one(tokens[begin])
            begin += 1
        if begin < end:
            self._take_pieces(cast("Sequence[str]", pieces[begin:end]))

    def _take_one(self, token: int) -> None:
        self._handle(token, self._lexicon.classify(token))
        self._index += 1

    def _take_pieces(self, pieces: Sequence[str]) -> None:
        start, end = self._index, self._index + len(pieces)
        spans = zip(pieces, range(start, end), range(start + 1, end + 1), strict=True)
        self._outbox.extend(list(map(_make_delta, spans)))
        self._content.pieces.extend(pieces)
        self._index = end
