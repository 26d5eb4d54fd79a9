"""What both APIs share about tools: declarations, the choice among them, free-text input.

How each API spells them is its own, but for the form of free text; it knows no request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harmonium.errors import RequestError
from harmonium.openai.requests.json_fields import read_choice, read_object, read_text
from harmonium.openai.requests.tool_names import ToolName

ToolMode = Literal["auto", "none", "required"]

FREE_TEXT: Mapping[str, object] = MappingProxyType({"type": "string"})
"""The parameters of a custom tool: its input is the whole content of the call, as it is."""

NO_ARGUMENTS = "{}"
"""The arguments of a call that has none: an empty JSON object, for models and clients alike."""

_SYNTAXES = ("lark", "regex")


@dataclass(frozen=True, slots=True)
class DeclaredTool:
    """One tool as the request declares it; ``strict`` asks for arguments that match."""

    name: ToolName
    description: str = ""
    parameters: Mapping[str, object] | None = None
    strict: bool = False


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Whether tools are called, and which.

    Args:
        mode: ``auto`` (the model decides), ``none``, or ``required`` (some tool must be called,
            which the engine has to enforce).
        names: the Harmony names of the tools that may be called.

    """

    mode: ToolMode
    names: tuple[str, ...] = ()


def choice_among(mode: str, names: tuple[str, ...], param: str) -> ToolChoice:
    """Build a choice, ``auto`` or ``required``.

    Raises:
        RequestError: a call is required, and there is nothing to call.

    """
    if mode != "required":
        return ToolChoice("auto", names)
    if not names:
        message = f"{param} asks for a call, but there are no tools to call; give tools"
        raise RequestError(message, param=param, code="invalid_value")
    return ToolChoice("required", names)


def with_format(description: str, value: object, param: str) -> str:
    """Add to a custom tool's description what its input must look like.

    Harmony has no place for a grammar, so the model reads it as text.

    Args:
        description: what the tool is for.
        value: the tool's ``format``, or null. A grammar stands in it, or one level below.
        param: where it stands.

    Raises:
        RequestError: it cannot be read.

    Example:
        >>> form = {"type": "grammar", "syntax": "regex", "definition": "[0-9]+"}
        >>> print(with_format("Adds.", form, "tools[0].format"))
        Adds.
        The input is free text that matches this regex grammar:
        [0-9]+

    """
    if value is None:
        return description
    form = read_object(value, param)
    if read_choice(form.get("type"), f"{param}.type", ("text", "grammar")) == "text":
        return description
    if form.get("grammar") is not None:
        param = f"{param}.grammar"
        form = read_object(form.get("grammar"), param)
    syntax = read_choice(form.get("syntax"), f"{param}.syntax", _SYNTAXES)
    definition = read_text(form.get("definition"), f"{param}.definition")
    line = f"The input is free text that matches this {syntax} grammar:\n{definition}"
    return f"{description}\n{line}" if description else line
