"""The text of one content of a message, and when two settings have the same text."""

from __future__ import annotations

import marshal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harmonium.errors import HarmoniumError, InvalidMessageError, Position
from harmonium.model import Content, DeveloperContent, SystemContent, TextContent, ToolNamespace
from harmonium.render.developer import developer_text
from harmonium.render.system import system_text
from harmonium.render.text_rules import TextRules


def content_text(content: Content, role: str, rules: TextRules, *, has_function_tools: bool) -> str:
    """Print one content of a message.

    Args:
        content: text or settings.
        role: the role of the message it stands in.
        rules: how schemas and descriptions are printed.
        has_function_tools: whether the conversation offers functions.

    Raises:
        SchemaError: a tool's schema cannot be printed.
        InvalidMessageError: settings stand in a message of another role.

    """
    match content:
        case TextContent(text):
            return text
        case SystemContent():
            _expect_role("system", role)
            return system_text(content, rules, has_function_tools=has_function_tools)
        case DeveloperContent():
            _expect_role("developer", role)
            return developer_text(content, rules)


@contextmanager
def located(index: int, part: int) -> Iterator[None]:
    """Put the place of a content in front of what an error says of its own."""
    try:
        yield
    except HarmoniumError as error:
        inner = f".{error.position.path}" if error.position.path else ""
        error.position = Position(path=f"messages[{index}].content[{part}]{inner}")
        raise


def settings_key(content: SystemContent | DeveloperContent) -> bytes | None:
    """Return bytes that are equal only for settings that print the same; None when there are none.

    Schemas are mappings that may change or be equal without printing the same (``1 == 1.0``), so
    the key is made of what they hold. Limits do not count: what was printed once was within them.
    """
    tools = [_namespace_facts(space) for space in content.tools]
    facts: Sequence[object]
    if isinstance(content, SystemContent):
        effort, config = content.reasoning_effort, content.channel_config
        facts = (
            *("system", content.model_identity, effort and effort.value),
            *(content.conversation_start_date, content.knowledge_cutoff),
            config and (config.valid_channels, config.channel_required),
        )
    else:
        formats = [(item.name, item.description, item.schema) for item in content.response_formats]
        facts = ("developer", content.instructions, formats)
    return exact_key((facts, tools))


def exact_key(facts: Any) -> bytes | None:  # noqa: ANN401  (whatever marshal takes)
    """Return bytes that are equal only for equal values of equal types; None when none can be."""
    try:
        # version 2 writes values alone: no references, nothing of how strings are interned
        return marshal.dumps(facts, 2)
    except ValueError:
        return None


def _namespace_facts(space: ToolNamespace) -> Sequence[object]:
    tools = [(tool.name, tool.description, tool.parameters) for tool in space.tools]
    return (space.key, space.name, space.description, tools)


def _expect_role(expected: str, found: str) -> None:
    if found != expected:
        message = f"{expected} content may stand only in {expected} messages, found in {found}"
        raise InvalidMessageError(message, code="content_role")
