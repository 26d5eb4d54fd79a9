"""Own what both APIs say of tools: one as declared, the choice among them, free-text input.

How each API spells them is its own; it knows no request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harmonium.openai.tool_names import ToolName

ToolMode = Literal["auto", "none", "required"]

FREE_TEXT: Mapping[str, object] = MappingProxyType({"type": "string"})
"""The parameters of a custom tool: its input is the whole content of the call, as it is."""

SYNTAXES = ("lark", "regex")
"""The kinds of grammar that a custom tool may give for its input."""


@dataclass(frozen=True, slots=True)
class DeclaredTool:
    """Hold one tool as the request declares it; ``strict`` asks for arguments that match."""

    name: ToolName
    description: str = ""
    parameters: Mapping[str, object] | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Say whether tools are called, and which.

    Args:
        mode: ``auto`` (the model decides), ``none``, or ``required`` (some tool must be called,
            which the engine has to enforce).
        names: the Harmony names of the tools that may be called.

    """

    mode: ToolMode
    names: tuple[str, ...] = ()


def with_grammar(description: str, syntax: str, definition: str) -> str:
    """Add to a custom tool's description what its input must look like.

    Harmony has no place for a grammar, so the model reads it as text.

    Example:
        >>> print(with_grammar("Adds.", "regex", "[0-9]+"))
        Adds.
        The input is free text that matches this regex grammar:
        [0-9]+

    """
    line = f"The input is free text that matches this {syntax} grammar:\n{definition}"
    return f"{description}\n{line}" if description else line
