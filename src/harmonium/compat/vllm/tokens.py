"""Messages to token ids and back: one encoding, one kind of parser. Knows no OpenAI object."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from harmonium.compat.openai_harmony import (
    Conversation,
    HarmonyEncoding,
    HarmonyEncodingName,
    Message,
    Role,
    StreamableParser,
    load_harmony_encoding,
)
from harmonium.compat.vllm.generation import Rules, current

Header = tuple[str | None, str | None]
"""Channel and recipient."""


@cache
def get_encoding() -> HarmonyEncoding:
    """Return the encoding, the same object at every call."""
    return load_harmony_encoding(HarmonyEncodingName.HARMONY_GPT_OSS)


def get_stop_tokens_for_assistant_actions() -> list[int]:
    """List the ids at which generation stops: a call is complete, or the answer is.

    Example:
        >>> sorted(get_stop_tokens_for_assistant_actions())
        [200002, 200012]

    """
    return get_encoding().stop_tokens_for_assistant_actions()


def get_streamable_parser_for_assistant() -> StreamableParser:
    """Build a parser for an assistant's completion of a prompt."""
    return StreamableParser(get_encoding(), role=Role.ASSISTANT)


def own_message(message: Any) -> Message:  # noqa: ANN401  (whatever has a Message's to_dict)
    """Convert a message of openai_harmony itself to ours."""
    return message if isinstance(message, Message) else Message.from_dict(message.to_dict())


def render_for_completion(messages: Sequence[Message]) -> list[int]:
    """Render messages and the start of the assistant's next one.

    Messages of openai_harmony itself are taken as well.
    """
    said = [own_message(message) for message in messages]
    conversation = Conversation.from_messages(said)
    return get_encoding().render_conversation_for_completion(conversation, Role.ASSISTANT)


def parse_output_into_messages(token_ids: Iterable[int]) -> StreamableParser:
    """Feed an answer's ids to a new parser and return it; its last message may still be open.

    Raises:
        HarmonyError: the ids are no messages, unless `set_policy` has asked for repairs.

    """
    parser = get_streamable_parser_for_assistant()
    for token in token_ids:
        parser.process(token)
    return parser


def parse_chat_output(token_ids: Iterable[int]) -> tuple[str | None, str | None, bool]:
    """Return an answer's reasoning, its visible text, and False.

    The last message may be open. Several texts are joined by newlines; None stands for an empty
    one. In generation 1 all that is not on ``analysis`` is visible; in generation 2 ``final``,
    and ``commentary`` without a recipient.

    Raises:
        HarmonyError: as `parse_output_into_messages`.

    Example:
        >>> ids = get_encoding().encode("<|channel|>final<|message|>Hi", allowed_special="all")
        >>> parse_chat_output(ids)
        (None, 'Hi', False)

    """
    parser = parse_output_into_messages(token_ids)
    rules = current()
    said = [
        ((message.channel, message.recipient), _first_text(message)) for message in parser.messages
    ]
    if parser.current_content:
        header = (parser.current_channel, parser.current_recipient)
        said.append((header, parser.current_content))
    reasoning = [text for (channel, _), text in said if channel == "analysis"]
    visible = [text for header, text in said if _is_visible(header, rules)]
    return "\n".join(reasoning) or None, "\n".join(visible) or None, False


def _first_text(message: Message) -> str:
    return str(getattr(message.content[0], "text", "")) if message.content else ""


def _is_visible(header: Header, rules: Rules) -> bool:
    channel, recipient = header
    if rules.hides_analysis_alone:
        return channel != "analysis"
    return channel == "final" or (channel == "commentary" and not recipient)
