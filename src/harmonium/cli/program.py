"""The command line as a whole: argument parser, exit codes, error output.

Exit codes: 0 success, 1 unusable data, 2 usage error, 130 interrupted, 141 the reader of the output
closed the pipe. Knows nothing of what the commands do.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from harmonium.cli import convert, doctor, parse, render, serve, tokens
from harmonium.cli.arguments import Formatter
from harmonium.cli.terminal import Terminal
from harmonium.errors import HarmoniumError

DATA_ERROR, USAGE_ERROR, INTERRUPTED, PIPE_CLOSED = 1, 2, 130, 141

_EXAMPLES = """\
examples:
  echo '[{"author": {"role": "user"}, "content": "hi"}]' | harmonium render --format golden
  echo '<|channel|>final<|message|>Hello.<|return|>' | harmonium parse
  echo '{"model": "m", "input": "hi"}' | harmonium convert --from responses --to text
  echo 'How many tokens is this?' | harmonium tokens count
  harmonium doctor

Help on one command: harmonium render --help
"""


class _Parser(argparse.ArgumentParser):
    """Argument parser that reports usage errors in the same form as data errors."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        Terminal().error("usage", f"{message}; try {self.prog} --help")
        self.exit(USAGE_ERROR)


class _Version(argparse.Action):
    """Action that prints the version, looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(f"harmonium {doctor.version_of('harmonium')}")  # noqa: T201  (it is the result)
        parser.exit()


def build_parser() -> argparse.ArgumentParser:
    """Build the argument parser of the whole command line."""
    parser = _Parser(
        prog="harmonium",
        description="Render, parse and repair OpenAI's Harmony format, offline.",
        epilog=_EXAMPLES,
        formatter_class=Formatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and stop")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (render, parse, convert, tokens, serve, doctor):
        command.add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: the arguments after the command's name; ``sys.argv`` when omitted.

    """
    try:
        return _run(arguments)
    except BrokenPipeError:
        _drop_output()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        return INTERRUPTED
    except HarmoniumError as error:  # the streams themselves cannot be used
        sys.exit(f"error[{error.code}]: {error}")


def _run(arguments: Sequence[str] | None) -> int:
    chosen = build_parser().parse_args(arguments)
    terminal = Terminal(quiet=getattr(chosen, "quiet", False))
    try:
        code: int = chosen.run(chosen, terminal)
        terminal.out.flush()
    except BrokenPipeError:
        raise
    except HarmoniumError as error:
        terminal.error(error.code, str(error))
        return DATA_ERROR
    except OSError as error:
        _drop_output()
        terminal.error("write_failed", error.strerror or "cannot write the output")
        return DATA_ERROR
    except MemoryError:
        terminal.error("out_of_memory", "not enough memory for this input")
        return DATA_ERROR
    except Exception as error:
        if os.environ.get("HARMONIUM_TRACEBACK"):
            raise
        text = f"{type(error).__name__}: this is a bug in harmonium; please report it with the "
        terminal.error("internal", text + "output of HARMONIUM_TRACEBACK=1 harmonium ...")
        return DATA_ERROR
    return code


def _drop_output() -> None:
    """Discard buffered output, so that closing stdout at exit cannot fail as well."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
