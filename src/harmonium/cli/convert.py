"""Own ``harmonium convert``: requests to prompts, and answers to the shapes of OpenAI's APIs.

Knows nothing of how a request is read or an answer folded; `harmonium.openai` does both.
"""

from __future__ import annotations

import argparse
import json
import time

from harmonium.cli import parse
from harmonium.cli.arguments import Subcommands, add_command, add_input, word_list
from harmonium.cli.requests import read_request
from harmonium.cli.source import read_text, write_ids
from harmonium.cli.terminal import Terminal
from harmonium.encoding import load_encoding
from harmonium.errors import InvalidInputError
from harmonium.model import conversation_to_json
from harmonium.render import plain_text

PROMPTS = ("tokens", "text", "harmony")
ANSWERS = ("chat", "responses", "events")

_EXAMPLES = """\
  harmonium convert --from chat --to tokens request.json
  harmonium convert --from responses --to harmony request.json
  harmonium convert --from harmony --to chat --tools get_weather completion.txt
"""


def add(commands: Subcommands) -> None:
    """Add the command and its arguments."""
    summary = "convert requests to prompts, and answers to API responses"
    parser = add_command(commands, "convert", summary, _EXAMPLES)
    add_input(parser, "a request as JSON; or an answer: token ids, or text with special tokens")
    parser.add_argument(
        "--from", dest="source", choices=("chat", "responses", "harmony"), required=True
    )
    parser.add_argument("--to", choices=(*PROMPTS, *ANSWERS), required=True)
    parser.add_argument("--today", metavar="YYYY-MM-DD", help="the prompt's date; default: today")
    parser.add_argument(
        "--deterministic-ids", action="store_true", help="ids that count up, and the time 0"
    )
    parser.add_argument("--model", default="gpt-oss", help="named in answers; default: %(default)s")
    parser.add_argument(
        "--tools", type=word_list, default=(), metavar="A,B", help="functions an answer may call"
    )
    parser.set_defaults(run=run, usage_error=parser.error)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Convert one request or one answer."""
    if arguments.to in PROMPTS:
        _write_prompt(arguments, terminal)
    elif arguments.source == "harmony":
        return _write_answer(arguments, terminal)
    else:
        arguments.usage_error(
            f"a {arguments.source} request becomes one of {', '.join(PROMPTS)}; "
            f"{arguments.to} is made of an answer, with --from harmony"
        )
    return 0


def _write_prompt(arguments: argparse.Namespace, terminal: Terminal) -> None:
    text = read_text(arguments.file, terminal)
    conversation, history = read_request(text, arguments.source, arguments.today)
    if arguments.to == "harmony":
        terminal.write(conversation_to_json(conversation) + "\n")
        return
    role = None if arguments.source == "harmony" else "assistant"
    encoding = load_encoding(arguments.encoding)
    if arguments.to == "tokens":
        write_ids(encoding.render(conversation, next_role=role, history=history), terminal)
    else:
        segments = encoding.render_segments(conversation, next_role=role, history=history)
        terminal.write(plain_text(segments))


def _write_answer(arguments: argparse.Namespace, terminal: Terminal) -> int:
    arguments.input, arguments.policy, arguments.role = "auto", "repair", "auto"
    if arguments.to == "events":
        arguments.format = "events"
        return parse.run(arguments, terminal)
    answer = (
        _chat(arguments, terminal) if arguments.to == "chat" else _response(arguments, terminal)
    )
    terminal.write(json.dumps(answer, ensure_ascii=not terminal.writes_unicode) + "\n")
    return 0


def _chat(arguments: argparse.Namespace, terminal: Terminal) -> object:
    from harmonium.openai import ChatAnswer, Seam, chat_request, counting_ids  # noqa: PLC0415

    tools = [{"type": "function", "function": {"name": name}} for name in arguments.tools]
    body = {"model": arguments.model, "messages": [{"role": "user", "content": "-"}]}
    request = chat_request(body | ({"tools": tools} if tools else {}))
    fixed = arguments.deterministic_ids
    seam = Seam(0, counting_ids()) if fixed else Seam(int(time.time()))
    answer = ChatAnswer(request, seam)
    answer.feed(parse.answer_events(arguments, request.names.declared, terminal))
    answer.finish("stop")
    try:
        return answer.completion(input_tokens=0).model_dump(mode="json", exclude_unset=True)
    except ModuleNotFoundError:
        message = "chat answers need the openai package: pip install 'harmonium[openai]'"
        raise InvalidInputError(message, code="extra_missing") from None


def _response(arguments: argparse.Namespace, terminal: Terminal) -> object:
    from harmonium.openai import (  # noqa: PLC0415
        Seam,
        counting_ids,
        response_answer,
        responses_request,
    )

    tools = [{"type": "function", "name": name} for name in arguments.tools]
    request = responses_request({"model": arguments.model, "input": "-", "tools": tools})
    fixed = arguments.deterministic_ids
    seam = Seam(0, counting_ids()) if fixed else Seam(int(time.time()))
    answer = response_answer(request, seam)
    answer.feed(parse.answer_events(arguments, request.tools.parser_tools, terminal))
    answer.finish("stop", input_tokens=0)
    return answer.response
