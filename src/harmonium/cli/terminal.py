"""The standard streams of a command, and their colour. Knows nothing of what is written.

Results go to stdout, remarks and errors to stderr. Only terminals get colour: ``NO_COLOR``
(not empty) turns it off, ``FORCE_COLOR`` (not empty, not 0) turns it on elsewhere, and the first
wins over the second.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import TextIO

from harmonium.errors import HarmoniumError

_CODES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


class Terminal:
    """Output of a command: results to stdout, remarks and errors to stderr.

    Args:
        environment: the variables that decide about colour.
        quiet: leave out remarks.

    """

    def __init__(self, environment: Mapping[str, str] = os.environ, *, quiet: bool = False) -> None:
        self.environment = environment
        self.quiet = quiet
        self.out = _open(sys.stdout)
        self.err = _open(sys.stderr)
        self.out_colour = wants_colour(self.out, environment)
        self.err_colour = wants_colour(self.err, environment)
        self.is_interactive = self.out.isatty()

    def write(self, text: str) -> None:
        """Write a piece of the result as it is."""
        self.out.write(text)

    def write_text(self, text: str) -> None:
        """Write a text that is the result: exact in a file or pipe, safe to read on a terminal.

        There control characters are spelled out, line breaks aside, and the last line ends.
        """
        if self.is_interactive:
            text = "\n".join(map(printable, text.split("\n"))) + "\n"
        self.out.write(text)

    def write_json(self, value: object, *, line: bool = False) -> None:
        """Write JSON and a line break: on one line, or indented on a terminal.

        Args:
            value: what to write.
            line: whether it is one of many, each a line of its own.

        """
        indent = 2 if self.is_interactive and not line else None
        text = json.dumps(value, ensure_ascii=not self.writes_unicode, indent=indent)
        self.out.write(text + "\n")

    def write_bytes(self, data: bytes) -> None:
        """Write a piece of the result that need not be text."""
        self.out.flush()
        buffer = getattr(self.out, "buffer", None)
        if buffer is None:
            self.out.write(data.decode(errors="replace"))
        else:
            buffer.write(data)

    def style(self, text: str, *styles: str) -> str:
        """Colour `text` for stdout, where stdout takes colour."""
        return _styled(text, styles) if self.out_colour else text

    def remark(self, text: str, style: str = "dim") -> None:
        """Write one line to stderr, unless remarks are off."""
        if not self.quiet:
            self._complain(_styled(text, (style,)) if self.err_colour else text)

    def error(self, code: str, text: str) -> None:
        """Write ``error[code]: text`` to stderr."""
        head = f"error[{code}]:"
        self._complain(f"{_styled(head, ('bold', 'red')) if self.err_colour else head} {text}")

    def _complain(self, line: str) -> None:
        self.out.flush()
        self.err.write(line + "\n")
        self.err.flush()

    @property
    def writes_unicode(self) -> bool:
        """Whether stdout can represent every character."""
        return (self.out.encoding or "").replace("-", "").lower() in {"utf8", "utf16", "utf32"}


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether `stream` should get colour."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"


def printable(text: str) -> str:
    """Return `text` with control characters escaped, including line breaks and tabs.

    Model output can hold escape sequences; a terminal must not obey them.
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else _spelled(character) for character in text
    )


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _styled(text: str, styles: tuple[str, ...]) -> str:
    codes = ";".join(_CODES[style] for style in styles)
    return f"\x1b[{codes}m{text}\x1b[0m" if codes else text


def _open(stream: TextIO | None) -> TextIO:
    """Return a standard stream set up so that any character can be written to it."""
    if stream is None:
        message = "stdin, stdout and stderr must all be open"
        raise HarmoniumError(message, code="stream_closed")
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream
