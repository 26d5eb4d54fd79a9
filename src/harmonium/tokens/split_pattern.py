r"""The patterns that split text into pieces, and the form in which any text is safe and fast.

The published patterns end a run of white space with ``\s+(?!\S)``. The regular expression engine
in tiktoken keeps a way back for every character of such a run, at most a million of them, and
panics on more. And because an automaton cannot look ahead, one such alternative makes it try all
of them one by one.
"""

from __future__ import annotations

import re

_SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_UPPER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"

O200K_PATTERN = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_SUFFIX}"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_SUFFIX}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How o200k splits text (source: tiktoken's ``o200k_base``; its pieces are facts of the format)."""

CL100K_PATTERN = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
"""How cl100k splits text (source: tiktoken's ``cl100k_base``)."""

LONG_TEXT = 32_768
"""Texts, and pieces of text, of more characters than this count as long."""

_SPACE_RUN = r"\s+(?!\S)"
_LONG_SPACE_RUN = r"(?:\s{256}(?=\s))*\s+(?!\S)"
_FLAGS = r"\(\?[a-z]*-?[a-z]*\)"  # they hold to the end of the group they stand in
_SYNTAX = r"(?s)\\.|\[(?:\\.|[^\]\\])*\]|."


def safe_pattern(pattern: str) -> str:
    r"""Return a pattern that splits every text alike, faster, including long white space.

    ``\s+(?!\S)`` as a whole alternative takes a run of n characters entirely at the end of the
    text, else n-1 of them, else (n = 1) fails. So does the form put in its place: it takes steps
    of 256 as long as white space follows, then what is left by the same rule; where one character
    is left before a letter, it gives back one step, and takes 256 of 257. It keeps a way back for
    every step only, so that runs may be 256 times as long.

    The alternatives before it become one group: tried in the same order, but at once, by an
    automaton, where none of them looks around.

    Patterns without that alternative at the top level come back unchanged.
    """
    alternatives = _top_level_alternatives(pattern)
    if _SPACE_RUN not in alternatives:
        return pattern
    place = alternatives.index(_SPACE_RUN)
    if place > 1 and not re.search(_FLAGS, pattern):
        alternatives[:place] = ["(?:" + "|".join(alternatives[:place]) + ")"]
    return "|".join(_LONG_SPACE_RUN if part == _SPACE_RUN else part for part in alternatives)


def _top_level_alternatives(pattern: str) -> list[str]:
    """Split a pattern at the ``|`` that stand outside groups, classes and escapes."""
    depth, start, found = 0, 0, []
    for match in re.finditer(_SYNTAX, pattern):
        sign = match.group()
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            found.append(pattern[start : match.start()])
            start = match.end()
    return [*found, pattern[start:]]
