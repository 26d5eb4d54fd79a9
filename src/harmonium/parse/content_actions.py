"""The actions of the state table inside content.

Theory of operation. Nearly every token is text and is put out at once, as one delta. Three things
are held back, each bounded, and each until the next token decides:

- the bytes of a character that is not whole yet (at most three, in `ContentBuffer`);
- header words that may belong to the next message (at most `glued_header.LONGEST_RUN` characters);
- the start of a message without a start token, until it has content: a lone ``<|message|>`` between
  two messages is then reported as empty, and no client sees a message begin that never is one.

``_plain`` is true when none of this is the case. `parser` may then turn ids into deltas without
coming here, which is the short way that nearly all tokens of a valid stream take.

Does not read headers.
"""

from __future__ import annotations

from harmonium.model import Role
from harmonium.parse.content import ContentBuffer
from harmonium.parse.event_queue import make_message
from harmonium.parse.events import (
    ContentDelta,
    MessageEnded,
    MessageStarted,
    Repaired,
    Span,
    Stop,
)
from harmonium.parse.header import Header
from harmonium.parse.machine_state import MachineState
from harmonium.parse.repair.glued_header import (
    GUARD_BYTES,
    may_become_header,
    may_begin_run,
    trailing_header,
    trailing_recipient,
)
from harmonium.parse.states import State, TokenClass


class ContentActions(MachineState):
    """The actions of the state table inside content."""

    def _start_content(self, header: Header, span: Span) -> None:
        self._state = State.CONTENT
        self._header = header
        self._content = ContentBuffer()
        started = MessageStarted(*header, span)
        self._unopened = started if self._implicit and header.recipient is None else None
        self._plain = self._unopened is None
        if self._plain:
            self._outbox.add(started)
        else:
            self._outbox.hold()

    def _extend_content(self, token: int, _: TokenClass) -> None:
        piece = self._lexicon.piece(token) or b""
        if self._policy == "repair" and self._is_held(piece):
            self._held.append(token)
            self._plain = False
            return
        self._add_piece(piece)

    def _is_held(self, piece: bytes) -> bool:
        """Return whether a piece may belong to header words at the end of the content.

        What was held before is released when it does not.
        """
        if self._held:
            if may_become_header((self._held_bytes() + piece).decode("utf-8", "replace")):
                return True
            self._release_held()
        if piece not in GUARD_BYTES or self._content.has_half:
            return False
        pieces = self._content.pieces
        return may_begin_run(piece.decode(), pieces[-1] if pieces else "")

    def _held_bytes(self) -> bytes:
        return b"".join(self._lexicon.piece(token) or b"" for token in self._held)

    def _release_held(self) -> None:
        """Add what was held as content after all."""
        held, self._held = self._held, []
        begin = self._index - len(held)
        for place, token in enumerate(held, begin):
            delta, _ = self._content.add_bytes(self._lexicon.piece(token) or b"", place, place + 1)
            if delta is not None:
                self._emit_delta(delta)
        self._plain = self._unopened is None

    def _cut_held(self) -> bool:
        """End the message before the header words that were held; return whether there are any."""
        held, self._held = self._held, []
        begin = self._index - len(held)
        text = b"".join(self._lexicon.piece(token) or b"" for token in held).decode()
        cut = trailing_header(text)
        if cut is None:
            cut = trailing_recipient(text)
        if cut is None:
            self._held = held
            self._release_held()
            return False
        rest = held
        glued = b""
        if text.startswith("."):  # the token holds the end of the content as well
            rest, glued = held[1:], (self._lexicon.piece(held[0]) or b"")[1:]
            self._emit_delta(self._content.add_text(".", begin, begin + 1))
            begin += 1
        here = Span(begin, begin)
        self._deviate("missing_end", here, "", "the message ends where the next begins")
        self._finish(None, here, truncated=False)
        self._deviate("missing_start", here, "", "the text before it is part of the header")
        self._begin_header(None, begin)
        self._glued, self._tokens = glued, list(rest)
        return True

    def _add_piece(self, piece: bytes) -> None:
        delta, partial = self._content.add_bytes(piece, self._index, self._index + 1)
        if delta is not None:
            self._emit_delta(delta)
        self._plain = not partial and self._unopened is None

    def _emit_delta(self, delta: ContentDelta) -> None:
        if self._unopened is not None:
            self._outbox.release(self._unopened)
            self._unopened = None
        self._outbox.add(delta)

    def _flush_character(self) -> None:
        """Replace an incomplete character by U+FFFD: nothing can complete it any more."""
        if self._held:
            self._release_held()
        delta = self._content.flush(self._index)
        if delta is not None:
            self._emit_delta(delta)
        self._plain = self._state is State.CONTENT and self._unopened is None

    def _skip_marker(self, token: int, token_class: TokenClass) -> None:
        if self._held and self._cut_held():
            self._handle(token, token_class)
            return
        self._flush_character()
        self._discard_one("stray_marker", token)  # what it spells would be shown to users as text

    def _end_message(self, token: int, _: TokenClass) -> None:
        self._flush_character()
        stop: Stop = self._lexicon.stops[token]
        span = Span(self._index, self._index + 1)
        if stop not in _fitting_stops(self._header):
            self._deviate("wrong_stop", Span(span.start, span.start), stop, "taken as the end")
        self._finish(stop, span, truncated=False)

    def _break_message(self, token: int, token_class: TokenClass) -> None:
        if self._held and token_class is TokenClass.CHANNEL and self._cut_held():
            self._handle(token, token_class)
            return
        self._flush_character()
        here = Span(self._index, self._index)
        self._deviate("missing_end", here, "", "the message ends where the next begins")
        self._finish(None, here, truncated=False)
        self._handle(token, token_class)

    def _finish(self, stop: Stop | None, span: Span, *, truncated: bool) -> None:
        self._state = State.START
        self._plain = False
        if self._unopened is None:
            message = make_message(self._header, self._content.text)
            self._outbox.add(MessageEnded(message, stop, truncated, span))
            return
        empty, self._unopened = self._unopened.span, None
        self._outbox.release(Repaired("empty_message", empty, "", "discarded", discarded=True))
        if stop is not None:
            self._deviate("stray_stop", span, stop, "skipped", discarded=True)

    def _skip_unknown(self, token: int, _: TokenClass) -> None:
        self._flush_character()
        self._discard_one("unknown_token", token)


def _fitting_stops(header: Header) -> frozenset[Stop]:
    """Return the stop tokens that may end a message: those the renderer writes."""
    if header.author.role is not Role.ASSISTANT:
        return _END
    if header.recipient is not None:
        return _CALL
    return _ANSWER if header.channel in {"final", None} else _END_OR_CALL


_END: frozenset[Stop] = frozenset({"end"})
_CALL: frozenset[Stop] = frozenset({"call"})
_END_OR_CALL: frozenset[Stop] = frozenset({"end", "call"})
"""An assistant message to ``all`` renders no recipient and yet ends with the call token."""
_ANSWER: frozenset[Stop] = frozenset({"end", "call", "return"})
