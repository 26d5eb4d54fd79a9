"""Own how a Responses request chooses among its tools; know nothing of how they are declared."""

from __future__ import annotations

from collections.abc import Mapping

from harmonium.openai.responses.built_in import BUILT_IN
from harmonium.openai.responses.node import Node
from harmonium.openai.responses.tools import RequestTools
from harmonium.openai.tool_names import ToolName
from harmonium.openai.tools import ToolChoice, choice_among

JSON = dict[str, object]

_ECHOES: Mapping[str, JSON] = {
    "browser": {"type": "web_search_preview"},
    "python": {"type": "code_interpreter"},
    "container": {"type": "mcp", "server_label": "container"},
}
"""Harmony namespace of a built-in tool -> the choice of it, in words the published types know."""


def read_tool_choice(choice: Node, tools: RequestTools) -> tuple[ToolChoice, object]:
    """Read ``tool_choice``; give it with what the response repeats of it. Null is ``auto``.

    Raises:
        RequestError: an unknown mode, a tool that is not declared, or a call asked for without
            tools to call.

    """
    if not isinstance(choice.value, Mapping):
        mode = "auto" if choice.is_null else choice.choice("none", "auto", "required")
        if mode == "none":
            return ToolChoice("none"), mode
        return choice_among(mode, tools.harmony_names, choice.path), mode
    kind = choice.get("type").text()
    if kind != "allowed_tools":
        names, echo = _chosen(choice, tools)
        return choice_among("required", names, choice.path), echo
    mode = choice.get("mode").choice("auto", "required")
    chosen = [_chosen(tool, tools) for tool in choice.get("tools").items()]
    names = tuple(dict.fromkeys(name for found, _ in chosen for name in found))
    repeated = {"type": kind, "mode": mode, "tools": [echo for _, echo in chosen]}
    return choice_among(mode, names, choice.path), repeated


def _chosen(choice: Node, tools: RequestTools) -> tuple[tuple[str, ...], JSON]:
    """Give the Harmony names that one choice stands for, and its echo."""
    allowed = ("function", "custom", "mcp", *BUILT_IN)
    kind = choice.get("type").choice(*allowed)
    if kind in BUILT_IN:
        names: tuple[str, ...] = (BUILT_IN[kind],)
        known = names[0] in tools.built_in
        echo = dict(_ECHOES[BUILT_IN[kind]])
    elif kind == "mcp":
        names, echo = _chosen_server(choice, tools)
        known = echo["server_label"] in {server.label for server in tools.servers}
    else:
        name = choice.get("name").text()
        names, echo = _named(name, kind, tools), {"type": kind, "name": name}
        known = bool(names)
    if not known:
        choice.fail(f"{choice.path} names no tool of this request")
    return names, echo


def _named(name: str, kind: str, tools: RequestTools) -> tuple[str, ...]:
    found = [
        tool.name for tool in tools.declared if (tool.name.name, tool.name.kind) == (name, kind)
    ]
    plain = [tool for tool in found if tool.namespace is None]
    return tuple(tools.names.harmony_name(tool) for tool in plain or found)


def _chosen_server(choice: Node, tools: RequestTools) -> tuple[tuple[str, ...], JSON]:
    label, name = choice.get("server_label").text(), choice.get("name").optional_text()
    served = [tool.name for server in tools.servers for tool in server.tools]
    wanted: list[ToolName] = [
        tool for tool in served if tool.namespace == label and name in {None, tool.name}
    ]
    echo: JSON = {"type": "mcp", "server_label": label}
    if name is not None:
        echo["name"] = name
        if not wanted:
            choice.get("name").fail(f"{choice.path}.name names no tool of that server")
    return tuple(map(tools.names.harmony_name, wanted)), echo
