"""MCP servers of a request: their tools, which may be called, which need approval.

It speaks with no server: what a server's tools are is told to it, and which call waits for whose
approval is told by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harmonium.json_types import JSONObject
from harmonium.openai.requests.tool_names import ToolName
from harmonium.openai.requests.tools import DeclaredTool
from harmonium.openai.responses.request.json_node import JsonNode

Approval = Literal["always", "never"]


@dataclass(frozen=True, slots=True)
class ToolFilter:
    """The tools of a server that are meant; without conditions, all are.

    Args:
        names: their names; None for any.
        read_only: whether they only read, as their ``readOnlyHint`` says; None for either.

    """

    names: frozenset[str] | None = None
    read_only: bool | None = None

    def takes(self, name: str, *, read_only: bool) -> bool:
        """Return whether a tool is meant."""
        named = self.names is None or name in self.names
        return named and self.read_only in {None, read_only}


@dataclass(frozen=True, slots=True)
class KnownTools:
    """What is known of a server's tools.

    Args:
        tools: the array of its tools as ``tools/list`` or an ``mcp_list_tools`` item gives them.
        error: why they could not be listed; None when they were.
        is_said: whether an item before this answer lists them already.

    """

    tools: JsonNode = JsonNode(None)  # noqa: RUF009  (immutable)
    error: str | None = None
    is_said: bool = False


@dataclass(frozen=True, slots=True)
class McpListing:
    """The list of a server's tools as an answer says it: ``tools`` are the API's objects."""

    label: str
    tools: tuple[JSONObject, ...] = ()
    error: str | None = None


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server that a request names.

    Args:
        label: what the request calls it.
        description: what it is for.
        tools: its tools that may be called.
        url: where it is; None when the caller knows.
        authorization: the token it is asked with; never repeated.
        headers: what else it is sent; never repeated.
        held: the names of the tools whose calls wait for approval.
        holds_unknown: whether calls of tools that it is not known to have wait for approval.
        listing: what the answer lists of it; None when that was said before.

    """

    label: str
    description: str | None = None
    tools: tuple[DeclaredTool, ...] = ()
    url: str | None = None
    authorization: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    held: frozenset[str] = frozenset()
    holds_unknown: bool = False
    listing: McpListing | None = None

    def holds(self, name: str) -> bool:
        """Return whether a call of a tool waits for approval."""
        if any(tool.name.name == name for tool in self.tools):
            return name in self.held
        return self.holds_unknown


@dataclass(frozen=True, slots=True)
class ApprovedCall:
    """Name a call that the client has approved and that nobody has run yet.

    Args:
        request_id: the id of the ``mcp_approval_request`` item.
        server_label: the server.
        name: the tool.
        recipient: both, as the model wrote them.
        arguments: what the model wrote as arguments.

    """

    request_id: str
    server_label: str
    name: str
    recipient: str
    arguments: str


def read_server(tool: JsonNode, known: KnownTools, approval: Approval) -> McpServer:
    """Read one tool of the type ``mcp``.

    Args:
        tool: the tool.
        known: what is known of the server's tools.
        approval: what counts where ``require_approval`` is absent.

    Raises:
        RequestError: something in it cannot be read or honoured.

    """
    for name in ("connector_id", "tunnel_id"):
        if not tool.get(name).is_null:
            tool.get(name).refuse("only servers with an address are supported; give server_url")
    label = tool.get("server_label").text()
    if not label:
        tool.get("server_label").fail(f"{tool.path}.server_label must not be empty")
    allowed = read_allowed(tool.get("allowed_tools"))
    hold = _Hold.read(tool.get("require_approval"), approval)
    tools, listed, held = [], [], set()
    for member in known.tools.items():
        name, reads = member.get("name").text(), _only_reads(member)
        if not allowed.takes(name, read_only=reads):
            continue
        tools.append(_declared(member, label))
        listed.append(_listed(member))
        if hold.holds(name, read_only=reads):
            held.add(name)
    listing = None if known.is_said else McpListing(label, tuple(listed), known.error)
    return McpServer(
        label,
        tool.get("server_description").optional_text(),
        tuple(tools),
        tool.get("server_url").optional_text(),
        tool.get("authorization").optional_text(),
        _headers(tool.get("headers")),
        frozenset(held),
        hold.holds("", read_only=False),
        listing,
    )


def echo_server(tool: JsonNode, server: McpServer, approval: Approval) -> JSONObject:
    """Return the tool as the response repeats it: without what is secret."""
    given, held = tool.get("allowed_tools"), tool.get("require_approval")
    return {
        "type": "mcp",
        "server_label": server.label,
        "server_description": server.description,
        "server_url": server.url,
        "require_approval": approval if held.is_null else held.value,
        "allowed_tools": given.value,
    }


def read_allowed(allowed: JsonNode) -> ToolFilter:
    """Read a filter of a server's tools: their names, or an object; null takes all.

    Raises:
        RequestError: it is neither.

    """
    if allowed.is_null:
        return ToolFilter()
    if not isinstance(allowed.value, Mapping):
        return ToolFilter(frozenset(name.text() for name in allowed.items()))
    names, reads = allowed.get("tool_names"), allowed.get("read_only")
    return ToolFilter(
        None if names.is_null else frozenset(name.text() for name in names.items()),
        None if reads.is_null else reads.flag(default=False),
    )


@dataclass(frozen=True, slots=True)
class _Hold:
    """The calls that need approval."""

    always: ToolFilter | None
    never: ToolFilter | None
    otherwise: bool

    @classmethod
    def read(cls, given: JsonNode, approval: Approval) -> _Hold:
        if not isinstance(given.value, Mapping):
            word = approval if given.is_null else given.choice("always", "never")
            return cls(None, None, word == "always")
        always, never = given.get("always"), given.get("never")
        return cls(
            None if always.is_null else read_allowed(always),
            None if never.is_null else read_allowed(never),
            not never.is_null or always.is_null,
        )

    def holds(self, name: str, *, read_only: bool) -> bool:
        if self.always is not None and self.always.takes(name, read_only=read_only):
            return True
        if self.never is not None and self.never.takes(name, read_only=read_only):
            return False
        return self.otherwise


def _declared(member: JsonNode, label: str) -> DeclaredTool:
    schema = member.get("input_schema")
    # The list that an answer says has an empty schema where the server gave none.
    parameters = None if schema.is_null else schema.mapping() or None
    about = member.get("description").optional_text() or ""
    return DeclaredTool(ToolName(member.get("name").text(), "mcp", label), about, parameters)


def _listed(member: JsonNode) -> JSONObject:
    schema, notes = member.get("input_schema"), member.get("annotations")
    return {
        "name": member.get("name").text(),
        "description": member.get("description").optional_text(),
        "input_schema": {} if schema.is_null else dict(schema.mapping()),
        "annotations": None if notes.is_null else dict(notes.mapping()),
    }


def _only_reads(member: JsonNode) -> bool:
    notes = member.get("annotations")
    return not notes.is_null and notes.get("readOnlyHint").value is True


def _headers(headers: JsonNode) -> Mapping[str, str]:
    if headers.is_null:
        return {}
    return {str(name): headers.get(str(name)).text() for name in headers.mapping()}
