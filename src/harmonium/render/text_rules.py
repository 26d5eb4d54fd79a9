"""Free text kept in its place inside the prompt's blocks. Knows nothing of the blocks.

A description is printed as comment lines, a name as one word, a string between quotes. With
`TextRules.extensions` every character that could end its line or its quotes is taken care of;
without, text is printed exactly as the published renderers print it, harm included.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from harmonium.limits import DEFAULT_LIMITS, Limits

_LEAVES_LINE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class TextRules:
    """Choose how schemas and descriptions are printed.

    Args:
        extensions: print what the published renderers lose, and keep every text in its place.
        exponent_sign: print large floats as ``1e+300`` instead of ``1e300``.
        limits: the bounds on schemas.
        as_read: print floats with the rounding of the published renderers; see `number`.

    """

    extensions: bool = True
    exponent_sign: bool = True
    limits: Limits = DEFAULT_LIMITS
    as_read: bool = True

    def lines(self, text: str) -> list[str]:
        r"""Split text into lines.

        >>> TextRules().lines("a\rb\n"), TextRules(extensions=False).lines("a\rb\n")
        (['a', 'b'], ['a\rb'])
        """
        return text.splitlines() if self.extensions else feed_lines(text)

    def comment(self, text: str, indent: str = "") -> str:
        r"""Print text as comment lines, each ended by a line feed; empty text has none.

        >>> TextRules().comment("a\nb")
        '// a\n// b\n'
        """
        return "".join(f"{indent}// {line}\n" for line in self.lines(text))


def feed_lines(text: str) -> list[str]:
    r"""Split at ``\n`` and ``\r\n`` alone, without an empty last line.

    >>> feed_lines("a\r\nb\rc\n")
    ['a', 'b\rc']
    """
    lines = text.split("\n")
    last = lines.pop()
    found = [line.removesuffix("\r") for line in lines]
    return [*found, last] if last else found


def quoted(text: str) -> str:
    r"""Write text as a JSON string on one line, whatever it contains.

    >>> quoted('say "hi"\u2028')
    '"say \\"hi\\"\\u2028"'
    """
    return escape_line_ends(json.dumps(text, ensure_ascii=False))


def escape_line_ends(literal: str) -> str:
    """Escape the line ends that JSON allows inside strings; the rest of JSON text has none."""
    for end in ("\x85", "\u2028", "\u2029"):
        literal = literal.replace(end, f"\\u{ord(end):04x}")
    return literal


def leaves_line(text: str) -> bool:
    """Return whether text has a control character or what some reader takes for a line end."""
    return _LEAVES_LINE.search(text) is not None
