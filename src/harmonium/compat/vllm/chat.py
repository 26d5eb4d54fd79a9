"""Chat history to Harmony messages, the same in both generations.

Older than `harmonium.openai`: a preamble comes before the reasoning that led to it, an unknown
call's result has an empty name, and parts that are no text are left out without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harmonium.compat.openai_harmony import Author, Content, Message, Role
from harmonium.compat.vllm.entries import (
    Entry,
    calls_of,
    contents_of,
    entry_of,
    flat_text,
    role_of,
    text_of,
)


def parse_chat_inputs_to_harmony_messages(chat_msgs: Iterable[object]) -> list[Message]:
    """Convert a chat request's messages and drop the analysis of finished turns.

    Results of tools find their function's name by the id of the call that asked for them.

    Args:
        chat_msgs: dicts or pydantic objects.

    Raises:
        ValueError: an unknown role, or a field of the wrong type.

    Example:
        >>> [said.channel for said in parse_chat_inputs_to_harmony_messages([
        ...     {"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hi."}])]
        [None, 'final']

    """
    entries = [entry_of(said) for said in chat_msgs]
    names = {call.id: call.name for entry in entries for call in calls_of(entry)}
    messages = [said for entry in entries for said in _messages(entry, names)]
    return auto_drop_analysis_messages(messages)


def parse_chat_input_to_harmony_message(
    chat_msg: object, tool_id_names: Mapping[str, str] | None = None
) -> list[Message]:
    """Convert one message of a chat request to zero, one or several Harmony messages.

    Args:
        chat_msg: a dict or a pydantic object.
        tool_id_names: function names by the ids of their calls, for results of tools.

    Raises:
        ValueError: an unknown role, or a field of the wrong type.

    """
    return _messages(entry_of(chat_msg), tool_id_names or {})


def auto_drop_analysis_messages(msgs: Sequence[Message]) -> list[Message]:
    """Drop every message on ``analysis`` before the last assistant message on ``final``.

    Harmony's own rule looks only at the first ``final`` of a conversation; with several turns
    this one drops what that one keeps.
    """
    last = max((index for index, said in enumerate(msgs) if _is_answer(said)), default=-1)
    return [said for index, said in enumerate(msgs) if index > last or said.channel != "analysis"]


def _is_answer(said: Message) -> bool:
    return said.author.role == Role.ASSISTANT and said.channel == "final"


def _messages(entry: Entry, names: Mapping[str, str]) -> list[Message]:
    role = role_of(entry.get("role"))
    if role is Role.TOOL:
        return [_result(entry, names)]
    if role is not Role.ASSISTANT:
        return [Message.from_role_and_contents(role, contents_of(entry.get("content")))]
    calls = calls_of(entry)
    if calls:
        said = [on_channel("commentary", flat_text(entry.get("content")))]
        said.append(_reasoning(entry))
        spoken = [message for message in said if _first_text(message.content)]
        return spoken + [function_call(call.name, call.arguments) for call in calls]
    answer = Message.from_role_and_contents(role, contents_of(entry.get("content")))
    said = [_reasoning(entry), answer.with_channel("final")]
    return [message for message in said if _first_text(message.content)]


def _first_text(contents: Sequence[Content]) -> object:
    return getattr(contents[0], "text", "") if contents else ""


def _reasoning(entry: Entry) -> Message:
    text = entry.get("reasoning") or entry.get("reasoning_content")
    return on_channel("analysis", text_of(text, "reasoning"))


def _result(entry: Entry, names: Mapping[str, str]) -> Message:
    name = names.get(text_of(entry.get("tool_call_id"), "tool_call_id")) or ""
    text = flat_text(entry.get("content"))
    return function_result(f"functions.{name}", text).with_recipient("assistant")


def on_channel(channel: str, text: str) -> Message:
    """Build an assistant's message."""
    return Message.from_role_and_content(Role.ASSISTANT, text).with_channel(channel)


def function_call(name: str, arguments: str) -> Message:
    """Build an assistant's function call."""
    call = on_channel("commentary", arguments).with_recipient(f"functions.{name}")
    return call.with_content_type("json")


def function_result(author: str, text: str) -> Message:
    """Build a tool's message without a recipient."""
    result = Message.from_author_and_content(Author.new(Role.TOOL, author), text)
    return result.with_channel("commentary")
