"""Tools of a chat request: declaration, offer to the model, choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping
from harmonium.model import ToolDescription, ToolNamespace
from harmonium.openai.requests.errors import error_param, missing, refused
from harmonium.openai.requests.json_fields import (
    read_choice,
    read_flag,
    read_list,
    read_name,
    read_object,
    read_text,
)
from harmonium.openai.requests.tolerance import HOSTED_TOOLS, Adapter
from harmonium.openai.requests.tool_names import ToolKind, ToolName, ToolNameMap
from harmonium.openai.requests.tools import (
    FREE_TEXT,
    DeclaredTool,
    ToolChoice,
    choice_among,
    with_format,
)

_KINDS: Mapping[str, ToolKind] = {"function": "function", "custom": "custom"}


def read_tools(value: object, param: str, adapter: Adapter) -> list[DeclaredTool]:
    """Read the request's tools; null is none. Tools that only OpenAI runs are left out.

    Raises:
        RequestError: something that is no function or custom tool.

    """
    if value is None:
        return []
    items = enumerate(read_list(value, param))
    tools = (_read_tool(item, f"{param}[{index}]", adapter) for index, item in items)
    return [tool for tool in tools if tool is not None]


def _read_tool(value: object, param: str, adapter: Adapter) -> DeclaredTool | None:
    tool = read_object(value, param)
    if tool.get("type") is None:
        raise missing(param, "type")
    if isinstance(tool["type"], str) and tool["type"] in HOSTED_TOOLS:
        adapter.adapt("hosted_tool", refused(f"{param}.type", "no such tool runs here"))
        return None
    kind = _KINDS[read_choice(tool["type"], f"{param}.type", _KINDS)]
    inner = f"{param}.{kind}"
    if tool.get(kind) is None:
        raise missing(inner)
    fields = read_object(tool[kind], inner)
    name = ToolName(read_name(fields.get("name"), f"{inner}.name"), kind)
    description = fields.get("description")
    text = "" if description is None else read_text(description, f"{inner}.description")
    if kind == "custom":
        told = with_format(text, fields.get("format"), f"{inner}.format")
        return DeclaredTool(name, told, FREE_TEXT)
    parameters = fields.get("parameters")
    schema = None if parameters is None else read_object(parameters, f"{inner}.parameters")
    strict = fields.get("strict")
    exact = strict is not None and read_flag(strict, f"{inner}.strict")
    return DeclaredTool(name, text, schema, exact)


def name_map(tools: Sequence[DeclaredTool], param: str) -> ToolNameMap:
    """Return the tools' Harmony names.

    Raises:
        RequestError: a tool is declared twice.

    """
    seen: set[ToolName] = set()
    for index, tool in enumerate(tools):
        if tool.name in seen:
            where = f"{param}[{index}].{tool.name.kind}.name"
            message = f"{where} is the name of another tool already; give each its own"
            raise RequestError(message, param=where, code="duplicate_tool")
        seen.add(tool.name)
    return ToolNameMap(tool.name for tool in tools)


def namespaces(
    tools: Sequence[DeclaredTool], names: ToolNameMap, choice: ToolChoice, param: str
) -> tuple[ToolNamespace, ...]:
    """Return the ``functions`` namespace of the tools that may be called; nothing for none."""
    offered: list[ToolDescription] = []
    allowed = frozenset(choice.names)
    for index, tool in enumerate(tools):
        name = names.harmony_name(tool.name)
        if name in allowed:
            with error_param(f"{param}[{index}]"):
                offered.append(ToolDescription(name, tool.description, tool.parameters))
    return (ToolNamespace.functions(offered),) if offered else ()


def read_tool_choice(
    value: object, param: str, tools: Sequence[DeclaredTool], names: ToolNameMap
) -> ToolChoice:
    """Read ``tool_choice``; null is ``auto``.

    Raises:
        RequestError: an unknown mode, or a tool that is not declared.

    """
    every = names.declared
    if value is None or isinstance(value, str):
        word = read_choice(value or "auto", param, ("none", "auto", "required"))
        if word == "none":
            return ToolChoice("none")
        return choice_among(word, every, param)
    choice = read_object(value, param)
    kind = read_choice(choice.get("type"), f"{param}.type", (*_KINDS, "allowed_tools"))
    known = {tool.name: names.harmony_name(tool.name) for tool in tools}
    if kind != "allowed_tools":
        return ToolChoice("required", (_read_chosen(choice, param, known),))
    return _read_allowed(choice.get(kind), f"{param}.{kind}", known)


def _read_allowed(value: object, param: str, known: Mapping[ToolName, str]) -> ToolChoice:
    allowed = read_object(value, param)
    word = read_choice(allowed.get("mode"), f"{param}.mode", ("auto", "required"))
    found: dict[str, None] = {}
    for index, entry in enumerate(read_list(allowed.get("tools"), f"{param}.tools")):
        where = f"{param}.tools[{index}]"
        found[_read_chosen(read_object(entry, where), where, known)] = None
    return choice_among(word, tuple(found), param)


def _read_chosen(choice: JSONMapping, param: str, known: Mapping[ToolName, str]) -> str:
    """Return the Harmony name of the tool that ``{"type": T, T: {"name": N}}`` names."""
    kind = _KINDS[read_choice(choice.get("type"), f"{param}.type", _KINDS)]
    inner = f"{param}.{kind}"
    name = read_name(read_object(choice.get(kind), inner).get("name"), f"{inner}.name")
    chosen = known.get(ToolName(name, kind))
    if chosen is None:
        message = f"{inner}.name names no tool of this request"
        raise RequestError(message, param=f"{inner}.name", code="invalid_value")
    return chosen
