"""The tool choice of a Responses request. Does not know how tools are declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harmonium.json_types import JSONObject
from harmonium.openai.requests.tools import ToolChoice, choice_among
from harmonium.openai.responses.request.builtin_tools import BUILT_IN
from harmonium.openai.responses.request.json_node import JsonNode
from harmonium.openai.responses.request.tools import RequestTools

_ECHOES: Mapping[str, JSONObject] = {
    "browser": {"type": "web_search_preview"},
    "python": {"type": "code_interpreter"},
    "container": {"type": "mcp", "server_label": "container"},
}
"""Harmony namespace of a built-in tool -> the choice of it, in words the published types know."""


def read_tool_choice(choice: JsonNode, tools: RequestTools) -> tuple[ToolChoice, object]:
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
    choosable = _Choosable.of(tools)
    if kind != "allowed_tools":
        names, echo = choosable.read(choice)
        return choice_among("required", names, choice.path), echo
    mode = choice.get("mode").choice("auto", "required")
    chosen = [choosable.read(tool) for tool in choice.get("tools").items()]
    distinct = {id(found): found for found, _ in chosen}  # a server's many names are read once
    names = tuple(dict.fromkeys(name for found in distinct.values() for name in found))
    repeated = {"type": kind, "mode": mode, "tools": [echo for _, echo in chosen]}
    return choice_among(mode, names, choice.path), repeated


_Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Choosable:
    """The Harmony names of what may be chosen, by the name a choice uses."""

    built_in: Mapping[str, _Names]
    named: Mapping[tuple[str, str], _Names]
    servers: Mapping[tuple[str, str | None], _Names]

    @classmethod
    def of(cls, tools: RequestTools) -> _Choosable:
        plain: dict[tuple[str, str], list[str]] = {}
        spaced: dict[tuple[str, str], list[str]] = {}
        for tool in tools.declared:
            kept = plain if tool.name.namespace is None else spaced
            name = tools.names.harmony_name(tool.name)
            kept.setdefault((tool.name.name, tool.name.kind), []).append(name)
        servers: dict[tuple[str, str | None], _Names] = {}
        for server in tools.servers:
            named = {tool.name.name: tools.names.harmony_name(tool.name) for tool in server.tools}
            servers |= {(server.label, name): (found,) for name, found in named.items()}
            servers[server.label, None] = tuple(named.values())
        return cls(
            {name: (name,) for name in tools.built_in},
            {key: tuple(found) for key, found in (spaced | plain).items()},
            servers,
        )

    def read(self, choice: JsonNode) -> tuple[_Names, JSONObject]:
        """Return the Harmony names that one choice stands for, and its echo."""
        allowed = ("function", "custom", "mcp", *BUILT_IN)
        kind = choice.get("type").choice(*allowed)
        if kind == "mcp":
            return self._read_server(choice)
        if kind in BUILT_IN:
            names, echo = self.built_in.get(BUILT_IN[kind]), dict(_ECHOES[BUILT_IN[kind]])
        else:
            name = choice.get("name").text()
            names, echo = self.named.get((name, kind)), {"type": kind, "name": name}
        if names is None:
            choice.fail(f"{choice.path} names no tool of this request")
        return names, echo

    def _read_server(self, choice: JsonNode) -> tuple[_Names, JSONObject]:
        label, name = choice.get("server_label").text(), choice.get("name").optional_text()
        echo: JSONObject = {"type": "mcp", "server_label": label}
        names = self.servers.get((label, name))
        if name is None:
            if names is None:
                choice.fail(f"{choice.path} names no tool of this request")
            return names, echo
        if names is None:
            choice.get("name").fail(f"{choice.path}.name names no tool of that server")
        return names, {**echo, "name": name}
