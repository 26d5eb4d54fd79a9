"""Responses history to Harmony messages, in both generations.

Older than `harmonium.openai`: only messages, reasoning, function calls and their outputs can be
sent back, and a replayed preamble becomes ``final``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeGuard

from openai.types.responses import ResponseFunctionToolCall

from harmonium.compat.openai_harmony import Author, Content, Message, Role, TextContent
from harmonium.compat.vllm.chat import function_call, function_result, on_channel
from harmonium.compat.vllm.entries import (
    Entry,
    calls_of,
    contents_of,
    entry_of,
    field_of,
    flat_text,
    parts_of,
    role_of,
    text_of,
)
from harmonium.compat.vllm.generation import FIRST, SECOND, Rules, current
from harmonium.compat.vllm.tokens import own_message
from harmonium.errors import InvalidInputError

_PREFIX = "Instructions:\n"


def parse_input_to_harmony_message(chat_msg: object) -> list[Message]:
    """Convert one entry of ``previous_input_messages``, as generation 1 does.

    Args:
        chat_msg: a chat message, a dict or a pydantic object.

    Raises:
        ValueError: an unknown role, or a field of the wrong type.

    """
    return _previous(chat_msg, FIRST)


def response_previous_input_to_harmony(chat_msg: object) -> list[Message]:
    """Convert one entry of ``previous_input_messages``, as generation 2 does.

    Args:
        chat_msg: a chat message or, told by its ``author``, a Harmony message; a dict or a
            pydantic object.

    Raises:
        ValueError: no role, an unknown role, or a field of the wrong type.

    """
    return _previous(chat_msg, SECOND)


def construct_harmony_previous_input_messages(request: object) -> list[Message]:
    """Convert a request's ``previous_input_messages``, without system and developer messages.

    Those of the newest request hold, not those of earlier ones.

    Args:
        request: an object or a dict; entries are Message objects, dicts or pydantic objects.

    Raises:
        ValueError: an entry cannot be converted.

    """
    if isinstance(request, Mapping):
        entries = request.get("previous_input_messages")
    else:
        entries = getattr(request, "previous_input_messages", None)
    found = [said for entry in entries or () for said in _previous(entry, current())]
    return [said for said in found if said.author.role not in {Role.SYSTEM, Role.DEVELOPER}]


def _previous(said: object, rules: Rules) -> list[Message]:
    if isinstance(said, Message):
        return [said]
    if _is_foreign_message(said):
        return [own_message(said)]
    entry = entry_of(said)
    if rules.takes_harmony_entries and isinstance(entry.get("author"), Mapping):
        return [_from_harmony(entry)]
    if entry.get("role") is None:
        raise InvalidInputError("Message has no 'role' key; give one")
    role = role_of(entry["role"])
    if role is Role.TOOL:
        return [_previous_result(entry, rules)]
    calls = calls_of(entry) if role is Role.ASSISTANT else []
    if calls:
        return [function_call(call.name, call.arguments) for call in calls]
    return [Message.from_role_and_contents(role, contents_of(entry.get("content")))]


def _is_foreign_message(said: Any) -> TypeGuard[Any]:  # noqa: ANN401  (whatever was sent)
    """Return whether this is openai_harmony's own Message, whose ``model_dump`` loses texts."""
    return hasattr(said, "author") and callable(getattr(said, "to_dict", None))


def _previous_result(entry: Entry, rules: Rules) -> Message:
    name = text_of(entry.get("name"), "name")
    prefixed = name.startswith("functions.") and not rules.prefixes_names_twice
    author = name if prefixed else f"functions.{name}"
    result = function_result(author, flat_text(entry.get("content")))
    result.recipient = rules.result_recipient
    return result


def _from_harmony(entry: Entry) -> Message:
    author = entry["author"]
    name = text_of(author.get("name"), "name") or None
    content = entry.get("content")
    parts = contents_of(content if isinstance(content, str | list) else None)
    said = Message(author=Author(role=role_of(author.get("role")), name=name), content=parts)
    for field in ("channel", "recipient", "content_type"):
        setattr(said, field, text_of(entry.get(field), field) or None)
    return said


def parse_response_input(response_msg: object, prev_responses: Sequence[object]) -> Message:
    """Convert one input item of a Responses request, as generation 1 does.

    Args:
        response_msg: a message, function call, its output or reasoning; dict or pydantic object.
        prev_responses: the output items before it, where outputs find their calls.

    Raises:
        ValueError: another type of item, an output without its call, reasoning whose content is
            not one part, or a field that is missing or of the wrong type.

    """
    found = _from_item(response_msg, prev_responses, FIRST)
    if found is None:
        raise InvalidInputError("reasoning must have exactly one content part")
    return found


def response_input_to_harmony(
    response_msg: object, prev_responses: Sequence[object]
) -> Message | None:
    """Convert one input item of a Responses request, as generation 2 does.

    Args:
        response_msg: a message, function call, its output or reasoning; dict or pydantic object.
        prev_responses: the output items before it, where outputs find their calls.

    Returns:
        The message; None for reasoning without content, which callers skip.

    Raises:
        ValueError: another type of item, an output without its call, or a field that is missing
            or of the wrong type.

    Example:
        >>> item = {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "Hm."}]}
        >>> response_input_to_harmony(item, []).channel
        'analysis'

    """
    return _from_item(response_msg, prev_responses, SECOND)


def _from_item(said: object, previous: Sequence[object], rules: Rules) -> Message | None:
    item = entry_of(said, exclude_none=False)
    kind = item.get("type")
    convert = _ITEMS.get("message" if kind is None else kind) if _is_word(kind) else None
    if convert is None:
        message = f"Unknown input type: {kind}"
        raise InvalidInputError(message)
    return convert(item, previous, rules)


def _is_word(kind: object) -> bool:
    return kind is None or isinstance(kind, str)


def _message_item(item: Entry, _previous: Sequence[object], rules: Rules) -> Message:
    role = role_of(field_of(item, "role"))
    prefix = _PREFIX if role.value == rules.instructing_role else ""
    if prefix:
        role = Role.DEVELOPER
    content = field_of(item, "content")
    if isinstance(content, str):
        said = Message.from_role_and_content(role, prefix + content)
    else:
        said = Message.from_role_and_contents(role, _texts(content, prefix))
    return said.with_channel("final") if role is Role.ASSISTANT else said


def _texts(content: object, prefix: str = "") -> list[Content]:
    """Return each part's text; a part without text is an error, never silently empty."""
    texts = [text_of(field_of(dict(part), "text"), "text") for part in parts_of(content)]
    return [TextContent(text=prefix + text) for text in texts]


def _output_item(item: Entry, previous: Sequence[object], _rules: Rules) -> Message:
    call_id = field_of(item, "call_id")
    calls = (call for call in reversed(previous) if isinstance(call, ResponseFunctionToolCall))
    call = next((call for call in calls if call.call_id == call_id), None)
    if call is None:
        message = f"No call message found for {call_id}"
        raise InvalidInputError(message)
    output = field_of(item, "output")
    parts = _texts([{"text": output}] if isinstance(output, str) else output)
    return Message(author=Author.new(Role.TOOL, f"functions.{call.name}"), content=parts)


def _reasoning_item(item: Entry, _previous: Sequence[object], rules: Rules) -> Message | None:
    parts = parts_of(item.get("content") or [])
    texts = [text_of(field_of(dict(part), "text"), "text") for part in parts]
    if not rules.one_reasoning_part:
        return on_channel("analysis", "\n".join(texts)) if texts else None
    return Message.from_role_and_content(Role.ASSISTANT, texts[0]) if len(texts) == 1 else None


def _call_item(item: Entry, _previous: Sequence[object], _rules: Rules) -> Message:
    name = text_of(field_of(item, "name"), "name")
    return function_call(name, text_of(field_of(item, "arguments"), "arguments"))


_ITEMS: Mapping[str, Callable[[Entry, Sequence[object], Rules], Message | None]] = MappingProxyType(
    {
        "message": _message_item,
        "function_call_output": _output_item,
        "reasoning": _reasoning_item,
        "function_call": _call_item,
    }
)
