"""Command-line arguments that several commands share. Knows nothing of the commands."""

from __future__ import annotations

import argparse
from typing import TypeAlias


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help formatter that keeps the line breaks of examples."""


Subcommands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001  (no public name)


def add_command(
    commands: Subcommands, name: str, summary: str, examples: str, *, encoding: bool = True
) -> argparse.ArgumentParser:
    """Add a command with the arguments that all commands take."""
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog=f"examples:\n{examples}",
        formatter_class=Formatter,
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="write no remarks to stderr")
    if encoding:
        parser.add_argument(
            "--encoding", default="o200k_harmony", metavar="NAME", help="default: %(default)s"
        )
    return parser


def add_input(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the positional input file; stdin when it is left out."""
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help=f"{what}; stdin when omitted or -"
    )


def word_list(value: str) -> tuple[str, ...]:
    """Parse words separated by commas, as in ``--tools get_weather,search``."""
    return tuple(word.strip() for word in value.split(",") if word.strip())
