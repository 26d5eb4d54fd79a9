"""Own how this room uses harmonium's renderer, and the words in which it refuses; no JSON here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harmonium.compat.openai_harmony.choice import profile
from harmonium.compat.openai_harmony.failures import HarmonyError
from harmonium.errors import InvalidMessageError
from harmonium.limits import Limits
from harmonium.model.contents import Content, DeveloperContent, SystemContent
from harmonium.model.messages import Conversation, Message
from harmonium.model.roles import Role
from harmonium.render.conversation import conversation_segments, message_segments
from harmonium.render.encode import encode_segments
from harmonium.render.history import kept_messages
from harmonium.render.options import RenderOptions
from harmonium.tokens.tokenizer import Tokenizer

_BOUNDLESS = 1 << 62
_LIMITS = Limits(
    schema_depth=_BOUNDLESS,
    schema_width=_BOUNDLESS,
    schema_nodes=_BOUNDLESS,
    schema_chars=_BOUNDLESS,
)
"""Schemas have come through JSON, or might have: they are finite and not nested too deeply."""


def render_conversation(
    conversation: Conversation,
    tokenizer: Tokenizer,
    *,
    next_role: str | None = None,
    training: bool = False,
    drop_analysis: bool = True,
) -> list[int]:
    """Render a conversation as the chosen library does.

    Raises:
        RuntimeError: a tool without a name, or settings in a message of another role; for a
            completion it is a HarmonyError.

    """
    options = RenderOptions(
        next_role=next_role,
        training=training,
        profile=profile(),
        history="library" if drop_analysis else "keep",
        extensions=False,
        limits=_LIMITS,
    )
    try:
        segments = conversation_segments(conversation, options)
    except InvalidMessageError:
        kept = kept_messages(conversation.messages, options.history)
        fault = _refusal([conversation.messages[index] for index in kept])
        raise (RuntimeError if next_role is None else HarmonyError)(fault) from None
    return encode_segments(segments, tokenizer)


def render_message(
    message: Message, tokenizer: Tokenizer, *, has_function_tools: bool = False
) -> list[int]:
    """Render one message as the chosen library does.

    Raises:
        RuntimeError: a tool without a name, or settings in a message of another role.

    """
    options = RenderOptions(profile=profile(), extensions=False, limits=_LIMITS)
    try:
        segments = message_segments(message, options, has_function_tools=has_function_tools)
    except InvalidMessageError:
        raise RuntimeError(_refusal([message])) from None
    return encode_segments(segments, tokenizer)


def _refusal(messages: list[Message]) -> str:
    """Say in the library's words which of the messages cannot be rendered."""
    for message in messages:
        role = message.author.role
        if role is Role.TOOL and message.author.name is None:
            return "Tools should have a name!"
        for content in message.content:
            kind = type(content)
            home = _HOMES.get(kind, role)
            if home is not role:
                places = f"{home.value} messages, found in {role.value.capitalize()}"
                return f"{kind.__name__} may only appear in {places}"
    return "this conversation cannot be rendered"


_HOMES: Mapping[type[Content], Role] = MappingProxyType(
    {SystemContent: Role.SYSTEM, DeveloperContent: Role.DEVELOPER}
)
