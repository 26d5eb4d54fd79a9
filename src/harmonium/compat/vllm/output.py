"""Output items of a message, finished or open, in both generations.

Older than `harmonium.openai`: a function called on ``analysis`` is taken for a server's tool,
names lose all before their last dot, and code for the interpreter is shown as reasoning.
"""

from __future__ import annotations

from openai.types.responses import ResponseOutputItem

from harmonium.compat.openai_harmony import Message, Role, StreamableParser
from harmonium.compat.vllm import items
from harmonium.compat.vllm.generation import FIRST, SECOND, Rules
from harmonium.compat.vllm.prompt import BUILTIN_TOOL_TO_MCP_SERVER_LABEL
from harmonium.errors import InvalidInputError

_FUNCTIONS = "functions."
_BROWSER = "browser."


def parse_output_message(message: Message) -> list[ResponseOutputItem]:
    """Return the output items of a finished message, as generation 1 does.

    Raises:
        InvalidInputError: an unknown channel without a recipient, or a browser call that is no
            single text or not one of the three.

    """
    return _finished(message, FIRST)


def harmony_to_response_output(message: Message) -> list[ResponseOutputItem]:
    """Return the output items of a finished message, as generation 2 does.

    Messages of others than the assistant give none.

    Raises:
        InvalidInputError: an unknown channel without a recipient, or a browser call that is no
            single text or not one of the three.

    Example:
        >>> said = Message.from_role_and_content(Role.ASSISTANT, "Hi.").with_channel("final")
        >>> harmony_to_response_output(said)[0].content[0].text
        'Hi.'

    """
    return _finished(message, SECOND)


def parse_remaining_state(parser: StreamableParser) -> list[ResponseOutputItem]:
    """Return the item of the message that a parser has open, as generation 1 does."""
    return _open(parser, FIRST)


def parser_state_to_response_output(parser: StreamableParser) -> list[ResponseOutputItem]:
    """Return the item of the message that a parser has open, as generation 2 does.

    For generations that were cut off. None without content, for others than the assistant, for
    calls of the browser and for unknown channels.
    """
    return _open(parser, SECOND)


def _finished(said: Message, rules: Rules) -> list[ResponseOutputItem]:
    if said.author.role != Role.ASSISTANT:
        return []
    texts = [str(getattr(part, "text", "")) for part in said.content]
    recipient = said.recipient
    if recipient is None:
        return _spoken(said.channel, texts, rules)
    if recipient.startswith(_BROWSER):
        return [items.web_search(recipient, texts)]
    if said.channel == "commentary" and recipient.startswith(_FUNCTIONS):
        return [items.function_call(recipient, text) for text in texts]
    if _is_builtin(recipient, rules):
        return [items.reasoning(text) for text in texts]
    return [items.mcp_call(recipient, text, "completed") for text in texts]


def _spoken(channel: str | None, texts: list[str], rules: Rules) -> list[ResponseOutputItem]:
    if _is_reasoning(channel, rules):
        return [items.reasoning(text) for text in texts]
    if channel in {"commentary", "final"}:
        return [items.message(texts, "completed")]
    fault = f"Unknown channel: {channel}"
    raise InvalidInputError(fault)


def _open(parser: StreamableParser, rules: Rules) -> list[ResponseOutputItem]:
    text, channel = parser.current_content, parser.current_channel
    recipient = parser.current_recipient or ""
    if not text or parser.current_role != Role.ASSISTANT or recipient.startswith(_BROWSER):
        return []
    if recipient and channel in {"commentary", "analysis"}:
        return [_open_call(recipient, text, rules)]
    if _is_reasoning(channel, rules):
        return [items.reasoning(text)]
    if channel in {"commentary", "final"}:
        return [items.message([text], "incomplete")]
    return []


def _open_call(recipient: str, text: str, rules: Rules) -> ResponseOutputItem:
    if recipient.startswith(_FUNCTIONS):
        return items.function_call(recipient, text, "in_progress")
    if _is_builtin(recipient, rules):
        return items.reasoning(text)
    return items.mcp_call(recipient, text, "in_progress")


def _is_reasoning(channel: str | None, rules: Rules) -> bool:
    return channel == "analysis" or (channel == "commentary" and not rules.shows_preambles)


def _is_builtin(recipient: str, rules: Rules) -> bool:
    if rules.matches_builtin_prefixes:
        return recipient.startswith(tuple(BUILTIN_TOOL_TO_MCP_SERVER_LABEL))
    return recipient in BUILTIN_TOOL_TO_MCP_SERVER_LABEL
