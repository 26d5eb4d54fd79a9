"""Own the history of a chat request: each of its messages as messages of Harmony.

It reads twice: first the tool calls, so that every result finds its call, then all messages in
order. It knows nothing of the request's other fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from harmonium.errors import InvalidInputError, RequestError
from harmonium.model import Author, DeveloperContent, Message, Role, TextContent
from harmonium.model.contents import Content
from harmonium.openai.content import text_of
from harmonium.openai.failures import missing, refused, wrong_type
from harmonium.openai.reading import JSONObject, read_choice, read_list, read_name, read_object
from harmonium.openai.tool_names import ToolName, ToolNameMap

REASONING_FIELDS = ("reasoning", "reasoning_content", "thinking")
"""The names under which clients send reasoning back; the first that holds text is read."""


@dataclass(frozen=True, slots=True)
class Call:
    """Hold one tool call of the history: which tool, and its arguments or input as they are."""

    tool: ToolName
    text: str
    id: str | None = None


@dataclass(slots=True)
class History:
    """Hold what is known while a history is read.

    ``calls`` are the calls of each assistant message by its index; ``callees`` the tool of each
    call id, the newest call winning where ids repeat.
    """

    names: ToolNameMap
    calls: dict[int, list[Call]] = field(default_factory=dict)
    callees: dict[str, ToolName] = field(default_factory=dict)


def read_history(items: Sequence[object], names: ToolNameMap) -> tuple[str | None, list[Message]]:
    """Give the instructions that lead a history, if any do, and the messages that follow.

    Args:
        items: the request's ``messages``.
        names: the request's tools; tools that only the history calls are added.

    Raises:
        RequestError: a message that cannot be read; ``param`` says which.

    """
    entries = [read_object(item, f"messages[{n}]") for n, item in enumerate(items)]
    history = History(names)
    for index, entry in enumerate(entries):
        if entry.get("tool_calls") or entry.get("function_call"):
            history.calls[index] = _read_calls(entry, f"messages[{index}]")
            history.callees.update((call.id, call.tool) for call in history.calls[index] if call.id)
    instructions, begin = _leading(entries)
    messages: list[Message] = []
    for index in range(begin, len(entries)):
        messages += _read_message(entries[index], index, history)
    return instructions, messages


def _leading(entries: Sequence[JSONObject]) -> tuple[str | None, int]:
    """Give the instructions in the first message, and where the history begins behind it."""
    first = entries[0]
    if first.get("role") not in ("system", "developer") or first.get("name") is not None:
        return None, 0
    return _given_text(first, "messages[0]"), 1


def _read_message(entry: JSONObject, index: int, history: History) -> list[Message]:
    role = entry.get("role")
    param = f"messages[{index}]"
    if role is None:
        raise missing(param, "role")
    reader = _READERS[read_choice(role, f"{param}.role", _READERS)]
    try:
        return reader(entry, param, index, history)
    except RequestError:
        raise
    except InvalidInputError as error:
        raise RequestError(error.message, param=f"{param}.name") from error


def _given_text(entry: JSONObject, param: str) -> str:
    content = entry.get("content")
    if content is None:
        raise missing(param, "content")
    return content if type(content) is str else text_of(content, f"{param}.content")


def _author(role: Role, entry: JSONObject, param: str) -> Author:
    name = entry.get("name")
    return _AUTHORS[role] if name is None else Author(role, read_name(name, f"{param}.name"))


def _read_instructions(entry: JSONObject, param: str, _: int, __: History) -> list[Message]:
    content: Content = DeveloperContent(_given_text(entry, param))
    return [Message(_author(Role.DEVELOPER, entry, param), (content,))]


def _read_user(entry: JSONObject, param: str, _: int, __: History) -> list[Message]:
    content = (TextContent(_given_text(entry, param)),)
    return [Message(_author(Role.USER, entry, param), content)]


def _read_tool(entry: JSONObject, param: str, _: int, history: History) -> list[Message]:
    call_id = read_name(entry.get("tool_call_id"), f"{param}.tool_call_id")
    tool = history.callees.get(call_id)
    if tool is None:
        message = f"{param}.tool_call_id answers no tool call of this conversation"
        raise RequestError(message, param=f"{param}.tool_call_id", code="invalid_value")
    return [_result(tool, entry, param, history)]


def _read_function(entry: JSONObject, param: str, _: int, history: History) -> list[Message]:
    tool = ToolName(read_name(entry.get("name"), f"{param}.name"))
    return [_result(tool, entry, param, history)]


def _result(tool: ToolName, entry: JSONObject, param: str, history: History) -> Message:
    text = text_of(entry.get("content"), f"{param}.content")
    return Message.tool(history.names.recipient(tool), text)


def _read_assistant(entry: JSONObject, param: str, index: int, history: History) -> list[Message]:
    if entry.get("audio") is not None:
        where = f"{param}.audio"
        raise refused(where, "the model reads text only")
    author = _author(Role.ASSISTANT, entry, param)
    reasoning, text = _reasoning(entry, param), _said(entry, param)
    calls = history.calls.get(index, ())
    messages: list[Message] = []
    if reasoning:
        messages.append(Message(author, (TextContent(reasoning),), "analysis"))
    if text:
        channel = "commentary" if calls else "final"
        messages.append(Message(author, (TextContent(text),), channel))
    for call in calls:
        if call.id:
            history.callees[call.id] = call.tool
        to = history.names.recipient(call.tool)
        kind = "json" if call.tool.kind == "function" else None
        messages.append(Message(author, (TextContent(call.text),), "commentary", to, kind))
    return messages


def _reasoning(entry: JSONObject, param: str) -> str:
    for name in REASONING_FIELDS:
        value = entry.get(name)
        if value:
            return value if type(value) is str else text_of(value, f"{param}.{name}")
    return ""


def _said(entry: JSONObject, param: str) -> str:
    """Give an assistant's text; a refusal is text it said."""
    content, refusal = entry.get("content"), entry.get("refusal")
    text = content if type(content) is str else text_of(content, f"{param}.content")
    return text if refusal is None else text + text_of(refusal, f"{param}.refusal")


def _read_calls(entry: JSONObject, param: str) -> list[Call]:
    calls: list[Call] = []
    if entry.get("function_call"):
        where = f"{param}.function_call"
        calls.append(
            _read_call_parts(read_object(entry["function_call"], where), where, "function")
        )
    if entry.get("tool_calls"):
        where = f"{param}.tool_calls"
        for index, item in enumerate(read_list(entry["tool_calls"], where)):
            calls.append(_read_call(item, f"{where}[{index}]"))
    return calls


def _read_call(item: object, param: str) -> Call:
    call = read_object(item, param)
    kind = read_choice(call.get("type") or "function", f"{param}.type", ("function", "custom"))
    if call.get(kind) is None:
        raise missing(param, kind)
    parts = read_object(call[kind], f"{param}.{kind}")
    call_id = read_name(call.get("id"), f"{param}.id")
    return _read_call_parts(parts, f"{param}.{kind}", kind, call_id)


def _read_call_parts(parts: JSONObject, param: str, kind: str, call_id: str | None = None) -> Call:
    name = read_name(parts.get("name"), f"{param}.name")
    what = "input" if kind == "custom" else "arguments"
    text = parts.get(what)
    if text is not None and not isinstance(text, str):
        where = f"{param}.{what}"
        raise wrong_type(where, "a string", text)
    tool = ToolName(name, "custom" if kind == "custom" else "function")
    return Call(tool, text or "", call_id)


_AUTHORS = {role: Author(role) for role in (Role.USER, Role.ASSISTANT, Role.DEVELOPER)}

_Reader = Callable[[JSONObject, str, int, History], list[Message]]
_READERS: Mapping[str, _Reader] = MappingProxyType(
    {
        "system": _read_instructions,
        "developer": _read_instructions,
        "user": _read_user,
        "assistant": _read_assistant,
        "tool": _read_tool,
        "function": _read_function,
    }
)
