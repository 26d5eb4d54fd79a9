"""Own ``harmonium parse``: ids or text to messages or events, with what was repaired."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence

from harmonium.cli.arguments import Subcommands, add_command, add_input, word_list
from harmonium.cli.source import looks_like_ids, read_ids, read_text
from harmonium.cli.terminal import Terminal, printable
from harmonium.encoding import Encoding, load_encoding
from harmonium.model import Message, Role, message_to_dict
from harmonium.parse import (
    ContentDelta,
    Event,
    MessageEnded,
    MessageStarted,
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
    add_input(parser, "token ids, or text with special tokens spelled out")
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
        help="repair and report what deviates, or stop at it; default: %(default)s",
    )
    parser.add_argument(
        "--tools", type=word_list, default=(), metavar="A,B", help="the declared tools"
    )
    parser.add_argument(
        "--role",
        choices=("auto", "none", *(role.value for role in Role)),
        default="auto",
        help="whose message begins, its <|start|>ROLE being part of the prompt; none: the input "
        "brings its own; auto: assistant unless the input begins with <|start|>",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Parse one stream of tokens."""
    encoding = load_encoding(arguments.encoding)
    events = _events(arguments, encoding, _read_ids(arguments, encoding, terminal))
    match arguments.format or ("text" if terminal.is_interactive else "json"):
        case "events":
            for event in events:
                terminal.write(_json(_event_to_dict(event), terminal) + "\n")
        case "text":
            for ended in _remarking(events, terminal):
                terminal.write(_readable(ended, terminal))
        case _:
            _write_json(_remarking(events, terminal), terminal)
    return 0


def answer_events(
    arguments: argparse.Namespace, tools: Iterable[str], terminal: Terminal
) -> list[Event]:
    """Parse the input whole, as `run` does, for a caller that knows the tools."""
    encoding = load_encoding(arguments.encoding)
    arguments.tools = tools
    return list(_events(arguments, encoding, _read_ids(arguments, encoding, terminal)))


def _read_ids(arguments: argparse.Namespace, encoding: Encoding, terminal: Terminal) -> list[int]:
    text = read_text(arguments.file, terminal)
    if arguments.input == "ids" or (arguments.input == "auto" and looks_like_ids(text)):
        return read_ids(text)
    # A line break behind the last stop token was put there by an editor or by echo.
    bare = text.removesuffix("\n").removesuffix("\r")
    return encoding.encode(bare if bare.endswith(_STOPS) else text, allowed_special="all")


def _events(
    arguments: argparse.Namespace, encoding: Encoding, ids: Sequence[int]
) -> Iterator[Event]:
    role = None if arguments.role == "none" else arguments.role
    if role == "auto":
        starts = ids[:1] == [encoding.special_tokens.get("<|start|>")]
        role = None if starts else Role.ASSISTANT.value
    parser = encoding.parser(role=role, policy=arguments.policy, tools=arguments.tools)
    for token in ids:
        yield from parser.feed(token)
    yield from parser.close()


def _remarking(events: Iterator[Event], terminal: Terminal) -> Iterator[MessageEnded]:
    """Pass complete messages on, and tell what was repaired."""
    for event in events:
        match event:
            case Repaired(code, span, text, action, _):
                found = f' "{printable(text)}":' if text else ""
                remark = f"repaired[{code}] {_place(span)}:{found} {action}"
                terminal.remark(remark, "yellow")
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
    """Write a JSON list, one message a line, each as it comes; whole even if an error ends it."""
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
