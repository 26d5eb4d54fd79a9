"""Tools of a Responses request: how each kind is declared, offered to the model, echoed.

It knows what a tool is called in Harmony by way of `ToolNameMap`, and runs none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from harmonium.json_types import JSONObject
from harmonium.model import ToolDescription, ToolNamespace
from harmonium.openai.requests.errors import error_param, refused
from harmonium.openai.requests.tolerance import HOSTED_TOOLS, Adapter
from harmonium.openai.requests.tool_names import ToolKind, ToolName, ToolNameMap
from harmonium.openai.requests.tools import FREE_TEXT, DeclaredTool, ToolChoice, with_format
from harmonium.openai.responses.request.builtin_tools import (
    BUILT_IN,
    PARSED,
    echo_built_in,
    read_built_in,
)
from harmonium.openai.responses.request.json_node import JsonNode
from harmonium.openai.responses.request.mcp_servers import (
    Approval,
    KnownTools,
    McpListing,
    McpServer,
    echo_server,
    read_server,
)


@dataclass(frozen=True, slots=True)
class RequestTools:
    """The tools of one request.

    Args:
        declared: function and custom tools, those in namespaces included, in order.
        built_in: the Harmony namespaces of the built-in tools asked for.
        settings: namespace of a built-in tool -> what it is asked to keep to, for who runs it:
            ``filters``, ``user_location``, ``container`` and the like, as the API spells them.
        servers: the MCP servers, each with the tools it may be called for.
        names: every tool's name in Harmony, and back.
        echo: the tools as the response repeats them.
        places: where in the request each tool stands.

    """

    declared: tuple[DeclaredTool, ...] = ()
    built_in: tuple[str, ...] = ()
    settings: Mapping[str, JSONObject] = field(default_factory=dict)
    servers: tuple[McpServer, ...] = ()
    names: ToolNameMap = field(default_factory=ToolNameMap)
    echo: tuple[JSONObject, ...] = ()
    places: Mapping[ToolName, str] = field(default_factory=dict)

    @property
    def parser_tools(self) -> tuple[str, ...]:
        """The names for ``Encoding.parser(tools=...)``: functions, custom and built-in tools."""
        known = (name for space in self.built_in for name in PARSED.get(space, ()))
        return (*self.names.declared, *known)

    @property
    def harmony_names(self) -> tuple[str, ...]:
        """Every tool's Harmony name: what a choice of tools is made from."""
        served = [tool for server in self.servers for tool in server.tools]
        of_servers = (self.names.harmony_name(tool.name) for tool in served)
        return (*self.names.declared, *self.built_in, *of_servers)

    @property
    def listings(self) -> tuple[McpListing, ...]:
        """The lists of servers' tools that an answer says first: those not said before."""
        return tuple(server.listing for server in self.servers if server.listing is not None)

    def holds(self, label: str, name: str) -> bool:
        """Return whether a call of a server's tool waits for the client's approval."""
        return any(server.label == label and server.holds(name) for server in self.servers)

    def namespaces(self, choice: ToolChoice) -> tuple[ToolNamespace, ...]:
        """Return the developer message's namespaces, with the tools that may be called."""
        return tuple(
            ToolNamespace(name, about, tuple(self._described(tool, name) for tool in tools))
            for name, about, tools in self._offered(choice)
        )

    def place_of(self, choice: ToolChoice, space: int, tool: int) -> str:
        """Return the path of a tool in the request, by its place in `namespaces`."""
        return self.places[self._offered(choice)[space][2][tool].name]

    def _offered(
        self, choice: ToolChoice
    ) -> list[tuple[str, str | None, tuple[DeclaredTool, ...]]]:
        """Return name, description and tools of every namespace that has any to be called."""
        spaces: list[tuple[str, str | None, tuple[DeclaredTool, ...]]] = [
            ("functions", None, self.declared),
            *((self.names.server(s.label), s.description, s.tools) for s in self.servers),
        ]
        allowed = set(choice.names)
        offered = [
            (name, about, tuple(t for t in tools if self.names.harmony_name(t.name) in allowed))
            for name, about, tools in spaces
        ]
        return [found for found in offered if found[2]]

    def _described(self, tool: DeclaredTool, space: str) -> ToolDescription:
        name = self.names.harmony_name(tool.name)
        short = name if tool.name.kind != "mcp" else name.removeprefix(f"{space}.")
        return ToolDescription(short, tool.description, tool.parameters)


@dataclass(slots=True)
class _Reading:
    """Collect what the tools say, one after the other."""

    listed: Mapping[str, KnownTools]
    approval: Approval
    declared: list[DeclaredTool] = field(default_factory=list)
    settings: dict[str, JSONObject] = field(default_factory=dict)
    servers: list[McpServer] = field(default_factory=list)
    echo: list[JSONObject] = field(default_factory=list)
    places: dict[ToolName, str] = field(default_factory=dict)

    def declare(self, tool: DeclaredTool, place: JsonNode) -> DeclaredTool:
        """Note where a tool stands; each stands once.

        Raises:
            RequestError: it was declared before.

        """
        if tool.name in self.places:
            message = f"{place.path} declares a tool that is declared already; give it another name"
            JsonNode(None, f"{place.path}.name").fail(message, code="duplicate_tool")
        self.places[tool.name] = place.path
        return tool


def read_tools(
    tools: JsonNode,
    listed: Mapping[str, KnownTools],
    approval: Approval = "never",
    *,
    adapter: Adapter,
    runs_tools: bool = True,
) -> RequestTools:
    """Read the request's tools.

    Args:
        tools: the array, or null.
        listed: label of an MCP server -> what is known of its tools.
        approval: what counts for MCP servers without ``require_approval``.
        adapter: where adaptations go: a tool that nobody here runs is left out.
        runs_tools: whether tools that a server runs itself are run by anyone.

    Raises:
        RequestError: a kind of tool that cannot run here, or one that cannot be read.

    """
    found = _Reading(listed, approval)
    for tool in tools.items():
        kind = tool.get("type").text()
        rule = _RULES.get(kind)
        if kind in HOSTED_TOOLS and (rule is None or not runs_tools):
            adapter.adapt("hosted_tool", refused(f"{tool.path}.type", "no such tool runs here"))
            continue
        if rule is None:
            tool.get("type").fail(f"{tool.path} cannot run here; allowed are {', '.join(_RULES)}")
        _check_callers(tool)
        with error_param(tool.path):
            rule(found, tool)
    served = [tool.name for server in found.servers for tool in server.tools]
    declared = [tool.name for tool in found.declared]
    names = ToolNameMap(declared + served, [server.label for server in found.servers])
    return RequestTools(
        tuple(found.declared),
        tuple(found.settings),
        found.settings,
        tuple(found.servers),
        names,
        tuple(found.echo),
        found.places,
    )


def _function(found: _Reading, tool: JsonNode) -> None:
    found.declared.append(found.declare(_declared_function(tool, None), tool))
    found.echo.append(_echo_function(tool))


def _custom(found: _Reading, tool: JsonNode) -> None:
    found.declared.append(found.declare(_declared_custom(tool, None), tool))
    found.echo.append(_echo_custom(tool))


def _namespace(found: _Reading, tool: JsonNode) -> None:
    name, about = tool.get("name").text(), tool.get("description").optional_text() or ""
    inner, echo = [], []
    for member in tool.get("tools").items():
        _check_callers(member)
        if member.get("type").choice("function", "custom") == "custom":
            inner.append(found.declare(_declared_custom(member, name), member))
            echo.append(_echo_custom(member))
        else:
            inner.append(found.declare(_declared_function(member, name), member))
            echo.append(_echo_function(member))
    if inner and about:
        # Harmony has no place for it: the first tool's description carries it.
        told = f"Namespace {name}: {about}\n{inner[0].description}".rstrip("\n")
        inner[0] = replace(inner[0], description=told)
    found.declared += inner
    found.echo.append({"type": "namespace", "name": name, "description": about, "tools": echo})


def _built_in(found: _Reading, tool: JsonNode) -> None:
    kind, settings = tool.get("type").text(), read_built_in(tool)
    if found.settings.setdefault(BUILT_IN[kind], settings) != settings:
        message = f"{tool.path} asks for the same tool with other settings; give it once"
        tool.fail(message, code="duplicate_tool")
    found.echo.append(echo_built_in(kind, settings))


def _mcp(found: _Reading, tool: JsonNode) -> None:
    known = found.listed.get(tool.get("server_label").text(), KnownTools(is_said=True))
    server = read_server(tool, known, found.approval)
    if any(server.label == other.label for other in found.servers):
        message = f"{tool.path} names a server that is named already; give it another label"
        tool.get("server_label").fail(message, code="duplicate_tool")
    for declared in server.tools:
        found.declare(declared, known.tools if known.is_said else tool)
    found.servers.append(server)
    found.echo.append(echo_server(tool, server, found.approval))


def _check_callers(tool: JsonNode) -> None:
    """Refuse what would have a tool called in a way that is not known here."""
    for name in ("defer_loading", "async"):
        if tool.get(name).value is True:
            tool.get(name).refuse("it is not supported here; leave it out")
    callers = tool.get("allowed_callers")
    if not callers.is_null and "direct" not in [caller.text() for caller in callers.items()]:
        callers.refuse("only direct calls by the model are supported; allow direct")


def _declared_function(tool: JsonNode, namespace: str | None) -> DeclaredTool:
    schema = tool.get("parameters")
    return DeclaredTool(
        _name(tool, "function", namespace),
        tool.get("description").optional_text() or "",
        None if schema.is_null else schema.mapping(),
        tool.get("strict").flag(default=False),
    )


def _declared_custom(tool: JsonNode, namespace: str | None) -> DeclaredTool:
    about, form = tool.get("description").optional_text() or "", tool.get("format")
    told = with_format(about, form.value, form.path)
    return DeclaredTool(_name(tool, "custom", namespace), told, FREE_TEXT)


def _name(tool: JsonNode, kind: ToolKind, namespace: str | None) -> ToolName:
    name = tool.get("name")
    if name.is_null and not tool.get(kind).is_null:
        name.fail(f"{name.path} is missing; what stands in {kind}, as in chat, stands beside type")
    if not name.text():
        name.fail(f"{name.path} must not be empty")
    return ToolName(name.text(), kind, namespace)


def _echo_function(tool: JsonNode) -> JSONObject:
    schema = tool.get("parameters")
    return {
        "type": "function",
        "name": tool.get("name").text(),
        "description": tool.get("description").optional_text(),
        "parameters": None if schema.is_null else dict(schema.mapping()),
        "strict": tool.get("strict").value,
    }


def _echo_custom(tool: JsonNode) -> JSONObject:
    form = tool.get("format")
    return {
        "type": "custom",
        "name": tool.get("name").text(),
        "description": tool.get("description").optional_text(),
        "format": {"type": "text"} if form.is_null else dict(form.mapping()),
    }


_RULES: Mapping[str, Callable[[_Reading, JsonNode], None]] = MappingProxyType(
    {
        "function": _function,
        "custom": _custom,
        "namespace": _namespace,
        "mcp": _mcp,
        **dict.fromkeys(BUILT_IN, _built_in),
    }
)
