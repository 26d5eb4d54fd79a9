"""Authors and contents as openai_harmony declares them. Knows nothing of rendering.

Pydantic models whose fields, defaults and order are those of openai_harmony 0.0.8 (0.0.11 of
oss-harmony has the same). They check types when constructed and nothing when assigned to, and
any string is a name: stricter is harmonium's own model, not this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from harmonium.compat.openai_harmony.builtin import tool_namespace_fields
from harmonium.compat.openai_harmony.roles import ReasoningEffort, Role
from harmonium.model import DEFAULT_CHANNELS, DEFAULT_CUTOFF, DEFAULT_IDENTITY


class Author(BaseModel):
    """The author of a message."""

    role: Role
    name: str | None = None

    @classmethod
    def new(cls, role: Role, name: str) -> Author:
        """Build an author with a name."""
        return cls(role=role, name=name)


class Content(BaseModel):
    """Any content of a message."""

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON-ready dicts.

        Raises:
            NotImplementedError: always; the kinds of content say how.

        """
        raise NotImplementedError


class TextContent(Content):
    """A piece of text."""

    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return the content as JSON-ready dicts."""
        return {"type": "text", "text": self.text}


class ToolDescription(BaseModel):
    """One tool; ``parameters`` is a JSON Schema."""

    name: str
    description: str
    parameters: dict | None = None  # type: ignore[type-arg]  # as openai_harmony declares it

    @classmethod
    def new(
        cls,
        name: str,
        description: str,
        parameters: dict | None = None,  # type: ignore[type-arg]
    ) -> ToolDescription:
        """Build a tool's description."""
        return cls(name=name, description=description, parameters=parameters)


class ChannelConfig(BaseModel):
    """The valid channels, and whether each message must name one."""

    valid_channels: list[str]
    channel_required: bool

    @classmethod
    def require_channels(cls, channels: list[str]) -> ChannelConfig:
        """Build a configuration that requires one of these channels."""
        return cls(valid_channels=channels, channel_required=True)


class ToolNamespaceConfig(BaseModel):
    """Tools under a name."""

    name: str
    description: str | None = None
    tools: list[ToolDescription]

    @staticmethod
    def browser() -> ToolNamespaceConfig:
        """Build the built-in ``browser`` namespace."""
        return ToolNamespaceConfig.model_validate(tool_namespace_fields("browser"))

    @staticmethod
    def python() -> ToolNamespaceConfig:
        """Build the built-in ``python`` namespace."""
        return ToolNamespaceConfig.model_validate(tool_namespace_fields("python"))


class SystemContent(Content):
    """The settings of a system message. The ``with_`` methods modify the object and return it."""

    model_identity: str | None = DEFAULT_IDENTITY
    reasoning_effort: ReasoningEffort | None = ReasoningEffort.MEDIUM
    conversation_start_date: str | None = None
    knowledge_cutoff: str | None = DEFAULT_CUTOFF
    channel_config: ChannelConfig | None = Field(
        default_factory=lambda: ChannelConfig.require_channels(list(DEFAULT_CHANNELS))
    )
    tools: dict[str, ToolNamespaceConfig] | None = None

    @classmethod
    def new(cls) -> SystemContent:
        """Build the default settings."""
        return cls()

    def with_model_identity(self, model_identity: str) -> SystemContent:
        """Set the model identity."""
        self.model_identity = model_identity
        return self

    def with_reasoning_effort(self, reasoning_effort: ReasoningEffort) -> SystemContent:
        """Set the reasoning effort."""
        self.reasoning_effort = reasoning_effort
        return self

    def with_conversation_start_date(self, conversation_start_date: str) -> SystemContent:
        """Set the current date."""
        self.conversation_start_date = conversation_start_date
        return self

    def with_knowledge_cutoff(self, knowledge_cutoff: str) -> SystemContent:
        """Set the knowledge cutoff."""
        self.knowledge_cutoff = knowledge_cutoff
        return self

    def with_channel_config(self, channel_config: ChannelConfig) -> SystemContent:
        """Set the valid channels."""
        self.channel_config = channel_config
        return self

    def with_required_channels(self, channels: list[str]) -> SystemContent:
        """Require one of these channels on every message."""
        return self.with_channel_config(ChannelConfig.require_channels(channels))

    def with_tools(self, ns_config: ToolNamespaceConfig) -> SystemContent:
        """Add a namespace, replacing any other of the same name."""
        self.tools = _with_namespace(self.tools, ns_config)
        return self

    def with_browser_tool(self) -> SystemContent:
        """Add the built-in ``browser`` namespace."""
        return self.with_tools(ToolNamespaceConfig.browser())

    def with_python_tool(self) -> SystemContent:
        """Add the built-in ``python`` namespace."""
        return self.with_tools(ToolNamespaceConfig.python())

    def to_dict(self) -> dict:  # type: ignore[type-arg]
        """Return the settings that are not None as JSON-ready dicts."""
        return {**self.model_dump(exclude_none=True), "type": "system_content"}

    @classmethod
    def from_dict(cls, raw: dict) -> SystemContent:  # type: ignore[type-arg]
        """Parse the result of `to_dict`."""
        return cls(**raw)


class DeveloperContent(Content):
    """Instructions and tools. The ``with_`` methods modify the object and return it."""

    instructions: str | None = None
    tools: dict[str, ToolNamespaceConfig] | None = None

    @classmethod
    def new(cls) -> DeveloperContent:
        """Build an empty one."""
        return cls()

    def with_instructions(self, instructions: str) -> DeveloperContent:
        """Set the instructions."""
        self.instructions = instructions
        return self

    def with_tools(self, ns_config: ToolNamespaceConfig) -> DeveloperContent:
        """Add a namespace, replacing any other of the same name."""
        self.tools = _with_namespace(self.tools, ns_config)
        return self

    def with_function_tools(self, tools: Sequence[ToolDescription]) -> DeveloperContent:
        """Set the tools of the ``functions`` namespace."""
        space = ToolNamespaceConfig(name="functions", description=None, tools=list(tools))
        return self.with_tools(space)

    def to_dict(self) -> dict:  # type: ignore[type-arg]
        """Return what is not None as JSON-ready dicts."""
        return {**self.model_dump(exclude_none=True), "type": "developer_content"}

    @classmethod
    def from_dict(cls, raw: dict) -> DeveloperContent:  # type: ignore[type-arg]
        """Parse the result of `to_dict`."""
        return cls(**raw)


def _with_namespace(
    tools: dict[str, ToolNamespaceConfig] | None, added: ToolNamespaceConfig
) -> dict[str, ToolNamespaceConfig]:
    found = {} if tools is None else tools
    found[added.name] = added
    return found
