"""The reading of a header that breaks the grammar: what it must have meant.

The rules, each learnt from outputs that gpt-oss models produced in the field:

- structure by id only;
- of several channels the last known one counts, since models correct themselves forwards (corpus:
  dup-channel-toolname, unk-role-2ch-analysis, constrain-c-assistant);
- a call is a call wherever its tool's name stands: in the place of a role, of a channel or of a
  type, or bare (corpus: role-bash, channel-is-tool-then-commentary, constrain-functions-noop,
  bare-bash-left-over);
- of several recipients a declared tool counts, else the last (corpus: to-twice-web-browsing,
  to-assistant-plan-approve);
- words that mean nothing are ignored and reported (corpus: extra-garbage-role, to-bash-left-over).

Knows nothing of content or of streams.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from harmonium.model import Author, Role, is_known_tool, unchecked
from harmonium.parse.events import Span
from harmonium.parse.fields import Field, Place
from harmonium.parse.header import ROLE_AUTHORS, Header
from harmonium.parse.repair.header_words import (
    CHANNELS,
    ROLES,
    THOUGHT_CHANNELS,
    FieldReader,
    Reading,
    Word,
)
from harmonium.parse.tool_names import ToolNames


class Deviation(NamedTuple):
    """One thing that was wrong: code, tokens, what stood there, what was done."""

    code: str
    span: Span
    text: str
    action: str


class RepairedHeader(NamedTuple):
    """A header as understood.

    ``exact`` tells whether any header word was recognised beyond the bare role; ``garbled``
    whether the words recognised were damaged or repeated. ``rest`` is the offset in the last
    field behind the last recognised word: where content begins if no message token came.
    """

    header: Header
    deviations: tuple[Deviation, ...]
    exact: bool
    garbled: bool
    rest: int


_RANK_DECLARED, _RANK_BARE, _RANK_OTHER = 2, 1, 0
"""How sure a recipient is: ``to=`` and a declared tool; a tool's name alone; ``to=`` and a word."""


class HeaderRepair:
    """Read one broken header.

    Args:
        fields: the header's fields, at least one.
        given_role: the role when it came from outside the stream, else None.
        tools: the declared tools.
        complete: whether a message token ended the header, so that nothing in it is content.

    """

    def __init__(
        self,
        fields: tuple[Field, ...],
        given_role: Role | None,
        tools: ToolNames,
        *,
        complete: bool,
    ) -> None:
        self._fields = fields
        self._given_role = given_role
        self._tools = tools
        self._complete = complete
        self._deviations: list[Deviation] = []
        self._recipient_found = False
        self._readings = tuple(self._read(index) for index in range(len(fields)))
        # where each field names a tool last: looked up for every channel word of a long header
        self._last_calls = {
            field.span: word.start for field, word in self._each("recipient", "tool")
        }

    def _read(self, index: int) -> Reading:
        field = self._fields[index]
        followed = self._complete or index + 1 < len(self._fields)
        is_given = self._given_role is not None or field.place is not Place.ROLE
        return FieldReader(field, self._tools, skip_unknown=followed, is_role_given=is_given).read()

    def read(self) -> RepairedHeader:
        """Return the header as understood, with every deviation."""
        self._report_rest()
        recipient = self._recipient()
        self._recipient_found = recipient is not None
        channel = self._channel()
        author = self._author(recipient)
        if author.role is not Role.ASSISTANT:
            recipient = self._explicit_recipient()
        words = [word for _, word in self._each() if word.kind != "role"]
        header = Header(author, channel, recipient, self._content_type())
        channels = sum(word.kind == "channel" for word in words)
        garbled = channels > 1 or any(word.garbled for _, word in self._each())
        garbled = garbled or (channels == 0 and channel is not None)
        exact = any(word.kind in {"channel", "recipient", "tool"} for word in words)
        deviations = tuple(sorted(self._deviations, key=lambda item: item.span))
        return RepairedHeader(header, deviations, exact, garbled, self._readings[-1].end)

    def _each(self, *kinds: str) -> Iterator[tuple[Field, Word]]:
        for field, reading in zip(self._fields, self._readings, strict=True):
            for word in reading.words:
                if not kinds or word.kind in kinds:
                    yield field, word

    def _report(self, code: str, field: Field, word: Word | None, action: str) -> None:
        span = field.span
        text = field.text
        if word is not None:
            text = field.text[word.start : word.end]
            first = field.token_holding(word.start)
            span = Span(first, max(first, field.token_at(word.end)))
        self._deviations.append(Deviation(code, span, text, action))

    def _report_rest(self) -> None:
        for index, field in enumerate(self._fields):
            reading = self._readings[index]
            rest = field.text[reading.end :]
            last = index + 1 == len(self._fields)
            if rest.strip() and (self._complete or not last):
                word = Word("unknown", rest, reading.end, len(field.text))
                code = "extra_words" if reading.words or field.place is Place.ROLE else None
                code = code or f"unknown_{'type' if field.place is Place.CONSTRAIN else 'channel'}"
                self._report(code, field, word, "ignored")

    def _recipient(self) -> str | None:
        """Return the recipient: a declared tool, else a bare tool, else the text as written."""
        best: tuple[int, str] | None = None
        named = [(field, word) for field, word in self._each("recipient", "tool")]
        for field, word in named:
            value, rank = self._understood(field, word)
            if value is None:
                continue
            if best is not None and best[1] != value:
                self._report("repeated_recipient", field, word, "the likelier one is kept")
            elif best is not None:
                self._report("repeated_recipient", field, word, "taken as one")
            if best is None or rank >= best[0]:
                best = (rank, value)
        return None if best is None else best[1]

    def _understood(self, field: Field, word: Word) -> tuple[str | None, int]:
        target = self._tools.recipient(word.value)
        if word.kind == "tool":
            self._report("misplaced_recipient", field, word, f"taken as a call to {target}")
            return target, _RANK_BARE
        # Corpus: stray-commentary-to-assistant-reasoning. Nobody runs a call to ``assistant``, so
        # taking it for one loses the message.
        if word.value in ROLES or word.value == "all":
            if word.value != "all" and self._assistant_speaks():
                self._report("recipient_is_role", field, word, "taken as no recipient")
            return None, _RANK_OTHER
        if not word.value or word.value == "functions":
            self._report("garbled_recipient", field, word, "ignored")
            return None, _RANK_OTHER
        if word.garbled:
            self._report("garbled_recipient", field, word, "signs ignored")
        if target is None:
            return word.value, _RANK_OTHER
        if target != word.value:
            self._report("unprefixed_recipient", field, word, f"taken as {target}")
        return target, _RANK_DECLARED

    def _assistant_speaks(self) -> bool:
        if self._given_role is not None:
            return self._given_role is Role.ASSISTANT
        words = [word for _, word in self._each("role", "unknown")]
        return not words or words[0].value == "assistant"

    def _explicit_recipient(self) -> str | None:
        names = [word.value for _, word in self._each("recipient") if word.value not in {"", "all"}]
        return names[-1] if names else None

    def _channel(self) -> str | None:
        """Return the last known channel; commentary when only unknown ones were named."""
        found: list[str] = []
        for field, word in self._each("channel"):
            # ``final <|constrain|>commentary``: the word stands where a type should and changes
            # no channel, unless a call follows it (corpus: final-constrain-commentary-action,
            # final-constrain-commentary-to-done).
            if field.place is Place.CONSTRAIN and not self._calls_behind(field, word):
                self._report("misplaced_channel", field, word, "ignored")
                continue
            if field.place is not Place.CHANNEL:
                self._report("misplaced_channel", field, word, "taken as the channel")
            elif word.garbled:
                is_known = field.text[word.start : word.end].lower() not in THOUGHT_CHANNELS
                code = "garbled_channel" if is_known else "unknown_channel"
                self._report(code, field, word, f"taken as {word.value}")
            if found:
                self._report("repeated_channel", field, word, "the last one is kept")
            found.append(word.value)
        return found[-1] if found else self._unknown_channel()

    def _calls_behind(self, field: Field, word: Word) -> bool:
        return word.start < self._last_calls.get(field.span, -1)

    def _unknown_channel(self) -> str | None:
        fields = [field for field in self._fields if field.place is Place.CHANNEL]
        if not fields:
            return None
        if not fields[-1].text.strip():
            self._report("unknown_channel", fields[-1], None, "taken as no channel")
            return None
        # without a message token nothing says that the words are a channel: they may be content
        channel = "commentary" if self._complete or self._recipient_found else "analysis"
        self._report("unknown_channel", fields[-1], None, f"taken as {channel}")
        return channel

    def _content_type(self) -> str | None:
        """Return the type behind a constrain token, else a plain one; only known types count.

        ``final <|constrain|>answer`` has none (corpus: final-constrain-answer); ``json code``
        has the first (corpus: to-bash-left-over).
        """
        typed = list(self._each("type"))
        marked = [word for field, word in typed if field.place is Place.CONSTRAIN]
        if not typed:
            return None
        chosen = marked[0] if marked else typed[0][1]
        for field, word in typed:
            if word is not chosen:
                self._report("repeated_type", field, word, "ignored")
        return chosen.value

    def _author(self, recipient: str | None) -> Author:
        """Return the author. A damaged role is the assistant's: only the assistant generates."""
        field = self._fields[0]
        words = [word for place, word in self._each() if place is field]
        roles = [word for word in words if word.kind == "role"]
        if self._given_role is not None:
            for word in roles:
                self._report("garbled_role", field, word, "ignored")
            return ROLE_AUTHORS[self._given_role]
        if field.place is not Place.ROLE:
            return ROLE_AUTHORS[Role.ASSISTANT]
        for word in roles[1:]:
            self._report("garbled_role", field, word, "ignored")
        first = words[0] if words else None
        if first is None or first.kind in {"recipient", "type"}:
            self._report("missing_role", field, None, "taken as the assistant's")
            return ROLE_AUTHORS[Role.ASSISTANT]
        if first.kind == "role":
            return self._named(first, words)
        return self._tool_or_assistant(field, first, recipient)

    def _named(self, first: Word, words: list[Word]) -> Author:
        names = [word.value for word in words if word.kind == "name"]
        if not names:
            return ROLE_AUTHORS[Role(first.value)]
        return unchecked(Author, role=Role(first.value), name=names[0])

    def _tool_or_assistant(self, field: Field, first: Word, recipient: str | None) -> Author:
        """Distinguish a tool's message from a call whose tool stands in the role place."""
        is_name = first.kind in {"unknown", "tool"} and first.value not in CHANNELS
        called = recipient is not None and self._tools.recipient(recipient) is not None
        explicit = self._explicit_recipient()
        dotted = first.value.startswith("functions.") or is_known_tool(first.value)
        answers = explicit is not None and (explicit in ROLES or not called)
        if is_name and first.value and (answers or (explicit is None and dotted)):
            self._drop("misplaced_recipient", first)
            return unchecked(Author, role=Role.TOOL, name=first.value)
        if first.kind != "tool":
            self._report("unknown_role", field, first, "taken as the assistant's")
        return ROLE_AUTHORS[Role.ASSISTANT]

    def _drop(self, code: str, word: Word) -> None:
        """Withdraw a report on the role word: it is a tool's name in its right place."""
        span_start = self._fields[0].token_holding(word.start)
        self._deviations = [
            item for item in self._deviations if item.code != code or item.span.start != span_start
        ]
