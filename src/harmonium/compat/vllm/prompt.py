"""The messages a prompt begins with: system, developer, user. Knows nothing of history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from harmonium.compat.openai_harmony import (
    DeveloperContent,
    Message,
    Role,
    SystemContent,
    ToolDescription,
)
from harmonium.compat.openai_harmony.contents import ToolNamespaceConfig
from harmonium.compat.openai_harmony.roles import ReasoningEffort
from harmonium.compat.vllm import sources
from harmonium.compat.vllm.generation import current
from harmonium.errors import InvalidInputError

REASONING_EFFORT: Mapping[str, ReasoningEffort] = MappingProxyType(
    {
        "high": ReasoningEffort.HIGH,
        "medium": ReasoningEffort.MEDIUM,
        "low": ReasoningEffort.LOW,
    }
)

BUILTIN_TOOL_TO_MCP_SERVER_LABEL: Mapping[str, str] = MappingProxyType(
    {
        "python": "code_interpreter",
        "browser": "web_search_preview",
        "container": "container",
    }
)

MCP_BUILTIN_TOOLS: frozenset[str] = frozenset(BUILTIN_TOOL_TO_MCP_SERVER_LABEL.values())


def has_custom_tools(tool_types: Iterable[str]) -> bool:
    """Return whether there is any type of tool besides the built-in ones.

    Example:
        >>> has_custom_tools({"container"}), has_custom_tools({"container", "function"})
        (False, True)

    """
    return not MCP_BUILTIN_TOOLS.issuperset(tool_types)


def get_system_message(  # noqa: PLR0913, PLR0917  (the published signature)
    model_identity: str | None = None,
    reasoning_effort: str | None = None,
    start_date: str | None = None,
    browser_description: ToolNamespaceConfig | None = None,
    python_description: ToolNamespaceConfig | None = None,
    container_description: ToolNamespaceConfig | None = None,
    instructions: str | None = None,
    with_custom_tools: bool = False,  # noqa: FBT001, FBT002
) -> Message:
    """Build a system message; arguments that are left out keep their defaults.

    Args:
        model_identity: the first line.
        reasoning_effort: ``high``, ``medium`` or ``low``.
        start_date: ``YYYY-MM-DD``; today when None.
        browser_description: the browser's tool namespace; likewise the next two.
        python_description: the Python interpreter's.
        container_description: the container's.
        instructions: join the identity, on a line of their own, when the environment variable
            HARMONIUM_SYSTEM_INSTRUCTIONS is ``1``; else they are the developer message's.
        with_custom_tools: generation 1 leaves ``commentary`` out of the valid channels when this
            is False.

    Raises:
        InvalidInputError: another effort.

    """
    content = SystemContent.new()
    if model_identity is not None:
        content.with_model_identity(model_identity)
    if instructions is not None and sources.system_takes_instructions():
        lines = [line for line in (content.model_identity, instructions) if line]
        content.with_model_identity("\n".join(lines))
    if reasoning_effort is not None:
        content.with_reasoning_effort(_effort(reasoning_effort))
    content.with_conversation_start_date(sources.today() if start_date is None else start_date)
    for space in (browser_description, python_description, container_description):
        if space is not None:
            content.with_tools(space)
    if current().commentary_for_custom_tools_alone and not with_custom_tools:
        config = content.channel_config
        channels = [] if config is None else config.valid_channels
        content.with_required_channels([name for name in channels if name != "commentary"])
    return Message.from_role_and_content(Role.SYSTEM, content)


def _effort(word: str) -> ReasoningEffort:
    found = REASONING_EFFORT.get(word)
    if found is None:
        message = f"unknown reasoning_effort; allowed are {', '.join(REASONING_EFFORT)}"
        raise InvalidInputError(message)
    return found


def get_developer_message(
    instructions: str | None = None, tools: Iterable[object] | None = None
) -> Message:
    """Build a developer message of instructions and function tools.

    Args:
        instructions: left out when they stand in the system message, see `get_system_message`.
        tools: objects or dicts with a ``type``; the built-in types are skipped.

    Raises:
        InvalidInputError: a tool of any other type than these and ``function``.

    """
    content = DeveloperContent.new()
    if instructions is not None and not sources.system_takes_instructions():
        content.with_instructions(instructions)
    found = [create_tool_definition(tool) for tool in tools or () if _is_function(tool)]
    if found:
        content.with_function_tools(found)
    return Message.from_role_and_content(Role.DEVELOPER, content)


def _is_function(tool: object) -> bool:
    kind = _field(tool, "type")
    if kind == "function":
        return True
    if not isinstance(kind, str) or kind not in MCP_BUILTIN_TOOLS:
        message = f"tool type {kind} not supported"
        raise InvalidInputError(message)
    return False


def create_tool_definition(tool: object) -> ToolDescription:
    """Build the description of a function tool.

    Args:
        tool: an object or dict of either API: ``name``, ``description`` and ``parameters`` stand
            on itself (Responses) or under ``function`` (chat).

    Raises:
        InvalidInputError: it has no name.

    Example:
        >>> create_tool_definition({"type": "function", "name": "now", "parameters": None}).name
        'now'

    """
    outer = isinstance(_field(tool, "name"), str)
    function = tool if outer else _field(tool, "function")
    name = _field(function, "name")
    if not isinstance(name, str):
        raise InvalidInputError("a function tool has no name; give one")
    description = _field(function, "description")
    parameters = _field(function, "parameters")
    return ToolDescription.new(name=name, description=description or "", parameters=parameters)


def _field(thing: object, name: str) -> Any:  # noqa: ANN401  (JSON: anything)
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def get_user_message(content: str) -> Message:
    """Build a user's message.

    Example:
        >>> get_user_message("hi").author.role.value
        'user'

    """
    return Message.from_role_and_content(Role.USER, content)
