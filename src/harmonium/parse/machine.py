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
from harmonium.parse.repair.header_reader import Policy, read_header
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
        self._stray: list[int] = []
        self._sticky: Role | None = None
        self._implicit = False
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

    def _skip_text(self, token: int, _: TokenClass) -> None:
        if self._policy == "strict":
            self._fail("stray_text", self._index)
        self._stray.append(token)

    def _flush_stray(self) -> None:
        """Report the text since the last message as one piece."""
        if self._stray:
            pieces = b"".join(self._lexicon.piece(token) or b"" for token in self._stray)
            span = Span(self._index - len(self._stray), self._index)
            text = pieces.decode("utf-8", "replace")
            self._stray = []
            self._deviate("stray_text", span, text, "discarded", discarded=True)

    def _skip_stop(self, token: int, _: TokenClass) -> None:
        self._flush_stray()
        self._discard_one("stray_stop", token)

    def _skip_unknown(self, token: int, _: TokenClass) -> None:
        self._flush_stray()
        self._flush_character()
        self._discard_one("unknown_token", token)

    def _discard_one(self, code: str, token: int) -> None:
        span = Span(self._index, self._index + 1)
        self._deviate(code, span, self._lexicon.name(token), "skipped", discarded=True)

    # Headers

    def _open_header(self, token: int, _: TokenClass) -> None:
        self._flush_stray()
        self._outbox.decide(followed=True)
        self._begin_header(None, self._index)
        self._tokens.append(token)

    def _open_implicit(self, token: int, token_class: TokenClass) -> None:
        self._flush_stray()
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
        self._overlong = False
        self._structured = False
        self._header_start = start
        self._tokens = []

    def _extend_header(self, token: int, token_class: TokenClass) -> None:
        if len(self._tokens) >= self._header_limit:
            self._extend_overlong(token, token_class)
            return
        if token_class is not TokenClass.TEXT:
            self._structured = True
        self._tokens.append(token)

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
            self._break_header(None, followed=True)
            self._open_implicit(token, token_class)

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
        if self._tokens:
            self._break_header(None, followed=True)
        self._open_header(token, token_class)

    def _stop_header(self, token: int, _: TokenClass) -> None:
        if not self._tokens:
            self._skip_stop(token, TokenClass.STOP)
            self._header_start = self._index + 1
            return
        stop: Stop = self._lexicon.stops[token]
        if self._break_header(stop, followed=None if stop == "end" else False):
            self._state = State.START
        else:
            sticky = self._sticky or Role.ASSISTANT
            self._begin_header(sticky, self._index + 1)

    def _fields(self) -> tuple[Field, ...]:
        parts = list(map(self._lexicon.header_part, self._tokens))
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
        remains = recover(fields, self._sticky, self._tools, stop) if has_text else Recovery()
        stopped = Span(self._index, self._index + (stop is not None))
        if not remains.messages:
            span = Span(self._header_start, stopped.end)
            code = "truncated_header" if truncated else "discarded_header"
            self._deviate(code, span, self._header_text(), "discarded", discarded=True)
            return False
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
            self._break_header(None, followed=True)
            self._open_implicit(token, token_class)
            return
        key = (self._policy, self._sticky, self._tools, tuple(self._tokens))
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
        delta = self._content.flush(self._index)
        if delta is not None:
            self._emit_delta(delta)
        self._plain = self._state is State.CONTENT and self._unopened is None

    def _skip_marker(self, token: int, _: TokenClass) -> None:
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
            self._break_header(None, followed=False, truncated=True)
        self._flush_stray()
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
