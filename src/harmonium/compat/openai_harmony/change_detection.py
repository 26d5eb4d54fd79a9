"""Detection of unchanged messages among objects that callers may modify at any time.

A message of one text is what it was while it is made of the very objects it was made of: the
innermost, strings and roles, cannot change. One tuple a message says what they were; more would
keep the garbage collector busy, most of all where every request brings messages made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harmonium.compat.openai_harmony.conversion import flat_message_of, parts_of, read_messages
from harmonium.render import MessageAdapter, Prompt
from harmonium.render.prompt_cache import is_same


def _count_same(known: Prompt, messages: Sequence[Any]) -> int:
    try:
        return _count_until_changed(known, messages)
    except (AttributeError, KeyError):  # something is no message, or lacks a field
        return 0


def _count_until_changed(known: Prompt, messages: Sequence[Any]) -> int:
    marks: list[Any] = known.marks
    for place, (message, mark) in enumerate(zip(messages, marks, strict=False)):
        if mark is None:
            if not is_same(flat_message_of(message), known.utterances[place]):
                return place
            continue
        it, author, contents, content, text, role, name, recipient, channel, kind = mark
        fields, by = message.__dict__, author.__dict__
        if (
            message is not it
            or fields["author"] is not author
            or fields["content"] is not contents
            or len(contents) != 1
            or contents[0] is not content
            or content.__dict__["text"] is not text
            or by["role"] is not role
            or by["name"] is not name
            or fields["recipient"] is not recipient
            or fields["channel"] is not channel
            or fields["content_type"] is not kind
        ):
            return place
    return min(len(messages), len(marks))


MESSAGES: MessageAdapter[object] = MessageAdapter(read_messages, parts_of, _count_same)
"""How this room's messages are handled."""
