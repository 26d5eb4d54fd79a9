"""What is said: roles, authors, contents, tools, messages, conversations, and their JSON."""

from harmonium.model.contents import (
    ChannelConfig,
    Content,
    DeveloperContent,
    SystemContent,
    TextContent,
)
from harmonium.model.json_read import (
    conversation_from_dict,
    conversation_from_json,
    message_from_dict,
)
from harmonium.model.json_write import (
    conversation_to_dict,
    conversation_to_json,
    message_to_dict,
)
from harmonium.model.messages import Conversation, Message
from harmonium.model.roles import Author, ReasoningEffort, Role
from harmonium.model.tools import ResponseFormat, ToolDescription, ToolNamespace

__all__ = [
    "Author",
    "ChannelConfig",
    "Content",
    "Conversation",
    "DeveloperContent",
    "Message",
    "ReasoningEffort",
    "ResponseFormat",
    "Role",
    "SystemContent",
    "TextContent",
    "ToolDescription",
    "ToolNamespace",
    "conversation_from_dict",
    "conversation_from_json",
    "conversation_to_dict",
    "conversation_to_json",
    "message_from_dict",
    "message_to_dict",
]
