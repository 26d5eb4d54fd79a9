"""Own how messages that may be changed at any time are recognised as unchanged.

A message of one text is what it was while all it is made of is: itself, its author, its list of
contents and its text. A copy of each is kept, and compared with what they are now in one step,
which takes a third of the time of flattening the message again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harmonium.compat.openai_harmony.conversion import (
    Parts,
    parts_of,
    read_messages,
    utterance_of,
)
from harmonium.render.prompts import Kind, Prompt, is_same
from harmonium.render.utterances import Utterance


def _read(messages: Sequence[object]) -> tuple[list[Utterance], list[object]]:
    flat, parts = read_messages(messages)
    return flat, [None if made_of is None else _mark(made_of) for made_of in parts]


def _mark(parts: Parts) -> tuple[object, ...]:
    """Give a message, its fields, all that it is made of, and copies of that."""
    message, author, contents, content = parts[:4]
    fields, by, text = message.__dict__, author.__dict__, content.__dict__
    return (
        message,
        fields,
        (fields, by, contents, text),
        (fields.copy(), by.copy(), [content], text.copy()),
    )


def _count_same(known: Prompt, messages: Sequence[Any]) -> int:
    marks: list[Any] = known.marks
    for place, (message, mark) in enumerate(zip(messages, marks, strict=False)):
        if mark is None:
            if not is_same(utterance_of(message), known.utterances[place]):
                return place
            continue
        it, fields, live, copies = mark
        if message is not it or message.__dict__ is not fields or live != copies:
            return place
    return min(len(messages), len(marks))


MESSAGES: Kind[object] = Kind(_read, parts_of, _count_same)
"""How this room's messages are handled."""
