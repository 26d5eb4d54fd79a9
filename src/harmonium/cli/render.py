"""The command ``harmonium render``: conversation JSON to token ids, text, debug text or a table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from harmonium.cli.arguments import Subcommands, add_command, add_input
from harmonium.cli.requests import add_today, read_request, shape_of
from harmonium.cli.source import read_text, write_ids
from harmonium.cli.table import write_table
from harmonium.cli.terminal import Terminal
from harmonium.encoding import load_encoding
from harmonium.model import Conversation, Role
from harmonium.render import PROFILES, Segment, encode_pieces, golden_text, plain_text
from harmonium.tokens import load_tokenizer

FORMATS = ("ids", "text", "table", "golden")

_EXAMPLES = """\
  harmonium render conversation.json
  harmonium render --format ids conversation.json
  harmonium render --next-role assistant --today 2026-01-31 chat.json
  harmonium render --next-role assistant --profile legacy --format text conversation.json
  echo '[{"role": "user", "content": "hi"}]' | harmonium render --format golden
"""


def add(commands: Subcommands) -> None:
    """Add the command and its arguments."""
    parser = add_command(commands, "render", "render a conversation to Harmony tokens", _EXAMPLES)
    add_input(
        parser,
        "conversation JSON in harmonium's or openai_harmony's form, or a list of messages; or a "
        "request to Chat Completions or Responses",
    )
    parser.add_argument(
        "-f",
        "--format",
        choices=FORMATS,
        help="ids: a JSON array; text: special tokens spelled out; golden: one line a segment; "
        "table: coloured; default: table on a terminal, else ids",
    )
    _add_input_options(parser)
    _add_ending(parser)
    parser.add_argument(
        "--profile", choices=list(PROFILES), default="guide", help="default: %(default)s"
    )
    parser.add_argument(
        "--history",
        choices=("per_turn", "library", "last", "keep"),
        help="which reasoning of earlier turns is omitted; default: as the request says, else "
        "per_turn",
    )
    parser.add_argument("--full", action="store_true", help="table: show all text and all ids")
    parser.set_defaults(run=run)


def _add_input_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--from",
        dest="source",
        choices=("chat", "responses", "harmony"),
        help="the format of the input; default: detected from its fields",
    )
    add_today(parser)


def _add_ending(parser: argparse.ArgumentParser) -> None:
    ending = parser.add_mutually_exclusive_group()
    ending.add_argument(
        "--next-role",
        choices=[role.value for role in Role],
        help="end with the start of this role's message, as a prompt for completion",
    )
    ending.add_argument(
        "--training",
        action="store_true",
        help="end a final answer with <|return|>; add --history keep to keep its reasoning",
    )


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Render one conversation."""
    text = read_text(arguments.file, terminal)
    conversation, history = read_request(text, arguments.source or shape_of(text), arguments.today)
    segments = load_encoding(arguments.encoding).render_segments(
        conversation,
        next_role=arguments.next_role,
        training=arguments.training,
        profile=arguments.profile,
        history=arguments.history or history,
    )
    pieces = encode_pieces(segments, load_tokenizer(arguments.encoding))
    match arguments.format or ("table" if terminal.is_interactive else "ids"):
        case "ids":
            write_ids([token for piece in pieces for token in piece], terminal)
        case "text":
            terminal.write_text(plain_text(segments))
        case "golden":
            terminal.write(golden_text(segments))
        case _:
            write_table(segments, pieces, terminal, full=arguments.full)
    _remark_on_size(conversation, segments, pieces, terminal)
    return 0


def _remark_on_size(
    conversation: Conversation,
    segments: Sequence[Segment],
    pieces: Sequence[Sequence[int]],
    terminal: Terminal,
) -> None:
    shown = {segment.origin.message for segment in segments} - {None}
    dropped = len(conversation) - len(shown)
    left_out = f", {_count(dropped, 'message')} omitted" if dropped else ""
    tokens = _count(sum(map(len, pieces)), "token")
    terminal.remark(f"{tokens}, {_count(len(shown), 'message')}{left_out}")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
