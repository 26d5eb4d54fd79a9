"""The history of a chat request: each of its messages as Harmony messages.

It reads twice: first the tool calls, so that every result finds its call, then all messages in
order. It knows nothing of the request's other fields.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from harmonium.errors import InvalidInputError, RequestError
from harmonium.json_types import JSONMapping
from harmonium.model import Author, Content, DeveloperContent, Message, Role, TextContent
from harmonium.openai.requests.author_names import author_named
from harmonium.openai.requests.content import result_text, split_reasoning, text_of
from harmonium.openai.requests.errors import missing, refused, wrong_type
from harmonium.openai.requests.json_fields import read_choice, read_list, read_name, read_object
from harmonium.openai.requests.tolerance import Adapter
from harmonium.openai.requests.tool_names import ToolName, ToolNameMap
from harmonium.openai.requests.tools import NO_ARGUMENTS

REASONING_FIELDS = ("reasoning", "reasoning_content", "thinking")
"""The names under which clients send reasoning back; the first that holds text is read."""


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of the history: which tool, and its arguments or input as they are."""

    tool: ToolName
    text: str
    id: str | None = None


@dataclass(slots=True)
class History:
    """A history as far as it is read; reading on costs nothing for what is read.

    Args:
        names: the request's tools; tools that only the history calls are added.
        count: how many of the request's messages are read.
        instructions: what a leading system or developer message said, None without one.
        messages: the conversation so far.
        callees: the tool of each call id so far, the newest call winning where ids repeat.
        open_calls: the calls of the last turn that have no result yet, in order: data sets for
            training have calls without ids, whose results come in order or by name.
        adapter: where adaptations go.
        settled: whether what is read can be read no other way, whatever follows.

    """

    names: ToolNameMap
    count: int = 0
    instructions: str | None = None
    messages: list[Message] = field(default_factory=list)
    callees: dict[str, ToolName] = field(default_factory=dict)
    open_calls: list[Call] = field(default_factory=list)
    adapter: Adapter = field(default_factory=Adapter)
    is_cacheable: bool = True
    _calls: dict[int, list[Call]] = field(default_factory=dict)
    _ahead: dict[str, ToolName] = field(default_factory=dict)

    def copy(self) -> History:
        """Return a history of its own that has read as much."""
        messages, callees = self.messages.copy(), self.callees.copy()
        return History(
            self.names.copy(), self.count, self.instructions, messages, callees,
            self.open_calls.copy(), self.adapter.copy(),
        )  # fmt: skip

    def read(self, items: Sequence[object]) -> None:
        """Read the messages behind those already read.

        Raises:
            RequestError: a message that cannot be read; ``param`` says which.

        """
        begin = self.count
        entries = [
            item if type(item) is dict else read_object(item, f"messages[{n}]")
            for n, item in enumerate(items[begin:], begin)
        ]
        for index, entry in enumerate(entries, begin):
            if entry.get("tool_calls") or entry.get("function_call"):
                calls = self._calls[index] = _read_calls(entry, f"messages[{index}]")
                self._ahead.update((call.id, call.tool) for call in calls if call.id)
        for index, entry in enumerate(entries, begin):
            if self.messages or not self._leads(entry, index):
                self.messages += _read_message(entry, index, self)
        self.count = len(items)
        self._calls.clear()
        self._ahead.clear()

    def calls_of(self, index: int) -> list[Call]:
        """Return the calls of an assistant's message, and remember whom they called."""
        calls = self._calls.get(index)
        if calls is None:
            return []
        self.callees.update((call.id, call.tool) for call in calls if call.id)
        self.open_calls = calls.copy()
        return calls

    def answer(self, call_id: str | None, name: str | None) -> ToolName | None:
        """Return the tool of the call that a result answers, which is then answered.

        By the call's id; without one by the tool's name, or else the first call without a result.
        """
        if call_id is not None:
            self.open_calls = [call for call in self.open_calls if call.id != call_id]
            return self.callee(call_id)
        named = (call for call in self.open_calls if name in (None, call.tool.name))
        found = next(named, None)
        if found is not None:
            self.open_calls.remove(found)
            return found.tool
        return None if name is None else ToolName(name)

    def callee(self, call_id: str) -> ToolName | None:
        """Return the tool that a result answers for, None for an unknown call."""
        found = self.callees.get(call_id)
        if found is None:
            self.is_cacheable = False
            found = self._ahead.get(call_id)
        return found

    def _leads(self, entry: JSONMapping, index: int) -> bool:
        """Add a leading system or developer message to the instructions, if it is one.

        Models know one developer message, with the tools in it: of several, each is a paragraph.
        """
        if entry.get("role") not in ("system", "developer") or entry.get("name") is not None:
            return False
        text = _given_text(entry, f"messages[{index}]")
        self.instructions = text if self.instructions is None else f"{self.instructions}\n\n{text}"
        return True


def _read_message(entry: JSONMapping, index: int, history: History) -> list[Message]:
    role = entry.get("role")
    param = f"messages[{index}]"
    if role is None:
        raise missing(param, "role")
    reader = _READERS.get(role) if type(role) is str else None
    if reader is None:
        reader = _READERS[read_choice(role, f"{param}.role", _READERS)]
    try:
        return reader(entry, param, index, history)
    except RequestError:
        raise
    except InvalidInputError as error:
        raise RequestError(error.message, param=f"{param}.name") from error


def _given_text(entry: JSONMapping, param: str) -> str:
    content = entry.get("content")
    if content is None:
        raise missing(param, "content")
    return content if type(content) is str else text_of(content, f"{param}.content")


def _author(role: Role, entry: JSONMapping, param: str, history: History) -> Author:
    name = entry.get("name")
    if name is None:
        return _AUTHORS[role]
    return author_named(role, read_name(name, f"{param}.name"), f"{param}.name", history.adapter)


def _read_instructions(entry: JSONMapping, param: str, _: int, history: History) -> list[Message]:
    content: Content = DeveloperContent(_given_text(entry, param))
    return [Message(_author(Role.DEVELOPER, entry, param, history), (content,))]


def _read_user(entry: JSONMapping, param: str, _: int, history: History) -> list[Message]:
    return [_say(_author(Role.USER, entry, param, history), _given_text(entry, param))]


def _read_tool(entry: JSONMapping, param: str, _: int, history: History) -> list[Message]:
    given, name = entry.get("tool_call_id"), entry.get("name")
    call_id = None if given is None else read_name(given, f"{param}.tool_call_id")
    called = None if name is None or call_id is not None else read_name(name, f"{param}.name")
    tool = history.answer(call_id, called)
    if tool is None:
        message = f"{param}.tool_call_id answers no tool call of this conversation"
        raise RequestError(message, param=f"{param}.tool_call_id", code="invalid_value")
    return [_result(tool, entry, param, history)]


def _read_function(entry: JSONMapping, param: str, _: int, history: History) -> list[Message]:
    tool = ToolName(read_name(entry.get("name"), f"{param}.name"))
    return [_result(tool, entry, param, history)]


def _result(tool: ToolName, entry: JSONMapping, param: str, history: History) -> Message:
    text = result_text(entry.get("content"), f"{param}.content", history.adapter)
    author = Author(Role.TOOL, history.names.recipient(tool))
    return _say(author, text, "commentary", Role.ASSISTANT.value)


def _read_assistant(entry: JSONMapping, param: str, index: int, history: History) -> list[Message]:
    if entry.get("audio") is not None:
        where = f"{param}.audio"
        raise refused(where, "the model reads text only")
    author = _author(Role.ASSISTANT, entry, param, history)
    inner, content = split_reasoning(entry.get("content"))
    reasoning, text = _reasoning(entry, param) or inner, _said(entry, content, param)
    calls = history.calls_of(index)
    messages: list[Message] = []
    if reasoning:
        messages.append(_say(author, reasoning, "analysis"))
    if text:
        messages.append(_say(author, text, "commentary" if calls else "final"))
    for call in calls:
        to = history.names.recipient(call.tool)
        kind = "json" if call.tool.kind == "function" else None
        messages.append(_say(author, call.text, "commentary", to, kind))
    return messages


def _say(
    author: Author,
    text: str,
    channel: str | None = None,
    recipient: str | None = None,
    content_type: str | None = None,
) -> Message:
    """Build a message of parts that are known to be right, without checking them again.

    It fills the slots directly: a long history is nothing but this.
    """
    content, message = _new(TextContent), _new(Message)
    _TEXT.__set__(content, text)
    _AUTHOR.__set__(message, author)
    _CONTENT.__set__(message, (content,))
    _CHANNEL.__set__(message, channel)
    _RECIPIENT.__set__(message, recipient)
    _TYPE.__set__(message, content_type)
    return message


_new = object.__new__
_TEXT = vars(TextContent)["text"]
_AUTHOR, _CONTENT, _CHANNEL, _RECIPIENT, _TYPE = map(
    vars(Message).__getitem__, ("author", "content", "channel", "recipient", "content_type")
)


def _reasoning(entry: JSONMapping, param: str) -> str:
    for name in REASONING_FIELDS:
        if value := entry.get(name):
            return value if type(value) is str else text_of(value, f"{param}.{name}")
    return ""


def _said(entry: JSONMapping, content: object, param: str) -> str:
    """Return an assistant's text; a refusal is text it said."""
    refusal = entry.get("refusal")
    text = content if type(content) is str else text_of(content, f"{param}.content")
    return text if refusal is None else text + text_of(refusal, f"{param}.refusal")


def _read_calls(entry: JSONMapping, param: str) -> list[Call]:
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
    given = call.get("id")  # data sets for training have none
    call_id = None if given is None else read_name(given, f"{param}.id")
    return _read_call_parts(parts, f"{param}.{kind}", kind, call_id)


def _read_call_parts(parts: JSONMapping, param: str, kind: str, call_id: str | None = None) -> Call:
    name = read_name(parts.get("name"), f"{param}.name")
    what = "input" if kind == "custom" else "arguments"
    text = parts.get(what)
    if kind == "function" and isinstance(text, Mapping):  # as chat templates take them
        text = json.dumps(text, ensure_ascii=False)
    if text is not None and not isinstance(text, str):
        where = f"{param}.{what}"
        raise wrong_type(where, "a string", text)
    if kind == "function" and not (text and text.strip()):
        text = NO_ARGUMENTS  # never an empty message, which the models have not seen
    tool = ToolName(name, "custom" if kind == "custom" else "function")
    return Call(tool, text or "", call_id)


_AUTHORS = {role: Author(role) for role in (Role.USER, Role.ASSISTANT, Role.DEVELOPER)}

_Reader = Callable[[JSONMapping, str, int, History], list[Message]]
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
