"""The command ``harmonium tokens``: encode, decode and count. Knows nothing of messages."""

from __future__ import annotations

import argparse

from harmonium.cli.arguments import Subcommands, add_command, add_input
from harmonium.cli.source import read_ids, read_text, write_ids
from harmonium.cli.terminal import Terminal
from harmonium.encoding import load_encoding

_ENCODE_EXAMPLES = """\
  harmonium tokens encode --text 'Hello, world'
  harmonium tokens encode --special --text '<|start|>user<|message|>hi<|end|>'
  harmonium tokens encode --ordinary --text 'What does <|end|> mean?'
"""
_DECODE_EXAMPLES = """\
  echo '13225 11 2375' | harmonium tokens decode
  harmonium tokens encode --text 'Hello' | harmonium tokens decode
"""
_COUNT_EXAMPLES = """\
  harmonium tokens count prompt.txt
  harmonium tokens count --text 'How many tokens is this?'
"""
_EXAMPLES = _ENCODE_EXAMPLES + _DECODE_EXAMPLES + _COUNT_EXAMPLES


def add(commands: Subcommands) -> None:
    """Add the command and its three actions."""
    parser = add_command(
        commands, "tokens", "encode, decode and count tokens", _EXAMPLES, encoding=False
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    for name, summary, examples, run in (
        ("encode", "encode text as token ids", _ENCODE_EXAMPLES, _encode),
        ("count", "count the tokens of a text", _COUNT_EXAMPLES, _count),
    ):
        action = add_command(actions, name, summary, examples)
        add_input(action, "UTF-8 text, taken exactly, including its last line break")
        action.add_argument("-t", "--text", help="the text itself instead of a file")
        _add_special(action)
        action.set_defaults(run=run)
    action = add_command(actions, "decode", "decode token ids as text", _DECODE_EXAMPLES)
    add_input(action, "a JSON array of ids, or numbers separated by white space")
    action.set_defaults(run=_decode)


def _add_special(action: argparse.ArgumentParser) -> None:
    reading = action.add_mutually_exclusive_group()
    reading.add_argument(
        "--special",
        action="store_true",
        help="encode text that spells a special token as that token (an error without this flag)",
    )
    reading.add_argument(
        "--ordinary",
        action="store_true",
        help="encode text that spells a special token as ordinary text",
    )


def _ids(arguments: argparse.Namespace, terminal: Terminal) -> list[int]:
    text = arguments.text
    if text is None:
        text = read_text(arguments.file, terminal)
    encoding = load_encoding(arguments.encoding)
    if arguments.ordinary:
        return encoding.encode_ordinary(text)
    return encoding.encode(text, allowed_special="all" if arguments.special else frozenset())


def _encode(arguments: argparse.Namespace, terminal: Terminal) -> int:
    write_ids(_ids(arguments, terminal), terminal)
    return 0


def _count(arguments: argparse.Namespace, terminal: Terminal) -> int:
    terminal.write(f"{len(_ids(arguments, terminal))}\n")
    return 0


def _decode(arguments: argparse.Namespace, terminal: Terminal) -> int:
    ids = read_ids(read_text(arguments.file, terminal))
    terminal.write_bytes(load_encoding(arguments.encoding).decode_bytes(ids))
    if terminal.is_interactive:
        terminal.write("\n")
    return 0
