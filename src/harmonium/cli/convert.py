"""The command ``harmonium convert``: requests to prompts, answers from one format to another.

Knows nothing of how a request or an answer is read, or an answer folded.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harmonium.cli import parse
from harmonium.cli.answers import (
    Answer,
    api_answer,
    called_tools,
    choices_in,
    completion_answer,
    conversation_answer,
    finish_of,
    is_answer,
    is_conversation,
)
from harmonium.cli.arguments import Subcommands, add_command, add_input, word_list
from harmonium.cli.replies import ReplyOptions, write_reply
from harmonium.cli.requests import (
    Api,
    ApiRequest,
    Tool,
    add_today,
    parse_api_request,
    placeholder_request,
    read_json,
    read_request,
    shape_of,
)
from harmonium.cli.source import read_text, write_ids
from harmonium.cli.terminal import Terminal
from harmonium.encoding import Encoding, load_encoding
from harmonium.errors import InvalidInputError
from harmonium.model import Conversation, conversation_from_json, conversation_to_dict
from harmonium.parse import Event, MessageEnded, Repaired
from harmonium.render import plain_text

if TYPE_CHECKING:
    from harmonium.openai import EngineFinish

PROMPTS = ("tokens", "text", "harmony")
APIS: tuple[Api, ...] = ("chat", "responses")

_ANSWERS_ALONE = ("request", "tools", "choice", "model", "finish", "stream", "deterministic_ids")
"""Options that say nothing about a request."""

_DIGITS = 10

_EXAMPLES = """\
  harmonium convert --from chat --to tokens chat.json
  harmonium convert --from responses --to text --today 2026-01-31 responses.json
  harmonium convert --from harmony --to chat --tools get_weather completion.txt
  harmonium convert --from harmony --to responses --request responses.json completion.txt
  harmonium convert --from harmony --to chat --stream --finish stop completion.txt
  harmonium convert --from chat --to text answer.json
"""


def add(commands: Subcommands) -> None:
    """Add the command and its arguments."""
    summary = "convert requests to prompts, and answers from one format to another"
    parser = add_command(commands, "convert", summary, _EXAMPLES)
    add_input(
        parser,
        "a request or an answer of the API --from names, as JSON; from harmony: a conversation "
        "as JSON, token ids, or text with special tokens",
    )
    formats = parser.add_argument_group("formats")
    formats.add_argument(
        "--from",
        dest="source",
        choices=(*APIS, "harmony"),
        required=True,
        help="the input's format: Chat Completions, Responses, or Harmony",
    )
    formats.add_argument(
        "--to",
        choices=(*PROMPTS, *APIS, "events"),
        required=True,
        help="tokens, text, harmony (a conversation as JSON): from requests and answers; chat, "
        "responses, events (parser events, one per line): from answers only",
    )
    add_today(parser)
    _add_answer_options(parser.add_argument_group("for answers"))
    parser.set_defaults(run=run, usage_error=parser.error)


def _add_answer_options(group: argparse._ArgumentGroup) -> None:
    asked = group.add_mutually_exclusive_group()
    asked.add_argument(
        "--request",
        metavar="FILE",
        help="the request that was answered, of either API, with its tools",
    )
    asked.add_argument(
        "--tools",
        type=word_list,
        metavar="A,B",
        help="instead of --request: the functions that were declared",
    )
    group.add_argument(
        "--choice",
        type=_place,
        metavar="N",
        help="from chat: the number of the answer's choice, from 0; default: 0",
    )
    group.add_argument(
        "--model", metavar="NAME", help="the answer's model; default: the input's, else gpt-oss"
    )
    group.add_argument(
        "--finish",
        choices=("stop", "length", "content_filter"),
        help="why the answer ended; default: derived from the input",
    )
    group.add_argument(
        "--stream",
        action="store_true",
        default=None,
        help="to chat or responses: the events of the stream, one per line",
    )
    group.add_argument(
        "--deterministic-ids",
        action="store_true",
        default=None,
        help="use sequential ids, time 0 and fixed padding",
    )


def _place(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) < _DIGITS):
        message = f"invalid choice number {value!a}; use 0 for the first, 1 for the second"
        raise argparse.ArgumentTypeError(message)
    return int(value)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Convert one request or one answer."""
    if arguments.choice is not None and arguments.source != "chat":
        arguments.usage_error(f"--choice requires --from chat, not --from {arguments.source}")
    if arguments.stream and arguments.to not in APIS:
        arguments.usage_error(f"--stream requires --to chat or responses, not {arguments.to}")
    text = read_text(arguments.file, terminal)
    encoding = load_encoding(arguments.encoding)
    if arguments.source == "harmony":
        if not is_conversation(text):
            answer = completion_answer(text, encoding)
            return _AnswerConversion(arguments, terminal, encoding).write(answer)
        if arguments.to not in PROMPTS:
            answer = conversation_answer(conversation_from_json(text), encoding)
            return _AnswerConversion(arguments, terminal, encoding).write(answer)
    else:
        data = read_json(text, f"{arguments.source} request or answer")
        if is_answer(arguments.source, data):
            return _AnswerConversion(arguments, terminal, encoding).write_from(data)
    _check_prompt_options(arguments)
    _write_prompt(text, arguments, terminal, encoding)
    return 0


def _check_prompt_options(arguments: argparse.Namespace) -> None:
    what = "conversation" if arguments.source == "harmony" else f"{arguments.source} request"
    if arguments.to not in PROMPTS:
        arguments.usage_error(
            f"the input is a {what}, which converts to one of {', '.join(PROMPTS)}; to get "
            f"{arguments.to}, pass an answer as the input and the request with --request"
        )
    for name in _ANSWERS_ALONE:
        if getattr(arguments, name) is not None:
            option = f"--{name.replace('_', '-')}"
            arguments.usage_error(f"{option} applies to answers only, and the input is a {what}")


def _write_prompt(
    text: str, arguments: argparse.Namespace, terminal: Terminal, encoding: Encoding
) -> None:
    conversation, history = read_request(text, arguments.source, arguments.today)
    role = None if arguments.source == "harmony" else "assistant"
    match arguments.to:
        case "harmony":
            terminal.write_json(conversation_to_dict(conversation))
        case "tokens":
            write_ids(encoding.render(conversation, next_role=role, history=history), terminal)
        case _:
            segments = encoding.render_segments(conversation, next_role=role, history=history)
            terminal.write_text(plain_text(segments))


class _AnswerConversion:
    """Conversion of one answer, as the options ask."""

    def __init__(
        self, arguments: argparse.Namespace, terminal: Terminal, encoding: Encoding
    ) -> None:
        self._options = arguments
        self._terminal = terminal
        self._encoding = encoding
        self._called: list[Tool] = [Tool("function", name) for name in arguments.tools or ()]
        self._asked = self._read_asked()

    def write_from(self, data: object) -> int:
        """Convert an answer of an API, given as JSON."""
        api: Api = "chat" if self._options.source == "chat" else "responses"
        choice = self._chosen(data) if api == "chat" else 0
        answer = api_answer(
            data, api, self._asked, self._encoding, self._options.today, choice=choice
        )
        self._called += called_tools(data, api, choice)
        return self.write(answer)

    def _chosen(self, data: object) -> int:
        """Return the choice asked for, or the first with a remark that there are others."""
        asked: int | None = self._options.choice
        count = choices_in(data)
        if asked is None and count > 1:
            remark = f"the answer has {count} choices; this is choice 0"
            self._terminal.remark(f"{remark}; use --choice 1 for the next", "yellow")
        return asked or 0

    def write(self, answer: Answer) -> int:
        """Convert an answer."""
        to, terminal = self._options.to, self._terminal
        match to:
            case "tokens":
                write_ids(answer.ids, terminal)
            case "text":
                terminal.write_text(self._encoding.decode(answer.ids))
            case "events":
                parse.write_events(self._events(answer, self._asked), terminal)
            case "harmony":
                self._write_messages(answer)
            case _:
                self._write_reply(answer, "chat" if to == "chat" else "responses")
        return 0

    def _read_asked(self) -> ApiRequest | None:
        path = self._options.request
        if path is None:
            return None
        if path == self._options.file == "-":
            self._options.usage_error("the request and the answer cannot both come from stdin")
        text = read_text(path, self._terminal)
        shape = shape_of(text)
        body = read_json(text, "request")
        if shape == "harmony":
            message = "the --request file is not an API request: `messages` or `input` is missing"
            raise InvalidInputError(message, code="no_request")
        return parse_api_request(
            body, "chat" if shape == "chat" else "responses", self._options.today
        )

    def _events(self, answer: Answer, asked: ApiRequest | None) -> list[Event]:
        tools = [tool.name for tool in self._called] if asked is None else asked.parser_tools
        parser = self._encoding.parser(role=answer.role, tools=tools)
        return list(parse.feed(parser, answer.ids))

    def _remarked(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Repaired):
                parse.remark_on_repair(event, self._terminal)

    def _write_messages(self, answer: Answer) -> None:
        messages = answer.messages
        if messages is None:
            events = self._events(answer, self._asked)
            self._remarked(events)
            messages = tuple(event.message for event in events if isinstance(event, MessageEnded))
        self._terminal.write_json(conversation_to_dict(Conversation(messages)))

    def _write_reply(self, answer: Answer, api: Api) -> None:
        options, given = self._options, self._asked
        asked = self._asked_of(api, answer)
        events = self._events(answer, asked)
        self._remarked(events)
        finish = options.finish or answer.finish or self._inferred_finish(events)
        count = answer.input_tokens if given is None else len(given.request.render(self._encoding))
        fixed = bool(options.deterministic_ids)
        reply = ReplyOptions(options.model, finish, count, fixed, answer.call_ids)
        write_reply(asked, events, reply, self._terminal, stream=bool(options.stream))

    def _asked_of(self, api: Api, answer: Answer) -> ApiRequest:
        """Return the request that was answered; a stand-in if it is unknown."""
        given = self._asked
        if given is not None and given.api == api:
            return given
        model = answer.model if given is None else str(given.body["model"])
        tools = self._called if given is None else given.tools
        body = placeholder_request(api, model or "gpt-oss", tools)
        return parse_api_request(body, api, self._options.today)

    def _inferred_finish(self, events: Sequence[Event]) -> EngineFinish:
        finish = finish_of(events)
        if finish != "stop":
            remark = "the answer lacks its final stop token and is treated as cut off (length)"
            self._terminal.remark(f"{remark}; use --finish stop to override", "yellow")
        return finish
