"""Answers as commands read them: tokens, Harmony messages, or the JSON of either API.

All become the tokens the model wrote, or would have written. Knows nothing of what an answer is
turned into.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harmonium.cli.parse import completion_ids, role_of
from harmonium.cli.requests import Api, ApiRequest, Tool, parse_api_request, placeholder_request
from harmonium.cli.source import looks_like_ids
from harmonium.encoding import Encoding
from harmonium.errors import InvalidInputError, RequestError
from harmonium.json_types import JSONMapping
from harmonium.model import Conversation, Message, Role
from harmonium.parse import Event, MessageEnded, Repaired

if TYPE_CHECKING:
    from harmonium.openai import EngineFinish

_SPEAKERS = frozenset({Role.ASSISTANT, Role.TOOL})
_CALLS = {"function_call": "function", "custom_tool_call": "custom"}
_REASONS: Mapping[str, EngineFinish] = {
    "length": "length",
    "max_output_tokens": "length",
    "content_filter": "content_filter",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as the model wrote it.

    Args:
        ids: its tokens.
        role: whose message they begin in; None when they say so themselves.
        messages: what it says, where that was given; None when the tokens are the source.
        finish: why it ended; None when its tokens tell.
        model: the model's name, when known.
        input_tokens: the length of the prompt, when known.
        call_ids: the ids of the calls of the client's tools, in order, where they have any.

    """

    ids: list[int]
    role: str | None
    messages: tuple[Message, ...] | None = None
    finish: EngineFinish | None = None
    model: str | None = None
    input_tokens: int = 0
    call_ids: tuple[str, ...] = ()


@dataclass(slots=True)
class _ApiAnswer:
    """An answer of one of the APIs: its message or items, and the object around them."""

    api: Api
    items: list[object]
    place: str
    finish: EngineFinish = "stop"
    around: JSONMapping = field(default_factory=dict)

    @property
    def calls(self) -> list[JSONMapping]:
        """The calls of the client's tools."""
        if self.api == "responses":
            return [
                _object(item) for item in self.items if str(_object(item).get("type")) in _CALLS
            ]
        return list(map(_object, _list(_object(self.items[0]).get("tool_calls"))))

    @property
    def tools(self) -> list[Tool]:
        """The client's tools that are called."""
        return [tool for tool in map(_tool_of, self.calls) if tool is not None]


def is_answer(source: str, data: object) -> bool:
    """Return whether the JSON is an answer of an API, not a request to it."""
    body = _object(data)
    if source == "chat":
        return "choices" in body or "message" in body or "role" in body
    return isinstance(data, list) or ("input" not in body and bool({"output", "type"} & set(body)))


def is_conversation(text: str) -> bool:
    """Return whether the text is a conversation's JSON, and not the tokens of a completion."""
    stripped = text.lstrip()
    if not stripped.startswith(("{", "[")):
        return False
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return "<|" not in text and not looks_like_ids(text)
    return isinstance(data, dict) or (isinstance(data, list) and any(map(_is_object, data)))


def completion_answer(text: str, encoding: Encoding) -> Answer:
    """Read a completion: token ids, or text with special tokens spelled out.

    Raises:
        InvalidInputError: ids that are none.

    """
    ids = completion_ids(text, encoding)
    return Answer(ids, role_of(ids, encoding))


def conversation_answer(conversation: Conversation, encoding: Encoding) -> Answer:
    """Extract the answer from a conversation: what follows the last message of anyone else.

    Raises:
        InvalidInputError: the assistant does not have the last word.

    """
    messages = conversation.messages
    others = [index for index, said in enumerate(messages) if said.author.role not in _SPEAKERS]
    found = messages[others[-1] + 1 if others else 0 :]
    if messages and not found:
        message = "the conversation has no answer: its last message is not from the assistant"
        raise InvalidInputError(message, code="no_answer")
    return _render_answer(found, encoding, "stop")


def choices_in(data: object) -> int:
    """Count the choices of a chat answer; a message, or a choice by itself, is one."""
    body = _object(data)
    return len(_list(body["choices"])) if "choices" in body else 1


def api_answer(  # noqa: PLR0913  (the choice is by name)
    data: object,
    api: Api,
    asked: ApiRequest | None,
    encoding: Encoding,
    today: str | None,
    *,
    choice: int = 0,
) -> Answer:
    """Read an answer of an API: whole, or only its message, choice or items.

    Args:
        data: its JSON.
        api: whose answer it is.
        asked: the request it answers, of either API; a stand-in takes its place.
        encoding: what the answer was written in.
        today: the date of the prompt.
        choice: which of a chat answer's choices, from 0.

    Raises:
        InvalidInputError: it cannot be read; the error says where.

    """
    said = _chat(data, choice) if api == "chat" else _response(data)
    body = (
        asked.body if asked is not None and asked.api == api else _placeholder_request(said, asked)
    )
    name = "messages" if api == "chat" else "input"
    given = body.get(name)
    before = [{"role": "user", "content": given}] if isinstance(given, str) else _list(given)
    prompt = parse_api_request({**body, name: before}, api, today)
    try:
        whole = parse_api_request({**body, name: [*before, *said.items]}, api, today)
    except RequestError as error:
        raise _relocated(error, name, len(before), said.place) from error
    messages = whole.conversation.messages[len(prompt.conversation.messages) :]
    if any(message.author.role not in _SPEAKERS for message in messages):
        fault = f"{said.place} has messages not from the assistant; pass only its answer"
        raise InvalidInputError(fault, code="no_answer")
    found = _render_answer(messages, encoding, said.finish)
    key = "id" if api == "chat" else "call_id"
    model, usage = said.around.get("model"), _object(said.around.get("usage"))
    counted = usage.get("prompt_tokens", usage.get("input_tokens"))
    return Answer(
        found.ids,
        found.role,
        found.messages,
        said.finish,
        model if isinstance(model, str) else None,
        counted if type(counted) is int else 0,
        tuple(made for call in said.calls if isinstance(made := call.get(key), str)),
    )


def called_tools(data: object, api: Api, choice: int = 0) -> list[Tool]:
    """List the client's tools that an answer of an API calls."""
    return (_chat(data, choice) if api == "chat" else _response(data)).tools


def finish_of(events: Sequence[Event]) -> EngineFinish:
    """Return ``stop`` for an answer whose last events are complete, else ``length``."""
    for event in reversed(events):
        match event:
            case MessageEnded():
                return "stop" if _is_last_word(event) else "length"
            case Repaired(code="truncated_header"):
                return "length"
            case _:
                pass
    return "stop"


def _is_last_word(ended: MessageEnded) -> bool:
    said = ended.message
    if ended.stop in {"return", "call"}:
        return True
    if said.recipient is not None:  # some engines keep the stop token to themselves
        return ended.stop == "end" or _is_json(said.text)
    return ended.stop == "end" and said.channel in {"final", None}


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _render_answer(messages: Sequence[Message], encoding: Encoding, finish: EngineFinish) -> Answer:
    """Render an answer's messages: what the model would have written after its prompt."""
    ids = encoding.render(messages, training=True, history="keep")
    role = messages[0].author if messages else None
    opens = role is not None and role.role is Role.ASSISTANT and role.name is None
    if opens:
        ids = ids[len(encoding.render([], next_role=Role.ASSISTANT)) :]
    if finish != "stop" and ids and ids[-1] in encoding.stop_tokens:
        del ids[-1]
    return Answer(ids, Role.ASSISTANT.value if opens or not ids else None, tuple(messages), finish)


def _chat(data: object, number: int) -> _ApiAnswer:
    around = _object(data)
    choice = around
    place = ""
    count = choices_in(data)
    if not count:
        raise InvalidInputError("`choices` is empty: there is no answer to convert")
    if number >= count:
        fault = f"the answer has no choice {number}: it has {count}, numbered from 0"
        raise InvalidInputError(fault, code="no_answer")
    if "choices" in around:
        choice, place = _object(_list(around["choices"])[number]), f"choices[{number}]."
    if "message" in choice:
        message, place = _object(choice["message"]), f"{place}message"
    else:
        message, place = choice, place or "message"
    if message.get("role", "assistant") != "assistant":
        fault = f"{place}.role must be `assistant`"
        raise InvalidInputError(fault)
    finish = _REASONS.get(str(choice.get("finish_reason")), "stop")
    return _ApiAnswer("chat", [{"role": "assistant", **message}], place, finish, around)


def _response(data: object) -> _ApiAnswer:
    around = _object(data)
    items = [data] if "type" in around else around.get("output", data)
    if not isinstance(items, list):
        raise InvalidInputError("`output` must be an array; pass a Response or its output items")
    details = _object(around.get("incomplete_details"))
    last = _object(items[-1]) if items else {}
    cut = "incomplete" in (around.get("status"), last.get("status"))
    finish = _REASONS.get(str(details.get("reason")), "length") if cut else "stop"
    return _ApiAnswer("responses", items, "output", finish, around)


def _placeholder_request(said: _ApiAnswer, asked: ApiRequest | None) -> JSONMapping:
    """Build a request in place of the one that was answered, which is unknown."""
    body = placeholder_request(said.api, "-", said.tools if asked is None else asked.tools)
    echoed = said.around.get("tools")
    if said.api == "responses" and asked is None and isinstance(echoed, list):
        return {**body, "tools": echoed}
    return body


def _tool_of(call: JSONMapping) -> Tool | None:
    """Return the tool that a call names, or None for a malformed call."""
    word = str(call.get("type") or "function")
    kind = _CALLS.get(word, word)
    name = (call if word in _CALLS else _object(call.get(word))).get("name")
    return Tool(kind, name) if kind in _CALLS.values() and isinstance(name, str) else None


def _relocated(error: RequestError, name: str, count: int, place: str) -> InvalidInputError:
    """Rebuild the error with its position in the answer, not in the request made of it."""

    def place_of(found: re.Match[str]) -> str:
        index = int(found[1]) - count
        return place if name == "messages" else f"{place}[{index}]"

    text = re.sub(rf"\b{name}\[(\d+)\]", place_of, error.message)
    return InvalidInputError(text, code=error.code)


def _object(value: object) -> JSONMapping:
    return value if isinstance(value, dict) else {}


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
