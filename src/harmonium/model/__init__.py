"""What is said: roles, authors, contents, tools, messages, conversations, and their JSON."""

from harmonium.model.checks import unchecked
from harmonium.model.contents import (
    DEFAULT_CHANNELS,
    DEFAULT_CUTOFF,
    DEFAULT_IDENTITY,
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
from harmonium.model.names import (
    CHANNEL_WORDS,
    CONSTRAIN_MARK,
    ROLE_WORDS,
    check_name,
    check_tool_author,
    is_known_tool,
)
from harmonium.model.roles import Author, ReasoningEffort, Role
from harmonium.model.tools import ResponseFormat, ToolDescription, ToolNamespace

__all__ = [
    "CHANNEL_WORDS",
    "CONSTRAIN_MARK",
    "DEFAULT_CHANNELS",
    "DEFAULT_CUTOFF",
    "DEFAULT_IDENTITY",
    "ROLE_WORDS",
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
    "check_name",
    "check_tool_author",
    "conversation_from_dict",
    "conversation_from_json",
    "conversation_to_dict",
    "conversation_to_json",
    "is_known_tool",
    "message_from_dict",
    "message_to_dict",
    "unchecked",
]
