"""The actions of the state table: what each token does to the open message.

`parser` drives it and is what users see. Policy ``strict`` and ``repair`` share every line: a
deviation goes through `_deviate`, which raises under one and reports under the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harmonium.errors import ParseError, Position
from harmonium.model import Role
from harmonium.parse.content import ContentBuffer
from harmonium.parse.event_queue import EventQueue, make_message
from harmonium.parse.events import (
    ContentDelta,
    MessageEnded,
    MessageStarted,
    Repaired,
    Span,
    Stop,
)
from harmonium.parse.fields import Field, Place, split_fields
from harmonium.parse.header import ROLE_AUTHORS, Header
from harmonium.parse.lexicon import Lexicon
from harmonium.parse.repair.deviations import DEVIATIONS
from harmonium.parse.repair.glued_header import GUARD_BYTES, may_become_header, trailing_header
from harmonium.parse.repair.header_reader import Policy, read_header, reads_as_header
from harmonium.parse.repair.header_repair import Deviation
from harmonium.parse.repair.headerless import Recovery, recover, recover_overlong
from harmonium.parse.states import TRANSITIONS, State, TokenClass
from harmonium.parse.tool_names import ToolNames

_EXPECTED = {
    State.START: ("<|start|>",),
    State.HEADER: ("header words", "<|channel|>", "<|constrain|>", "<|message|>"),
    State.CONTENT: ("text", "<|end|>", "<|call|>", "<|return|>"),
}


class Machine:
    """One stream's state; see `Parser` for the public face."""

    def __init__(
        self, lexicon: Lexicon, policy: Policy, tools: ToolNames, header_limit: int
    ) -> None:
        self._lexicon = lexicon
        self._policy: Policy = policy
        self._tools = tools
        self._header_limit = header_limit
        self._outbox = EventQueue()
        self._index = 0
        self._state = State.START
        self._sticky: Role | None = None
        self._implicit = False
        self._loose = False
        self._glued = b""
        self._held: list[int] = []
        self._tokens: list[int] = []
        self._header_start = 0
        self._overlong = False
        self._structured = False
        self._header = Header(ROLE_AUTHORS[Role.ASSISTANT])
        self._content = ContentBuffer()
        self._unopened: MessageStarted | None = None
        self._plain = False

    # Deviations

    def _deviate(
        self, code: str, span: Span, text: str, action: str, *, discarded: bool = False
    ) -> None:
        """Report a deviation, or raise it under policy ``strict``."""
        if self._policy == "strict":
            self._fail(code, span.start)
        self._outbox.add(Repaired(code, span, text, action, discarded))

    def _fail(self, code: str, token: int) -> None:
        position = Position(token=token, state=str(self._state))
        expected = _EXPECTED[self._state]
        message = f"{DEVIATIONS[code]}; here may stand: {', '.join(expected)}"
        raise ParseError(message, code=code, position=position, expected=expected)

    def _report_all(self, deviations: tuple[Deviation, ...]) -> None:
        for code, span, text, action in deviations:
            self._outbox.add(Repaired(code, span, text, action, discarded=False))

    # Between messages

    def _open_loose(self, token: int, _: TokenClass) -> None:
        """Read text behind a message as the role part of a header whose start token is missing.

        What follows decides: a marker makes it a header, a stop token or the end makes it an
        answer without a header (openai/harmony#68, sgl-project/sglang#31019).
        """
        if self._policy == "strict":
            self._fail("stray_text", self._index)
        self._begin_header(None, self._index)
        self._loose = True
        self._tokens.append(token)

    def _skip_stop(self, token: int, _: TokenClass) -> None:
        self._discard_one("stray_stop", token)

    def _skip_unknown(self, token: int, _: TokenClass) -> None:
        self._flush_character()
        self._discard_one("unknown_token", token)

    def _discard_one(self, code: str, token: int) -> None:
        span = Span(self._index, self._index + 1)
        self._deviate(code, span, self._lexicon.name(token), "skipped", discarded=True)

    # Headers

    def _open_header(self, token: int, _: TokenClass) -> None:
        self._outbox.decide(followed=True)
        self._begin_header(None, self._index)
        self._tokens.append(token)

    def _open_implicit(self, token: int, token_class: TokenClass) -> None:
        self._outbox.decide(followed=True)
        here = Span(self._index, self._index)
        self._deviate("missing_start", here, "", "an assistant message is assumed")
        self._begin_header(Role.ASSISTANT, self._index)
        self._implicit = True
        if token_class is TokenClass.MESSAGE:
            self._begin_content(token, token_class)
        else:
            self._structured = True
            self._tokens.append(token)

    def _begin_header(self, sticky: Role | None, start: int) -> None:
        self._state = State.HEADER
        self._plain = False
        self._sticky = sticky
        self._implicit = False
        self._loose = False
        self._glued = b""
        self._overlong = False
        self._structured = False
        self._header_start = start
        self._tokens = []

    def _extend_header(self, token: int, token_class: TokenClass) -> None:
        if len(self._tokens) >= self._header_limit:
            self._extend_overlong(token, token_class)
            return
        if token_class is not TokenClass.TEXT:
            self._settle_role_part()
            self._structured = True
        self._tokens.append(token)

    def _settle_role_part(self) -> None:
        """Decide at the first marker of a header what the text before it is.

        The words directly before the marker are the first part of the header; prose before them is
        a message of its own, which another follows.
        """
        if self._policy == "strict" or self._structured or not self._tokens:
            return
        if not (self._loose or self._sticky):
            return
        field = self._fields()[0]
        cut = trailing_header(field.text)
        if cut is None:
            is_prose = self._loose and not reads_as_header(field, self._tools)
            cut = len(field.text) if is_prose else 0
        if cut > 0 and (cut == len(field.text) or field.token_at(cut) < field.span.end):
            self._cut_role_part(field, cut)
        elif self._loose:
            self._outbox.decide(followed=True)
            here = Span(self._header_start, self._header_start)
            self._deviate("missing_start", here, "", "the text before it is part of the header")

    def _cut_role_part(self, field: Field, cut: int) -> None:
        count = field.token_at(cut) - field.text_start
        first, rest = self._tokens[:count], self._tokens[count:]
        begin = field.begins[count] if count < len(field.begins) else len(field.text)
        glued = field.text[cut:begin].encode()
        middle = self._header_start + count
        before = Field(
            Place.ROLE, field.text[:cut], Span(self._header_start, middle), field.begins[:count]
        )
        found = recover((before,), self._sticky, self._tools, None, loose=self._loose)
        self._outbox.decide(followed=True)
        if found.messages:
            self._release(found, None, Span(middle, middle), followed=True, truncated=False)
        elif first:
            self._deviate("stray_text", before.span, before.text, "discarded", discarded=True)
        here = Span(middle, middle)
        self._deviate("missing_start", here, "", "an assistant message is assumed")
        self._begin_header(None if rest else Role.ASSISTANT, middle)
        self._implicit = not rest
        self._glued = glued
        self._tokens = rest

    def _extend_header_text(self, tokens: Sequence[int]) -> bool:
        """Add text tokens to a header at once; return False if they must go one by one."""
        if self._state is not State.HEADER:
            return False
        if len(self._tokens) + len(tokens) > self._header_limit:
            return False
        self._tokens += tokens
        self._index += len(tokens)
        return True

    def _extend_overlong(self, token: int, token_class: TokenClass) -> None:
        """Go on behind the limit: text alone is held as an answer, anything else must end here."""
        if not self._overlong:
            here = Span(self._index, self._index)
            self._deviate("header_too_long", here, "", "no longer read as a header")
            self._overlong = True
        if self._structured:
            self._end_overlong()
            self._handle(token, token_class)
        elif token_class is TokenClass.TEXT:
            self._tokens.append(token)
        else:
            self._break_overlong(token, token_class)

    def _break_overlong(self, token: int, token_class: TokenClass) -> None:
        """End text that went on for too long at a marker, with the header words before it."""
        cut = trailing_header(self._fields()[0].text)
        self._overlong = False
        if cut is not None:
            self._settle_role_part()
        if cut is None or len(self._tokens) >= self._header_limit:
            self._break_header(None, followed=True)
            self._open_implicit(token, token_class)
        else:
            self._handle(token, token_class)

    def _end_overlong(self) -> None:
        found = recover_overlong(self._fields(), self._sticky, self._tools)
        if found is None:
            span = Span(self._header_start, self._index)
            text = self._header_text()
            self._deviate("discarded_header", span, text, "discarded", discarded=True)
            self._begin_header(self._sticky or Role.ASSISTANT, self._index)
            return
        self._start_content(found.header, Span(found.span.start, found.body))
        self._emit_delta(self._content.add_text(found.text, found.body, self._index))

    def _skip_in_header(self, token: int, _: TokenClass) -> None:
        span = Span(self._index, self._index + 1)
        self._deviate("unknown_token", span, self._lexicon.name(token), "skipped")
        self._tokens.append(token)

    def _restart_header(self, token: int, token_class: TokenClass) -> None:
        if self._loose and not self._structured and not self._reads_as_messages():
            self._discard_loose()
        elif self._tokens:
            self._break_header(None, followed=True)
        self._open_header(token, token_class)

    def _reads_as_messages(self) -> bool:
        """Return whether text without markers has header words, and so is more than stray prose."""
        found = recover(self._fields(), None, self._tools, None, loose=True).messages
        return any(message.code != "missing_header" for message in found)

    def _discard_loose(self) -> None:
        span = Span(self._header_start, self._index)
        text = self._fields()[0].text
        self._deviate("stray_text", span, text, "discarded", discarded=True)

    def _stop_header(self, token: int, _: TokenClass) -> None:
        if not self._tokens:
            self._skip_stop(token, TokenClass.STOP)
            self._header_start = self._index + 1
            return
        stop: Stop = self._lexicon.stops[token]
        if self._break_header(stop, followed=None if stop == "end" else False) or self._loose:
            self._state = State.START
        else:
            sticky = self._sticky or Role.ASSISTANT
            self._begin_header(sticky, self._index + 1)

    def _fields(self) -> tuple[Field, ...]:
        parts = list(map(self._lexicon.header_part, self._tokens))
        if self._glued:
            parts[0] = (None, self._glued + parts[0][1])
        return split_fields(parts, self._header_start, sticky=self._sticky is not None)

    def _break_header(
        self, stop: Stop | None, *, followed: bool | None, truncated: bool = False
    ) -> bool:
        """End a header that got no message token; tell whether it amounted to messages."""
        if self._policy == "strict":
            code = "truncated_header" if truncated else "missing_message"
            self._fail(code, self._index)
        fields = self._fields()
        has_text = any(field.text for field in fields)
        remains = Recovery()
        if has_text:
            remains = recover(fields, self._sticky, self._tools, stop, loose=self._loose)
        stopped = Span(self._index, self._index + (stop is not None))
        if not remains.messages and self._loose and not self._structured:
            self._discard_loose()
            if stop is not None:
                self._deviate("stray_stop", stopped, stop, "skipped", discarded=True)
            return False
        if not remains.messages:
            span = Span(self._header_start, stopped.end)
            code = "truncated_header" if truncated else "discarded_header"
            self._deviate(code, span, self._header_text(), "discarded", discarded=True)
            return False
        if self._loose:
            self._outbox.decide(followed=True)
        self._release(remains, stop, stopped, followed=followed, truncated=truncated)
        return True

    def _release(
        self,
        remains: Recovery,
        stop: Stop | None,
        stopped: Span,
        *,
        followed: bool | None,
        truncated: bool,
    ) -> None:
        self._report_all(remains.deviations)
        *earlier, last = remains.messages
        for found in earlier:
            nothing = Span(found.span.end, found.span.end)
            self._outbox.add_recovered(found, None, nothing, followed=True)
        if followed is None and last.doubtful:
            self._outbox.wait(last, stop, stopped)
        else:
            self._outbox.add_recovered(
                last, stop, stopped, followed=bool(followed), truncated=truncated
            )

    def _header_text(self) -> str:
        sticky = self._sticky is not None
        return "".join(
            field.text if field.place is Place.ROLE and sticky else _MARKS[field.place] + field.text
            for field in self._fields()
        )

    # Content

    def _begin_content(self, token: int, token_class: TokenClass) -> None:
        if self._overlong:
            self._break_overlong(token, token_class)
            return
        self._settle_role_part()
        key = (self._policy, self._sticky, self._tools, self._glued, tuple(self._tokens))
        header = self._lexicon.headers.get(key)
        if header is None:
            fields = self._fields()
            header, deviations = read_header(fields, self._sticky, self._tools, self._policy)
            self._report_all(deviations)
            if not deviations:
                self._lexicon.headers.put(key, header)
        self._start_content(header, Span(self._header_start, self._index + 1))

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
        return piece in GUARD_BYTES and not self._content.has_half

    def _held_bytes(self) -> bytes:
        return b"".join(self._lexicon.piece(token) or b"" for token in self._held)

    def _release_held(self) -> None:
        """Give back as content what was held."""
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
        self._discard_one("stray_marker", token)

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

    # The stream

    def _handle(self, token: int, token_class: TokenClass) -> None:
        _ACTIONS[self._state, token_class](self, token, token_class)

    def _end_stream(self) -> None:
        if self._state is State.CONTENT:
            self._flush_character()
            self._finish(None, Span(self._index, self._index), truncated=True)
        elif self._state is State.HEADER and self._tokens and not self._ends_prompt():
            self._break_header(None, followed=False, truncated=not self._loose)
        self._outbox.decide(followed=False)

    def _ends_prompt(self) -> bool:
        """Return whether the open header is what a prompt for completion ends with."""
        if self._policy == "repair" or self._structured or self._sticky is not None:
            return False
        text = self._fields()[0].text
        return bool(text) and " " not in text


_ACTIONS: Mapping[tuple[State, TokenClass], Callable[[Machine, int, TokenClass], None]] = {
    key: getattr(Machine, f"_{transition.action}") for key, transition in TRANSITIONS.items()
}
_MARKS = {Place.ROLE: "<|start|>", Place.CHANNEL: "<|channel|>", Place.CONSTRAIN: "<|constrain|>"}


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
