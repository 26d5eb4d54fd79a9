"""Search for special tokens' texts inside ordinary text. Knows nothing of encoding.

A regular expression that lists a thousand texts tries each of them at every ``<|``. Written as a
tree of their letters it decides after one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from harmonium.errors import SpecialTokenError


class SpecialTextFinder:
    """Find the first of a set of texts, in time linear in the text searched.

    Args:
        texts: what to look for.

    Example:
        >>> SpecialTextFinder({"<|end|>"}).find("a <|end|>")
        (2, '<|end|>')

    """

    __slots__ = ("_pattern", "_prefix")

    def __init__(self, texts: Iterable[str]) -> None:
        ordered = sorted(set(texts))
        self._prefix = _common_start(ordered)
        self._pattern = re.compile(_as_tree(ordered)) if ordered else None

    def find(self, text: str, start: int = 0) -> tuple[int, str] | None:
        """Return where the first one from `start` on lies and which it is, the longest there."""
        if self._pattern is None or text.find(self._prefix, start) < 0:
            return None
        match = self._pattern.search(text, start)
        return None if match is None else (match.start(), match.group())

    def cut(self, text: str) -> Iterator[tuple[str, str]]:
        """Return pairs of plain text and the special text after it, empty at the end."""
        done = 0
        while found := self.find(text, done):
            start, special = found
            yield text[done:start], special
            done = start + len(special)
        yield text[done:], ""


def _as_tree(ordered: list[str]) -> str:
    """Write sorted texts as a pattern that shares their beginnings; longer ones win."""
    shared = _common_start(ordered)
    size = len(shared)
    branches: dict[str, list[str]] = {}
    for text in ordered:
        if len(text) > size:
            branches.setdefault(text[size], []).append(text[size:])
    if not branches:
        return re.escape(shared)
    choice = "|".join(_as_tree(group) for group in branches.values())
    optional = "?" if len(ordered[0]) == size else ""
    return f"{re.escape(shared)}(?:{choice}){optional}"


def _common_start(ordered: list[str]) -> str:
    """Return what all sorted texts begin with: what the first and the last share."""
    if not ordered:
        return ""
    first, last = ordered[0], ordered[-1]
    size = 0
    while size < len(first) and first[size] == last[size]:
        size += 1
    return first[:size]


@lru_cache(maxsize=64)
def finder_of(texts: frozenset[str]) -> SpecialTextFinder:
    """Return the finder of a set of texts, kept for the next call with the same set."""
    return SpecialTextFinder(texts)


def refuse_special_text(text: str, disallowed: frozenset[str]) -> None:
    """Raise if `text` spells one of the disallowed texts.

    Raises:
        SpecialTokenError: it does; the message names the token and the character it starts at.

    """
    found = finder_of(disallowed).find(text)
    if found is None:
        return
    start, spelled = found
    message = (
        f"the text spells the special token {spelled!a} at character {start}; pass "
        "disallowed_special=() to encode it as plain text, or name it in allowed_special to "
        "encode it as the special token"
    )
    raise SpecialTokenError(message)
