"""The actions of the state table between messages and in headers.

Theory of operation. A stream is in one of three states: between messages (``START``), in a header
(``HEADER``) or in content (``CONTENT``). `states.TRANSITIONS` maps the state and the class of a
token to one action, a method here or in `content_actions`. No action looks ahead, and none reads
text that has been put out: each token costs the same, and any split of a stream gives the same
events.

A header is only collected. What its words mean is decided once, at the token that ends it:

- at a message token, by `repair.header_reader`: exactly if it can, else by the repair rules;
- at anything else (a stop, a start token, the end of the stream), by `repair.headerless`, which
  asks whether the "header" was in truth an answer, or a header whose message token is missing;
- past ``Limits.header_tokens``, by the same rules: a loop of header words must not grow for ever.

Three flags say how a header came to be, since the same words mean different things: ``loose``
(text stood where a start token should be), ``implicit`` (a marker stood there) and ``structured``
(a marker inside the header proves that what stands before it is no prose).

Two decisions have to wait for the next token, and events wait with them in `event_queue`: whether
text without a header was the answer (nothing follows it) or reasoning (another message follows),
and whether ``assistant`` at the end of content belongs to the next header (see `content_actions`).

Policy ``strict`` and ``repair`` share every line: a deviation goes through `_deviate`, which raises
under one and reports under the other. `parser` drives all of it and is what users see. Does not
know what any header word means.
"""

from __future__ import annotations

from collections.abc import Sequence

from harmonium.model import Role
from harmonium.parse.content_actions import ContentActions
from harmonium.parse.events import (
    Span,
    Stop,
)
from harmonium.parse.fields import Field, Place, split_fields
from harmonium.parse.repair.glued_header import trailing_header
from harmonium.parse.repair.header_reader import read_header, reads_as_header
from harmonium.parse.repair.header_words import SPELT_MARKER
from harmonium.parse.repair.headerless import Recovery, recover, recover_overlong
from harmonium.parse.states import TRANSITIONS, State, TokenClass


class Machine(ContentActions):
    """The actions of the state table between messages and in headers; see `Parser`."""

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
        # Models write two stops, and the first one counts (corpus: end-call, end-return).
        self._discard_one("stray_stop", token)

    # Headers

    def _open_header(self, token: int, _: TokenClass) -> None:
        self._outbox.decide(followed=True)
        self._begin_header(None, self._index)
        self._tokens.append(token)

    def _open_implicit(self, token: int, token_class: TokenClass) -> None:
        # Only the assistant generates, so the role is known (corpus: missing-start-between).
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
        a message of its own, which another follows (openai/harmony#68: the second call of a
        completion begins directly behind ``<|call|>``).
        """
        if self._policy == "strict" or self._structured or not self._tokens:
            return
        if not (self._loose or self._given_role):
            return
        field = self._fields()[0]
        cut = trailing_header(field.text)
        if cut is not None and not SPELT_MARKER.sub("", field.text[:cut]).strip():
            cut = 0
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
        found = recover((before,), self._given_role, self._tools, None, loose=self._loose)
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
        """Go on behind the limit: text alone is held as an answer, anything else must end here.

        Text alone may be a long answer that has no header, which is why it is kept; a header that
        has markers and never ends is a model in a loop.
        """
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
        found = recover_overlong(self._fields(), self._given_role, self._tools)
        if found is None:
            span = Span(self._header_start, self._index)
            text = self._header_text()
            self._deviate("discarded_header", span, text, "discarded", discarded=True)
            self._begin_header(self._given_role or Role.ASSISTANT, self._index)
            return
        self._start_content(found.header, Span(found.span.start, found.body))
        self._emit_delta(self._content.add_text(found.text, found.body, self._index))

    def _skip_in_header(self, token: int, _: TokenClass) -> None:
        span = Span(self._index, self._index + 1)
        self._deviate("unknown_token", span, self._lexicon.name(token), "skipped")
        self._tokens.append(token)

    def _restart_header(self, token: int, token_class: TokenClass) -> None:
        # (corpus: start-start-start, er-end-start, free-text-between, end-dot)
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
        if self._break_header(stop, followed=False if stop == "return" else None) or self._loose:
            self._state = State.START
        else:
            self._begin_header(self._given_role or Role.ASSISTANT, self._index + 1)

    def _break_header(
        self, stop: Stop | None, *, followed: bool | None, truncated: bool = False
    ) -> bool:
        """End a header that got no message token; return whether it amounted to messages."""
        if self._policy == "strict":
            code = "truncated_header" if truncated else "missing_message"
            self._fail(code, self._index)
        fields = self._fields()
        has_text = any(field.text for field in fields)
        remains = Recovery()
        if has_text:
            remains = recover(fields, self._given_role, self._tools, stop, loose=self._loose)
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
        is_given = self._given_role is not None
        return "".join(
            field.text
            if field.place is Place.ROLE and is_given
            else _MARKS[field.place] + field.text
            for field in self._fields()
        )

    def _begin_content(self, token: int, token_class: TokenClass) -> None:
        if self._overlong:
            self._break_overlong(token, token_class)
            return
        self._settle_role_part()
        key = (self._policy, self._given_role, self._tools, self._glued, tuple(self._tokens))
        header = self._lexicon.headers.get(key)
        if header is None:
            fields = self._fields()
            header, deviations = read_header(fields, self._given_role, self._tools, self._policy)
            self._report_all(deviations)
            if not deviations:
                self._lexicon.headers.put(key, header)
        self._start_content(header, Span(self._header_start, self._index + 1))

    def _fields(self) -> tuple[Field, ...]:
        parts = list(map(self._lexicon.header_part, self._tokens))
        if self._glued:
            parts[0] = (None, self._glued + parts[0][1])
        return split_fields(parts, self._header_start, is_role_given=self._given_role is not None)

    # The stream

    def _end_stream(self) -> None:
        if self._state is State.CONTENT:
            self._flush_character()
            self._finish(None, Span(self._index, self._index), truncated=True)
        elif self._state is State.HEADER and self._tokens and not self._ends_prompt():
            self._break_header(None, followed=False, truncated=not self._loose)
        self._outbox.decide(followed=False)

    def _ends_prompt(self) -> bool:
        """Return whether the open header is what a prompt for completion ends with.

        ``<|start|>assistant`` at the end of a rendered prompt is no truncated message, so that a
        strict parser reads prompts too.
        """
        if self._policy == "repair" or self._structured or self._given_role is not None:
            return False
        text = self._fields()[0].text
        return bool(text) and " " not in text


Machine._actions = {  # noqa: SLF001  (the table names the methods, the class must exist)
    key: getattr(Machine, f"_{transition.action}") for key, transition in TRANSITIONS.items()
}
_MARKS = {Place.ROLE: "<|start|>", Place.CHANNEL: "<|channel|>", Place.CONSTRAIN: "<|constrain|>"}
