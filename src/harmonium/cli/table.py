"""The coloured table of segments. Knows nothing of how they were rendered.

One block a message, one row a segment. Blocks are written as they are laid out, so that the work
is linear and the first lines of a long conversation appear at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from harmonium.cli.terminal import Terminal, printable
from harmonium.render import Segment, Special

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text as RichText

Row = tuple[Segment, Sequence[int]]

_CHANNEL_STYLES = {"analysis": "blue", "commentary": "yellow", "final": "green"}
_ROLE_STYLES = {"system": "magenta", "developer": "magenta", "user": "cyan", "tool": "red"}
_FIELD_NAMES = {"content_type": "type"}
_SPECIAL_STYLE = "bold"
_LINES_SHOWN = 8
"""Lines of one text that are shown unless all is asked for: enough to know a prompt by."""
_HEADINGS = ("#", "field", "text", "tokens", "ids")


def write_table(
    segments: Sequence[Segment],
    pieces: Sequence[Sequence[int]],
    terminal: Terminal,
    *,
    full: bool = False,
) -> None:
    """Write segments, each with its ids, as a table as wide as the terminal.

    Args:
        segments: what was rendered.
        pieces: the ids of each segment.
        terminal: where to.
        full: show all text and all ids, on as many lines as that takes.

    """
    layout = _Layout(_console(terminal), full=full)
    terminal.write(layout.heading())
    rows = zip(segments, pieces, strict=True)
    due = 0
    for index, message in groupby(rows, key=lambda row: row[0].origin.message):
        if index is not None:
            terminal.write("".join(layout.gap(missing) for missing in range(due, index)))
            due = index + 1
        terminal.write(layout.message(list(message)))


def _console(terminal: Terminal) -> Console:
    from rich.console import Console  # noqa: PLC0415  (only tables need rich)

    return Console(
        file=terminal.out,
        force_terminal=terminal.out_colour,
        no_color=not terminal.out_colour,
        color_system="standard" if terminal.out_colour else None,
        highlight=False,
        legacy_windows=False,
    )


class _Layout:
    """Layout with column widths fixed before the first row is known."""

    def __init__(self, console: Console, *, full: bool) -> None:
        self._console = console
        self._full = full
        width = max(console.width, 48)
        self._ids_width = min(max(width // 4, 12), 36)
        fixed = 4 + 9 + 6 + self._ids_width
        self._text_width = width - fixed - len(_HEADINGS)
        self._widths = (4, 9, self._text_width, 6, self._ids_width)

    def heading(self) -> str:
        """Lay out the names of the columns."""
        table = self._table()
        table.add_row(*_HEADINGS, style="dim")
        return self._lines(table)

    def gap(self, index: int) -> str:
        """Lay out a message that is not rendered."""
        table = self._table()
        table.add_row(str(index), "", "omitted: earlier reasoning", style="dim")
        table.add_row("")
        return self._lines(table)

    def message(self, rows: Sequence[Row]) -> str:
        """Lay out the rows of one message, one row a field."""
        table = self._table()
        first = rows[0][0].origin
        style = _style_of(rows)
        label = "next" if first.message is None else str(first.message)
        for field, group in groupby(rows, key=lambda row: row[0].origin.field):
            part = list(group)
            ids = [token for _, piece in part for token in piece]
            name = self._text(_FIELD_NAMES.get(field, field), "dim")
            text = self._joined([segment for segment, _ in part], style)
            table.add_row(self._text(label, style), name, text, f"{len(ids):,}", self._ids(ids))
            label = ""
        table.add_row("")
        return self._lines(table)

    def _lines(self, table: Table) -> str:
        with self._console.capture() as captured:
            self._console.print(table)
        return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())

    def _table(self) -> Table:
        from rich.table import Table  # noqa: PLC0415  (only tables need rich)

        table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
        for heading, width in zip(_HEADINGS, self._widths, strict=True):
            justify: Literal["left", "right"] = "right" if heading in "#tokens" else "left"
            table.add_column(width=width, no_wrap=True, justify=justify)
        return table

    def _text(self, text: str, style: str = "") -> RichText:
        from rich.text import Text  # noqa: PLC0415  (only tables need rich)

        return Text(text, style, end="")

    def _joined(self, segments: Sequence[Segment], style: str) -> RichText:
        """Join the texts of one field, wrapped to the column; line breaks stay, with a mark."""
        room = None if self._full else _LINES_SHOWN * self._text_width
        lines = [self._text("")]
        for segment in segments:
            text_style = _SPECIAL_STYLE if isinstance(segment, Special) else style
            for index, part in enumerate(segment.text[:room].split("\n")):
                if index:
                    lines[-1].append("⏎", "dim")
                    lines.append(self._text(""))
                lines[-1].append(printable(part), text_style)
        wrapped = [
            piece
            for line in lines
            for piece in line.wrap(self._console, self._text_width, overflow="fold")
        ]
        hides = room is not None and any(len(segment.text) > room for segment in segments)
        if not self._full and (hides or len(wrapped) > _LINES_SHOWN):
            wrapped[_LINES_SHOWN:] = [self._text("… more (use --full)", "dim")]
        return self._text("\n").join(wrapped)

    def _ids(self, ids: Sequence[int]) -> RichText:
        """Write ids: as many as fit on a line, or all."""
        fitting = self._ids_width // 7 if self._full else (self._ids_width - 6) // 7
        if self._full or len(ids) <= self._ids_width // 7:
            step = self._ids_width // 7
            lines = [ids[start : start + step] for start in range(0, len(ids), step)]
            return self._text("\n".join(" ".join(map(str, line)) for line in lines), "dim")
        shown = ids[: max(fitting, 1)]
        return self._text(f"{' '.join(map(str, shown))} +{len(ids) - len(shown):,}", "dim")


def _style_of(rows: Sequence[Row]) -> str:
    """Return the colour of a channel, or of the role where there is no channel."""
    origin = rows[0][0].origin
    by_role = _ROLE_STYLES.get(origin.role, "")
    return by_role if origin.channel is None else _CHANNEL_STYLES.get(origin.channel, by_role)
