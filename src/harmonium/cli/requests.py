"""Requests to OpenAI's APIs as commands read them. Knows nothing of the commands."""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from harmonium.errors import InvalidInputError
from harmonium.json_types import JSONMapping
from harmonium.model import Conversation, conversation_from_json
from harmonium.render import History

if TYPE_CHECKING:
    from harmonium.openai import ChatRequest, ResponsesRequest

Api = Literal["chat", "responses"]


class Tool(NamedTuple):
    """A client's tool: its kind (``function`` or ``custom``) and its name."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """A request as read, with what an answer to it needs.

    Args:
        api: whose request it is.
        body: its JSON.
        request: what it says.
        parser_tools: the tools' names that a parser should know.

    """

    api: Api
    body: JSONMapping
    request: ChatRequest | ResponsesRequest
    parser_tools: tuple[str, ...]

    @property
    def conversation(self) -> Conversation:
        """The prompt."""
        return self.request.conversation

    @property
    def tools(self) -> list[Tool]:
        """The client's tools by their names, for a stand-in at the other API."""
        found = self.body.get("tools")
        entries = found if isinstance(found, list) else []
        named = [_tool_of(entry) for entry in entries if isinstance(entry, Mapping)]
        return [tool for tool in named if tool is not None]


def day(value: str) -> str:
    """Parse a date, as in ``--today 2026-01-31``.

    Raises:
        ArgumentTypeError: no date of the calendar, or not in this form.

    """
    try:
        found = dt.datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=dt.UTC).date().isoformat()
    except ValueError:
        found = ""
    if not found or found != value:
        message = f"invalid date {value!a}; use YYYY-MM-DD, such as 2026-01-31"
        raise argparse.ArgumentTypeError(message)
    return value


def add_today(parser: argparse.ArgumentParser) -> None:
    """Add ``--today``."""
    parser.add_argument(
        "--today",
        type=day,
        metavar="YYYY-MM-DD",
        help="the current date in a request's prompt; default: today",
    )


def shape_of(text: str) -> str:
    """Return ``chat``, ``responses`` or ``harmony``, judged by the fields of the JSON."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return "harmony"
    if isinstance(body, dict) and "messages" not in body and "input" in body:
        return "responses"
    return "chat" if isinstance(body, dict) and {"model", "messages"} <= set(body) else "harmony"


def read_json(text: str, what: str) -> object:
    """Read JSON.

    Raises:
        InvalidInputError: it is none; the error names `what` it should have been.

    """
    try:
        return json.loads(text)
    except ValueError as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "a number"
        message = f"the {what} is not valid JSON: cannot read {place}"
        raise InvalidInputError(message, code="invalid_json") from None
    except RecursionError:
        message = f"the {what} is nested too deeply"
        raise InvalidInputError(message, code="json_too_deep") from None


def read_request(text: str, source: str, today: str | None) -> tuple[Conversation, History]:
    """Parse a conversation and its history rule; `today` None means the current date.

    Raises:
        InvalidInputError: no JSON, or a request that cannot be honoured.

    """
    if source == "harmony":
        return conversation_from_json(text), "per_turn"
    api: Api = "chat" if source == "chat" else "responses"
    asked = parse_api_request(read_json(text, f"{api} request"), api, today)
    return asked.conversation, getattr(asked.request, "history", "per_turn")


def parse_api_request(body: object, api: Api, today: str | None) -> ApiRequest:
    """Parse a request's JSON; `today` None means the current date.

    Raises:
        InvalidInputError: it is none, or cannot be honoured.

    """
    from harmonium.openai import (  # noqa: PLC0415  (heavy)
        PromptSettings,
        ResponsesSetup,
        chat_request,
        responses_request,
    )

    fields = body if isinstance(body, Mapping) else {}
    settings = PromptSettings(today=today or dt.datetime.now().astimezone().date().isoformat())
    if api == "chat":
        chat = chat_request(body, settings)
        return ApiRequest(api, fields, chat, chat.names.declared)
    response = responses_request(body, ResponsesSetup(prompt=settings))
    return ApiRequest(api, fields, response, tuple(response.tools.parser_tools))


def placeholder_request(api: Api, model: str, tools: Iterable[Tool]) -> dict[str, object]:
    """Build the smallest request that declares these tools, for when the real one is unknown."""
    declared: list[object] = []
    for kind, name in dict.fromkeys(tools):
        tool = {"type": kind, "name": name}
        declared.append(tool if api == "responses" else {"type": kind, kind: {"name": name}})
    if api == "responses":
        return {"model": model, "input": [], "tools": declared}
    body: dict[str, object] = {"model": model, "messages": [{"role": "user", "content": "-"}]}
    return {**body, "tools": declared} if declared else body


def _tool_of(entry: JSONMapping) -> Tool | None:
    """Parse a tool of either API's request; None for a tool that the server runs."""
    kind = entry.get("type")
    if kind not in ("function", "custom"):
        return None
    inner = entry.get(str(kind))
    name = (inner if isinstance(inner, Mapping) else entry).get("name")
    return Tool(str(kind), name) if isinstance(name, str) else None
