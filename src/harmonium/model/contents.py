"""Contents of messages: text, system settings, developer settings. Does not print them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harmonium.errors import InvalidInputError, Position
from harmonium.model.checks import as_tuple, check_line, check_text
from harmonium.model.names import check_name
from harmonium.model.roles import ReasoningEffort
from harmonium.model.tools import ResponseFormat, ToolNamespace

DEFAULT_IDENTITY = "You are ChatGPT, a large language model trained by OpenAI."
DEFAULT_CUTOFF = "2024-06"
DEFAULT_CHANNELS = ("analysis", "commentary", "final")


@dataclass(frozen=True, slots=True)
class TextContent:
    """A piece of text.

    Raises:
        InvalidInputError: the text is no string.

    """

    text: str

    def __post_init__(self) -> None:
        check_text(self.text, "text")


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """The channels the model may use, and whether it must name one.

    Raises:
        InvalidNameError: a channel is not one word.

    """

    valid_channels: Sequence[str] = DEFAULT_CHANNELS
    channel_required: bool = True

    def __post_init__(self) -> None:
        channels = as_tuple(self.valid_channels, str, "valid_channels")
        for channel in channels:
            check_name(channel, "channel")
        object.__setattr__(self, "valid_channels", channels)
        if not isinstance(self.channel_required, bool):
            message = "channel_required must be true or false"
            raise InvalidInputError(message, position=Position(path="channel_required"))


@dataclass(frozen=True, slots=True)
class SystemContent:
    """The settings of a system message. A field that is None is left out of the prompt.

    Args:
        model_identity: who the model is; free text.
        reasoning_effort: low, medium or high.
        conversation_start_date: today's date, ``YYYY-MM-DD`` by custom; one line. The library
            reads no clock: give it.
        knowledge_cutoff: ``YYYY-MM`` by custom; one line.
        channel_config: which channels are valid.
        tools: built-in tool namespaces (``browser``, ``python``).

    Raises:
        InvalidNameError: an unknown effort.
        InvalidInputError: a date of more than one line, or a wrong type.

    Example:
        >>> SystemContent(reasoning_effort=ReasoningEffort.HIGH).knowledge_cutoff
        '2024-06'

    """

    model_identity: str | None = DEFAULT_IDENTITY
    reasoning_effort: ReasoningEffort | None = ReasoningEffort.MEDIUM
    conversation_start_date: str | None = None
    knowledge_cutoff: str | None = DEFAULT_CUTOFF
    channel_config: ChannelConfig | None = field(default_factory=ChannelConfig)
    tools: Sequence[ToolNamespace] = ()

    def __post_init__(self) -> None:
        if self.model_identity is not None:
            check_text(self.model_identity, "model_identity")
        if self.reasoning_effort is not None:
            effort = ReasoningEffort(self.reasoning_effort)
            object.__setattr__(self, "reasoning_effort", effort)
        for what in ("conversation_start_date", "knowledge_cutoff"):
            value = getattr(self, what)
            if value is not None:
                check_line(value, what)
        if self.channel_config is not None and not isinstance(self.channel_config, ChannelConfig):
            message = "channel_config must be a ChannelConfig or None"
            raise InvalidInputError(message, position=Position(path="channel_config"))
        object.__setattr__(self, "tools", as_tuple(self.tools, ToolNamespace, "tools"))


@dataclass(frozen=True, slots=True)
class DeveloperContent:
    """The application's instructions, its tools and the formats it wants answers in.

    Args:
        instructions: free text, or None.
        tools: namespaces; an application's own functions belong in ``ToolNamespace.functions``.
        response_formats: JSON Schemas for the final answer.

    Raises:
        InvalidInputError: a wrong type.

    Example:
        >>> DeveloperContent("Answer briefly.").tools
        ()

    """

    instructions: str | None = None
    tools: Sequence[ToolNamespace] = ()
    response_formats: Sequence[ResponseFormat] = ()

    def __post_init__(self) -> None:
        if self.instructions is not None:
            check_text(self.instructions, "instructions")
        object.__setattr__(self, "tools", as_tuple(self.tools, ToolNamespace, "tools"))
        formats = as_tuple(self.response_formats, ResponseFormat, "response_formats")
        object.__setattr__(self, "response_formats", formats)


Content = TextContent | SystemContent | DeveloperContent
