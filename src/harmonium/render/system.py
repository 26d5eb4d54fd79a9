"""The text of system settings. Knows nothing of the message around it."""

from __future__ import annotations

from harmonium.model import ChannelConfig, SystemContent
from harmonium.render.text_rules import TextRules
from harmonium.render.tools_text import tools_text

_REQUIRED = " Channel must be included for every message."
_FUNCTIONS = "\nCalls to these tools must go to the commentary channel: 'functions'."


def system_text(content: SystemContent, rules: TextRules, *, has_function_tools: bool) -> str:
    """Print system settings, leaving out what is None.

    Args:
        content: the settings.
        rules: how tools are printed.
        has_function_tools: whether a developer message of the conversation offers functions.

    Raises:
        SchemaError: a tool's parameters cannot be printed.

    Example:
        >>> print(system_text(SystemContent("Be brief.", None, channel_config=None),
        ...                   TextRules(), has_function_tools=False))
        Be brief.
        Knowledge cutoff: 2024-06

    """
    about = [] if content.model_identity is None else [content.model_identity]
    if content.knowledge_cutoff is not None:
        about.append(f"Knowledge cutoff: {content.knowledge_cutoff}")
    if content.conversation_start_date is not None:
        about.append(f"Current date: {content.conversation_start_date}")
    sections = ["\n".join(about)] if about else []
    if content.reasoning_effort is not None:
        sections.append(f"Reasoning: {content.reasoning_effort.value}")
    if content.tools:
        sections.append(tools_text(content.tools, rules))
    channels = content.channel_config
    if channels is not None and channels.valid_channels:
        sections.append(_channels_text(channels, has_function_tools=has_function_tools))
    return "\n\n".join(sections)


def _channels_text(config: ChannelConfig, *, has_function_tools: bool) -> str:
    text = f"# Valid channels: {', '.join(config.valid_channels)}."
    if config.channel_required:
        text += _REQUIRED
    return text + _FUNCTIONS if has_function_tools else text
