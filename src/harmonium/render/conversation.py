"""Messages and conversations to segments. Knows nothing of token ids."""

from __future__ import annotations

from harmonium.model import Conversation, Message, Role
from harmonium.render.content import content_text, located
from harmonium.render.flat_messages import flat_messages_of, offers_functions
from harmonium.render.header import Header, header_segments
from harmonium.render.history import kept_messages
from harmonium.render.options import RenderOptions
from harmonium.render.segments import Origin, Segment, Special, Text

DEFAULT_OPTIONS = RenderOptions()


def conversation_segments(
    conversation: Conversation, options: RenderOptions = DEFAULT_OPTIONS
) -> list[Segment]:
    """Print a conversation.

    Args:
        conversation: what was said.
        options: for a completion, for training, the profile and the history rule.

    Raises:
        SchemaError: a tool's schema cannot be printed; ``position.path`` says which.
        InvalidMessageError: a message made without checks holds what it must not.

    Example:
        >>> segments = conversation_segments(Conversation([Message.user("hi")]))
        >>> "".join(segment.text for segment in segments)
        '<|start|>user<|message|>hi<|end|>'

    """
    messages = conversation.messages
    functions = offers_functions(flat_messages_of(conversation))
    out: list[Segment] = []
    for index in kept_messages(messages, options.history):
        out += message_segments(messages[index], options, index=index, has_function_tools=functions)
    if options.training and messages:
        _end_for_training(messages[-1], out)
    if options.next_role is not None:
        out += prompt_segments(str(options.next_role))
    return out


def message_segments(
    message: Message,
    options: RenderOptions = DEFAULT_OPTIONS,
    *,
    index: int = 0,
    has_function_tools: bool = False,
) -> list[Segment]:
    """Print one message; of the options, the profile and what concerns schemas apply.

    Args:
        message: what was said.
        options: see `RenderOptions`.
        index: the message's index, for the origins.
        has_function_tools: whether the conversation offers functions, which the list of valid
            channels in a system message then says.

    Raises:
        SchemaError: a tool's schema cannot be printed.
        InvalidMessageError: a message made without checks holds what it must not.

    """
    author, channel = message.author, message.channel
    role = author.role.value
    header = Header(role, author.name, message.recipient, channel, message.content_type)
    out = header_segments(header, options.dialect, index)
    rules = options.rules
    for part, content in enumerate(message.content):
        origin = Origin(index, "content", role, channel, part)
        with located(index, part):
            text = content_text(content, role, rules, has_function_tools=has_function_tools)
        out.append(Text(text, origin))
    calls = author.role is Role.ASSISTANT and message.recipient is not None
    out.append(Special("call" if calls else "end", Origin(index, "end", role, channel)))
    return out


def prompt_segments(role: str) -> list[Segment]:
    """Print the start of a message that is still to be written: ``<|start|>`` and the role."""
    origin = Origin(None, "role", role)
    return [Special("start", origin), Text(role, origin)]


def _end_for_training(last: Message, out: list[Segment]) -> None:
    if last.author.role is Role.ASSISTANT and last.channel == "final":
        out[-1] = Special("return_", out[-1].origin)
