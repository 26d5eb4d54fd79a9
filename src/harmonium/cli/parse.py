"""The command ``harmonium parse``: token ids or text to messages or events, with each repair."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence

from harmonium.cli.arguments import Subcommands, add_command, add_input, word_list
from harmonium.cli.source import InputKind, looks_like_ids, read_ids, read_text
from harmonium.cli.terminal import Terminal, printable
from harmonium.encoding import Encoding, load_encoding
from harmonium.model import Message, Role, message_to_dict
from harmonium.parse import (
    ContentDelta,
    Event,
    MessageEnded,
    MessageStarted,
    Parser,
    Repaired,
    Span,
)

_CHANNEL_STYLES = {"analysis": "blue", "commentary": "yellow", "final": "green"}
_STOPS = ("<|return|>", "<|end|>", "<|call|>")

_EXAMPLES = """\
  harmonium parse completion.txt
  harmonium parse --policy strict --format events ids.json
  echo '<|channel|>final<|message|>Hello.<|return|>' | harmonium parse --format text
  echo '<|channel|>commentary to=f json<|message|>{}<|call|>' | harmonium parse --tools f,g
"""


def add(commands: Subcommands) -> None:
    """Add the command and its arguments."""
    parser = add_command(commands, "parse", "parse a model's output into messages", _EXAMPLES)
    add_input(parser, "token ids, or text with special tokens written out")
    parser.add_argument(
        "-i",
        "--input",
        choices=("auto", "ids", "text"),
        default="auto",
        help="how to read the input; auto: numbers alone are ids",
    )
    parser.add_argument(
        "-f",
        "--format",
        choices=("json", "text", "events"),
        help="json: a list of messages; text: to read; events: one JSON object a line; "
        "default: text on a terminal, else json",
    )
    parser.add_argument(
        "--policy",
        choices=("repair", "strict"),
        default="repair",
        help="repair and report deviations, or stop at the first; default: %(default)s",
    )
    parser.add_argument(
        "--tools", type=word_list, default=(), metavar="A,B", help="the declared tools"
    )
    parser.add_argument(
        "--role",
        choices=("auto", "none", *(role.value for role in Role)),
        default="auto",
        help="the role whose <|start|>ROLE ended the prompt; none: the input starts with its own; "
        "auto: assistant, unless the input starts with <|start|>",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Parse one stream of tokens."""
    encoding = load_encoding(arguments.encoding)
    ids = completion_ids(read_text(arguments.file, terminal), encoding, arguments.input)
    parser = encoding.parser(
        role=_role(arguments.role, ids, encoding),
        policy=arguments.policy,
        tools=arguments.tools,
    )
    events = feed(parser, ids)
    match arguments.format or ("text" if terminal.is_interactive else "json"):
        case "events":
            write_events(events, terminal)
        case "text":
            for ended in _report_repairs(events, terminal):
                terminal.write(_readable(ended, terminal))
        case _:
            _write_json(_report_repairs(events, terminal), terminal)
    return 0


def completion_ids(text: str, encoding: Encoding, kind: InputKind = "auto") -> list[int]:
    """Read a model's output: token ids, or text with special tokens spelled out."""
    if kind == "ids" or (kind == "auto" and looks_like_ids(text)):
        return read_ids(text)
    # A line break behind the last stop token was put there by an editor or by echo.
    bare = text.removesuffix("\n").removesuffix("\r")
    return encoding.encode(bare if bare.endswith(_STOPS) else text, allowed_special="all")


def role_of(ids: Sequence[int], encoding: Encoding) -> str | None:
    """Return the role that the prompt opened: assistant, or None if the output starts a message."""
    starts = ids[:1] == [encoding.special_tokens.get("<|start|>")]
    return None if starts else Role.ASSISTANT.value


def _role(asked: str, ids: Sequence[int], encoding: Encoding) -> str | None:
    if asked == "auto":
        return role_of(ids, encoding)
    return None if asked == "none" else asked


def feed(parser: Parser, ids: Iterable[int]) -> Iterator[Event]:
    """Parse ids one by one, and their end."""
    for token in ids:
        yield from parser.feed(token)
    yield from parser.close()


def write_events(events: Iterable[Event], terminal: Terminal) -> None:
    """Write one JSON object per line, each as it arrives."""
    for event in events:
        terminal.write(_json(_event_to_dict(event), terminal) + "\n")


def remark_on_repair(repaired: Repaired, terminal: Terminal) -> None:
    """Write what was repaired, where, and how."""
    found = f' "{printable(repaired.text)}":' if repaired.text else ""
    remark = f"repaired[{repaired.code}] {_place(repaired.span)}:{found} {repaired.action}"
    terminal.remark(remark, "yellow")


def _report_repairs(events: Iterator[Event], terminal: Terminal) -> Iterator[MessageEnded]:
    """Yield complete messages, and write a remark for each repair."""
    for event in events:
        match event:
            case Repaired():
                remark_on_repair(event, terminal)
            case MessageEnded():
                yield event
                if event.truncated:
                    terminal.remark("the stream ended inside the last message", "yellow")
            case _:
                pass


def _place(span: Span) -> str:
    if span.end - span.start > 1:
        return f"tokens {span.start}-{span.end - 1}"
    return f"token {span.start}" if span.end > span.start else f"before token {span.start}"


def _write_json(messages: Iterator[MessageEnded], terminal: Terminal) -> None:
    """Write a JSON list, one message per line as it arrives; valid JSON even after an error."""
    opening = "["
    try:
        for ended in messages:
            terminal.write(f"{opening}\n{_json(message_to_dict(ended.message), terminal)}")
            opening = ","
    finally:
        terminal.write("[]\n" if opening == "[" else "\n]\n")


def _readable(ended: MessageEnded, terminal: Terminal) -> str:
    message = ended.message
    style = _CHANNEL_STYLES.get(message.channel or "", "cyan")
    head = terminal.style(f"{_headline(message)}", "bold", style)
    stop = terminal.style(_stop_of(ended), "dim")
    text = message.text
    if terminal.is_interactive:
        text = "\n".join(printable(line) for line in text.split("\n"))
    return f"{head} {stop}\n{text}\n\n"


def _headline(message: Message) -> str:
    words = [message.author.name or message.author.role.value]
    if message.author.name and message.author.role is not Role.TOOL:
        words = [f"{message.author.role}:{message.author.name}"]
    if message.channel:
        words.append(message.channel)
    if message.recipient:
        words.append(f"to {message.recipient}")
    if message.content_type:
        words.append(f"({message.content_type})")
    return printable(" ".join(words))


def _stop_of(ended: MessageEnded) -> str:
    if ended.truncated:
        return "cut off"
    return f"<|{ended.stop}|>" if ended.stop else "no stop token"


def _event_to_dict(event: Event) -> dict[str, object]:
    match event:
        case MessageStarted(author, channel, recipient, content_type, span):
            return {
                "event": "message_started",
                "role": author.role.value,
                "name": author.name,
                "channel": channel,
                "recipient": recipient,
                "content_type": content_type,
                "span": list(span),
            }
        case ContentDelta(text, start, end):
            return {"event": "content_delta", "text": text, "span": [start, end]}
        case MessageEnded(_, stop, truncated, span):
            return {
                "event": "message_ended",
                "stop": stop,
                "truncated": truncated,
                "span": list(span),
            }
        case Repaired():
            return {"event": "repaired"} | event._asdict() | {"span": list(event.span)}


def _json(value: dict[str, object], terminal: Terminal) -> str:
    return json.dumps(value, ensure_ascii=not terminal.writes_unicode)
