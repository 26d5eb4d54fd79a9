"""The fast path from messages to token ids, without segments. Knows nothing of origins.

It gives what `encode_segments` of `conversation_segments` gives (a property test compares them):
every header, text and setting is looked up in the tokenizer's cache, so that a conversation that
grew by a turn costs a few look-ups for each old message and the encoding of the new text.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from harmonium.render.content import content_text, located
from harmonium.render.encode import format_of
from harmonium.render.flat_messages import (
    FlatMessage,
    LazySettings,
    SettingsContent,
    offers_functions,
)
from harmonium.render.header import Header, header_segments
from harmonium.render.history import first_kept
from harmonium.render.options import RenderOptions
from harmonium.render.segments import Segment, Special
from harmonium.tokens import FormatTokens, IdCache, Ids


class CachingEncoder(Protocol):
    """What this way needs of a tokenizer; every tokenizer of harmonium has it."""

    cache: IdCache

    @property
    def format(self) -> FormatTokens | None:
        """Which ids play the parts of the format; None when the encoding has none."""

    def encode_ordinary(self, text: str) -> list[int]:
        """Encode text, none of it as a special token."""


def utterance_ids(
    utterances: list[FlatMessage], tokenizer: CachingEncoder, options: RenderOptions
) -> list[int]:
    """Return the token ids of a conversation.

    Args:
        utterances: its messages, flattened.
        tokenizer: what the texts are encoded with, and where they are remembered.
        options: for a completion, for training, the profile and the history rule.

    Raises:
        SchemaError: a tool's schema cannot be printed; ``position.path`` says which.
        InvalidMessageError: a message made without checks holds what it must not.
        VocabularyError: the encoding has no tokens for the format.

    """
    writer = IdWriter(tokenizer, options, has_function_tools=offers_functions(utterances))
    boundary = first_kept([header for header, _ in utterances], options.history)
    writer.write(utterances, boundary)
    writer.finish(utterances)
    return writer.ids


class IdWriter:
    """Write messages as token ids, one after another, into `ids`; `ends` says where each ends."""

    def __init__(
        self, tokenizer: CachingEncoder, options: RenderOptions, *, has_function_tools: bool
    ) -> None:
        self.ids: list[int] = []
        self.ends: list[int] = []
        self._options = options
        self._tokenizer = tokenizer
        self._encode = tokenizer.encode_ordinary
        self._recall = tokenizer.cache.get
        self._new: dict[Hashable, Ids] = {}  # of texts met for the first time
        self._format = format_of(tokenizer)
        self._profile = options.dialect
        self._has_function_tools = has_function_tools
        self._heads: dict[Header, Ids] = {}

    def write(self, utterances: list[FlatMessage], boundary: int = 0, begin: int = 0) -> None:
        """Write the messages from index `begin` on.

        Of those before index `boundary`, reasoning is left out.
        """
        ids, ends, heads, recall = self.ids, self.ends, self._heads, self._recall
        call, end, text = self._format.call, self._format.end, self._text
        for index, (header, contents) in enumerate(utterances[begin:], begin):
            if index < boundary and header.channel == "analysis":
                ends.append(len(ids))
                continue
            head = heads.get(header)
            ids += self._header(header) if head is None else head
            for part, content in enumerate(contents):
                if type(content) is str:
                    found = recall(content)
                    ids += text(content) if found is None else found
                else:
                    ids += self._settings(content, header.role, (index, part))
            calls = header.recipient is not None and header.role == "assistant"
            ids.append(call if calls else end)
            ends.append(len(ids))
        self._keep_new()

    def finish(self, utterances: list[FlatMessage]) -> None:
        """Write what stands behind all messages: for a completion, for training, or nothing."""
        if self._options.training and utterances:
            last = utterances[-1][0]
            if last.role == "assistant" and last.channel == "final":
                self.ids[-1] = self._format.return_
        if self._options.next_role is not None:
            role = str(self._options.next_role)
            self.ids.append(self._format.start)
            self.ids += self._recall(role) or self._text(role)
            self._keep_new()

    def _keep_new(self) -> None:
        if self._new:
            self._tokenizer.cache.put_texts(self._new)
            self._new = {}

    def _text(self, text: str) -> Ids:
        found = self._new.get(text)
        if found is None:
            found = self._new[text] = tuple(self._encode(text))
        return found

    def _header(self, header: Header) -> Ids:
        key = (self._profile.channel_first, self._profile.constrain, *header)
        ids = self._recall(key)
        if ids is None:
            ids = self._printed(header_segments(header, self._profile))
            self._tokenizer.cache.put(key, ids)
        self._heads[header] = ids
        return ids

    def _printed(self, segments: list[Segment]) -> Ids:
        """Return the ids of a header: names and channels come again in others."""
        found: list[int] = []
        for part in segments:
            if isinstance(part, Special):
                found.append(getattr(self._format, part.name))
            else:
                found += self._recall(part.text) or self._text(part.text)
        return tuple(found)

    def _settings(
        self, content: str | SettingsContent | LazySettings, role: str, place: tuple[int, int]
    ) -> Ids:
        if isinstance(content, str):  # of a class of its own
            return self._text(content)
        if not isinstance(content, LazySettings):
            return tuple(self._encode(self._settings_text(content, role, place)))
        rules = (self._options.extensions, self._profile.exponent_sign)
        key = (content.key, role, self._has_function_tools, *rules)
        found = self._recall(key)
        if found is None:
            text = self._settings_text(content.make(), role, place)
            found = tuple(self._encode(text))
            self._tokenizer.cache.put(key, found)
        return found

    def _settings_text(self, content: SettingsContent, role: str, place: tuple[int, int]) -> str:
        with located(*place):
            return content_text(
                content, role, self._options.rules, has_function_tools=self._has_function_tools
            )
