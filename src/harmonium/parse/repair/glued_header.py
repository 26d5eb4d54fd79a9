"""Header words at the end of a text, directly before a marker: ``…done.assistant<|channel|>``.

A model that forgets ``<|end|><|start|>`` writes the role of its next message into the text of the
open one. Only a marker behind the words proves that, so the parser holds back a text that may turn
out to be such a run, for as long as it may, and releases it at the token that decides. Knows
nothing of messages.

Source: outputs of gpt-oss-20b, which drops both tokens at once, and servers that strip markers
(corpus: assistant-stuck-to-arguments, recipient-stuck-to-reasoning). Holding back is bounded
twice: only the few token texts in `GUARDS` begin a run, and a run ends at `LONGEST_RUN`
characters. An answer that speaks of an assistant is late by a token or two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

GUARDS = frozenset({"assistant", " assistant", ".ass", "user", "system", "developer", " to"})
"""Texts of tokens that may begin such a run. ``.ass`` is how o200k begins ``.assistant``. `` to``
counts only behind a sign, where prose hardly has it."""

GUARD_BYTES = frozenset(text.encode() for text in GUARDS)

_CHANNELS = ("analysis", "commentary", "final")
_TYPES = ("json", "code")
_LONGEST_NAME = 128
"""Characters of the longest recipient that is waited for: twice the 64 that OpenAI's API allows in
a tool's name, for a namespace in front of it."""
LONGEST_RUN = _LONGEST_NAME + 48
"""Characters of the longest run of header words: all but the recipient's name have under 48."""


def _prefixes(words: Iterable[str]) -> str:
    """Return a pattern of every beginning of these words, longest first."""
    found = {word[:length] for word in words for length in range(1, len(word) + 1)}
    return "|".join(sorted(found, key=lambda text: (-len(text), text)))


_CHANNEL = "|".join(_CHANNELS)
_TO = rf"to=[^\s<>{{}}]{{1,{_LONGEST_NAME}}}"
_ASSISTANT = (
    rf"assistant(?:\s?(?:{_CHANNEL}))?(?:\s?{_TO})?(?:\s?(?:{_CHANNEL}))?"
    rf"(?:\s?(?:{'|'.join(_TYPES)}))?\s?"
)
_RECIPIENT = rf" {_TO}(?:\s?(?:{_CHANNEL}))?(?:\s?(?:{'|'.join(_TYPES)}))?\s?"
_RUN_TO = re.compile(rf"(?<![\w\s]){_RECIPIENT}\Z")
_RUN = re.compile(rf"(?:{_ASSISTANT}|(?<![^\W\d_])(?:user|system|developer))\Z")
_BEGINS = re.compile(r"(?<!=)assistant|(?:user|system|developer)\Z")
_GROWING = re.compile(
    rf"\.ass|[ .]?assistant\s?(?:{_prefixes(_CHANNELS)})?\s?"
    rf"(?:to=[^\s<>{{}}]{{0,{_LONGEST_NAME}}}|to|t)?"
    rf"\s?(?:{_prefixes(_CHANNELS)})?\s?(?:{_prefixes(_TYPES)})?\s?|user|system|developer"
    rf"| to(?:=[^\s<>{{}}]{{0,{_LONGEST_NAME}}}\s?(?:{_prefixes(_CHANNELS)})?"
    rf"\s?(?:{_prefixes(_TYPES)})?\s?)?"
)


def may_become_header(text: str) -> bool:
    """Return whether a text, or a longer one that begins with it, can be a run of header words.

    Example:
        >>> may_become_header(".assistant to=functions.f"), may_become_header("assistants are")
        (True, False)

    """
    return len(text) <= LONGEST_RUN and _GROWING.fullmatch(text) is not None


def may_begin_run(piece: str, before: str) -> bool:
    """Return whether a token's text may begin such a run behind the text `before`."""
    if piece != " to":
        return piece in GUARDS
    return not before or not (before[-1].isalnum() or before[-1].isspace() or before[-1] == "_")


def trailing_recipient(text: str) -> int | None:
    """Return the offset at which ``to=`` and a name end `text`, without a role; None if none do."""
    found = _RUN_TO.search(text, max(0, text.rfind(" to=", -LONGEST_RUN)))
    return None if found is None else found.start()


def trailing_header(text: str) -> int | None:
    """Return the offset at which a run of header words ends `text`; None when none does.

    Example:
        >>> trailing_header("Sent.assistant"), trailing_header("I am an assistant.")
        (5, None)

    """
    first = max(0, len(text) - LONGEST_RUN)
    for found in _BEGINS.finditer(text, first):
        run = _RUN.match(text, found.start())
        if run is not None:
            return run.start()
    return None
