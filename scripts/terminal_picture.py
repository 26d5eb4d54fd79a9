# ruff: noqa: INP001  (a script, not a package)
"""A picture of the terminal as SVG: a broken output, and what the command line makes of it.

Used by update_docs.py. The command is run, and what it prints is drawn with the colours it has.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html import escape

OUTPUT = (
    "<|channel|>analysis<|message|>Need the weather.assistant<|channel|>commentary "
    'to=weather?json<|message|>{"city": "Oslo"}<|call|>'
)
"""The reasoning runs into the header of a call, whose tool's name is damaged."""

_COLUMNS = 88
_COLUMN, _LINE, _MARGIN = 8.4, 20, 18
_STYLE = re.compile(r"\x1b\[([\d;]*)m")
_COLOURS = {"33": "#e5b567", "34": "#6c99bb", "32": "#b4c973", "36": "#7fc8c2", "31": "#e87d6f"}
_LETTERS = "font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"


def broken_output_svg() -> str:
    """Return the picture: the output, the command, and its report."""
    run = [sys.executable, "-m", "harmonium", "parse", "--format", "text", "--tools", "weather"]
    told = subprocess.run(  # noqa: S603  (our own command)
        run,
        input=OUTPUT,
        env=os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(_COLUMNS)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    shown = [
        _prompt("cat output.txt"),
        *_wrapped(OUTPUT),
        _prompt("harmonium parse --tools weather output.txt"),
        *told.stdout.rstrip().splitlines(),
    ]
    title = "A broken output of the model, and what harmonium parse makes of it"
    return _drawn([_spans(line) for line in shown], title)


def _prompt(command: str) -> str:
    return f"\x1b[1;32m$\x1b[0m \x1b[1m{command}\x1b[0m"


def _wrapped(text: str) -> list[str]:
    """Break a line where a terminal does: at its last column."""
    return [text[start : start + _COLUMNS] for start in range(0, len(text), _COLUMNS)]


def _spans(line: str) -> list[tuple[str, str]]:
    """Return the pieces of a line that have one style each: codes of the style, text."""
    first, *rest = _STYLE.split(line)
    styled = zip(rest[::2], rest[1::2], strict=True)
    return [piece for piece in [("", first), *styled] if piece[1]]


def _drawn(lines: list[list[tuple[str, str]]], title: str) -> str:
    width = round(_COLUMNS * _COLUMN + 2 * _MARGIN)
    height = len(lines) * _LINE + 2 * _MARGIN
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    style = f"<style>text{{{_LETTERS};fill:#d6d6d6;white-space:pre}}</style>"
    ground = f'<rect width="{width}" height="{height}" rx="8" fill="#1f2329"/>'
    rows = [
        _row(spans, _MARGIN + (number + 1) * _LINE - 5)
        for number, spans in enumerate(lines)
        if spans
    ]
    return (
        "\n".join([head, f"<title>{escape(title)}</title>", style, ground, *rows, "</svg>"]) + "\n"
    )


def _row(spans: list[tuple[str, str]], y: int) -> str:
    column = 0
    pieces = []
    for codes, text in spans:
        x = _MARGIN + column * _COLUMN
        # Each piece is as wide as its columns, whatever font the reader has.
        wide = f'x="{x:g}" textLength="{len(text) * _COLUMN:g}" lengthAdjust="spacingAndGlyphs"'
        pieces.append(f"<tspan {wide}{_look(codes.split(';'))}>{escape(text)}</tspan>")
        column += len(text)
    return f'<text y="{y}" xml:space="preserve">{"".join(pieces)}</text>'


def _look(codes: list[str]) -> str:
    colour = next((_COLOURS[code] for code in codes if code in _COLOURS), None)
    look = "" if colour is None else f' fill="{colour}"'
    if "1" in codes:
        look += ' font-weight="bold"'
    return look + (' fill-opacity="0.6"' if "2" in codes else "")
