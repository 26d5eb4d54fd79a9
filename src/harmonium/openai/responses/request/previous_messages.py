"""`previous_input_messages`: a history given as chat messages or as Harmony messages.

System and developer messages are left out: instructions, tools and effort are always those of the
newest request. It becomes an item of our own, so that a store keeps it among the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harmonium.json_types import JSONMapping
from harmonium.model import Message, Role, message_from_dict, message_to_dict
from harmonium.openai.requests.errors import error_param
from harmonium.openai.requests.json_fields import as_json, read_list
from harmonium.openai.requests.tool_names import FUNCTIONS, ToolName, ToolNameMap
from harmonium.openai.responses.request.json_node import JsonNode

HISTORY = "previous_input_messages"
"""The type of the item that such a history is; clients cannot send it."""

_LEFT_OUT = frozenset({"system", "developer"})
_ROLES = ("user", "assistant", "tool", *sorted(_LEFT_OUT))


def history_items(history: JsonNode) -> list[JSONMapping]:
    """Return a history as an item, plain JSON; null and an empty one are none.

    Raises:
        RequestError: it is no array.

    """
    if history.is_null:
        return []
    entries = [_as_entry(entry) for entry in read_list(history.value, history.path)]
    return [{"type": HISTORY, "messages": entries}] if entries else []


def check_sent(items: Sequence[object], param: str) -> None:
    """Check that none of the items a client sends is such an item.

    Raises:
        RequestError: one is.

    """
    for index, item in enumerate(items):
        if type(item) is dict and item.get("type") == HISTORY:
            place = f"{param}[{index}]"
            JsonNode(None, f"{place}.type").fail(f"{place} is no item, but a field beside {param}")


def read_previous_messages(
    history: JsonNode, names: ToolNameMap, calls: dict[str, ToolName]
) -> list[Message]:
    """Return the messages of a history, in order.

    Args:
        history: the array.
        names: the request's tools.
        calls: the tool behind every call id so far; those of the history are added.

    Raises:
        RequestError: an entry that is neither a chat message nor a Harmony message, or a tool's
            answer that names neither the tool nor a call before it.

    """
    messages: list[Message] = []
    for entry in history.items():
        with error_param(entry.path):
            messages += _read_entry(entry, names, calls)
    return messages


def _as_entry(entry: object) -> object:
    """Return JSON for a message object of ours, or of another library's with ``to_dict``."""
    if isinstance(entry, Message):
        return message_to_dict(entry)
    dump = getattr(entry, "to_dict", None)
    return as_json(entry) if dump is None else dump()


def _read_entry(entry: JsonNode, names: ToolNameMap, calls: dict[str, ToolName]) -> list[Message]:
    if isinstance(entry.get("author").value, Mapping) or not entry.get("content_type").is_null:
        return _read_harmony(entry)
    role = entry.get("role").choice(*_ROLES)
    if role in _LEFT_OUT:
        return []
    if role == "assistant":
        return _read_assistant(entry, names, calls)
    text = entry.get("content").content()
    if role == "user":
        return [Message.user(text)]
    return [Message.tool(_tool_of(entry, names, calls), text)]


def _read_harmony(entry: JsonNode) -> list[Message]:
    message = message_from_dict(entry.mapping())
    return [] if message.author.role in {Role.SYSTEM, Role.DEVELOPER} else [message]


def _read_assistant(
    entry: JsonNode, names: ToolNameMap, calls: dict[str, ToolName]
) -> list[Message]:
    messages = []
    for field in ("reasoning", "reasoning_content", "thinking"):
        reasoning = entry.get(field).content()
        if reasoning:
            messages.append(Message.assistant(reasoning, channel="analysis"))
            break
    made = list(entry.get("tool_calls").items())
    text = entry.get("content").content()
    if text:
        given = entry.get("channel").optional_text()
        channel = given or ("commentary" if made else "final")
        messages.append(Message.assistant(text, channel=channel))
    for call in made:
        function = call.get("function")
        tool = ToolName(function.get("name").text())
        if not call.get("id").is_null:
            calls[call.get("id").text()] = tool
        messages.append(
            Message.assistant(
                function.get("arguments").optional_text() or "",
                channel="commentary",
                recipient=names.recipient(tool),
                content_type="json",
            )
        )
    return messages


def _tool_of(entry: JsonNode, names: ToolNameMap, calls: dict[str, ToolName]) -> str:
    call_id, name = entry.get("tool_call_id"), entry.get("name")
    found = None if call_id.is_null else calls.get(call_id.text())
    if found is None and name.is_null:
        (name if call_id.is_null else call_id).fail(f"{entry.path} answers no call before it")
    return names.recipient(found or ToolName(name.text().removeprefix(FUNCTIONS)))
