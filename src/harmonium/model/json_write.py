"""Conversations written as JSON, in our form and in openai_harmony's.

Ours keeps the author as an object and knows response formats; the other (what ``to_dict`` of
openai_harmony writes) puts role and name on the message and capitalises efforts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from harmonium.errors import InvalidInputError
from harmonium.json_types import JSONObject
from harmonium.model.contents import Content, DeveloperContent, SystemContent, TextContent
from harmonium.model.messages import Conversation, Message
from harmonium.model.tools import ToolNamespace

Form = Literal["harmonium", "openai_harmony"]


def conversation_to_dict(conversation: Conversation, form: Form = "harmonium") -> JSONObject:
    """Return a conversation as JSON-ready dicts and lists.

    Args:
        conversation: what to write.
        form: ``harmonium`` (lossless) or ``openai_harmony``.

    Raises:
        InvalidInputError: a response format, which the ``openai_harmony`` form cannot hold.

    Example:
        >>> conversation_to_dict(Conversation([Message.user("hi")]))["messages"][0]["author"]
        {'role': 'user'}

    """
    return {"messages": [message_to_dict(message, form) for message in conversation]}


def conversation_to_json(conversation: Conversation, form: Form = "harmonium") -> str:
    """Return a conversation as one line of JSON; see `conversation_to_dict`."""
    return json.dumps(conversation_to_dict(conversation, form), ensure_ascii=True)


def message_to_dict(message: Message, form: Form = "harmonium") -> JSONObject:
    """Return one message as JSON-ready dicts and lists; see `conversation_to_dict`."""
    role, name = message.author.role.value, message.author.name
    out: JSONObject
    if form == "harmonium":
        out = {"author": {"role": role} if name is None else {"role": role, "name": name}}
    elif form == "openai_harmony":
        out = {"role": role, "name": name}
    else:
        text = 'unknown form; allowed are "harmonium" and "openai_harmony"'
        raise InvalidInputError(text)
    out["content"] = [_content_to_dict(content, form) for content in message.content]
    for key in ("channel", "recipient", "content_type"):
        value = getattr(message, key)
        if value is not None:
            out[key] = value
    return out


def _content_to_dict(content: Content, form: Form) -> JSONObject:
    match content:
        case TextContent(text):
            return {"type": "text", "text": text}
        case SystemContent():
            return _system_to_dict(content, form)
        case DeveloperContent():
            return _developer_to_dict(content, form)


def _system_to_dict(content: SystemContent, form: Form) -> JSONObject:
    effort, config = content.reasoning_effort, content.channel_config
    capital = form == "openai_harmony"
    out: JSONObject = {
        "type": "system_content",
        "model_identity": content.model_identity,
        "reasoning_effort": effort and (effort.value.capitalize() if capital else effort.value),
        "conversation_start_date": content.conversation_start_date,
        "knowledge_cutoff": content.knowledge_cutoff,
        "channel_config": config
        and {
            "valid_channels": list(config.valid_channels),
            "channel_required": config.channel_required,
        },
    }
    return out | _tools_to_dict(content.tools)


def _developer_to_dict(content: DeveloperContent, form: Form) -> JSONObject:
    out: JSONObject = {"type": "developer_content"}
    if content.instructions is not None:
        out["instructions"] = content.instructions
    out |= _tools_to_dict(content.tools)
    if content.response_formats and form == "openai_harmony":
        message = "openai_harmony's JSON has no response formats; write the harmonium form"
        raise InvalidInputError(message)
    if content.response_formats:
        out["response_formats"] = [
            {"name": item.name, "description": item.description, "schema": item.schema}
            for item in content.response_formats
        ]
    return out


def _tools_to_dict(namespaces: Sequence[ToolNamespace]) -> JSONObject:
    if not namespaces:
        return {}
    return {"tools": {space.key: _namespace_to_dict(space) for space in namespaces}}


def _namespace_to_dict(space: ToolNamespace) -> JSONObject:
    tools: list[JSONObject] = []
    for tool in space.tools:
        item: JSONObject = {"name": tool.name, "description": tool.description}
        if tool.parameters is not None:
            item["parameters"] = tool.parameters
        tools.append(item)
    head: JSONObject = {"name": space.name}
    if space.description is not None:
        head["description"] = space.description
    return head | {"tools": tools}
