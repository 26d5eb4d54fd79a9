"""Names of a request's tools as Harmony names, and back.

A client's name may hold what no header can carry (spaces, other scripts, ``<``), read as something
else there (``python``, ``final``), or belong to a namespace. Each gets a Harmony name of its own
for as long as the request lasts, and the way back is a table, so nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from harmonium.errors import InvalidInputError
from harmonium.model import Role

ToolKind = Literal["function", "custom", "mcp"]

FUNCTIONS = "functions."
MAX_NAME = 128
"""Longest name used as it is: twice what OpenAI accepts, half of what Harmony can carry."""

_SAFE = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_TAKEN = frozenset(role.value for role in Role) | {
    "all", "analysis", "browser", "code", "comment", "commentary", "container", "final",
    "functions", "json", "python", "text", "to",
}  # fmt: skip
"""Words that mean something else in a header, so that no tool may bear them."""
_TAKEN_PREFIXES = ("functions.", "browser.", "container.", "python.")
_FIRST_COPY = 2


@dataclass(frozen=True, slots=True)
class ToolName:
    """Name a tool as the client does.

    Args:
        name: the tool's own name, any string.
        kind: ``function`` (JSON arguments), ``custom`` (free text) or ``mcp`` (a server's tool).
        namespace: the namespace it was declared in, or the server's label; None for neither.

    """

    name: str
    kind: ToolKind = "function"
    namespace: str | None = None


class ToolNameMap:
    """The tools of one request by their Harmony names and by the client's names.

    Args:
        tools: the declared tools, in order. A name that Harmony can carry is kept; any other is
            spelt with letters, digits, ``_`` and ``-`` alone, and numbered where two would meet.
        servers: labels of MCP servers, each a Harmony namespace.

    Raises:
        InvalidInputError: a tool is declared twice (code ``duplicate_tool``).

    Example:
        >>> names = ToolNameMap([ToolName("look up"), ToolName("look_up")])
        >>> names.recipient(ToolName("look up"))
        'functions.look_up_2'
        >>> names.tool("functions.look_up_2").name
        'look up'

    """

    def __init__(self, tools: Iterable[ToolName] = (), servers: Iterable[str] = ()) -> None:
        self._recipients: dict[ToolName, str] = {}
        self._tools: dict[str, ToolName] = {}
        self._labels: dict[str, str] = {}
        self._spaces: dict[str, str] = {}
        self._copies: dict[str, int] = {}
        self.served: frozenset[str] | None = None
        """Namespaces of the tools that a server runs itself; None where that is not known."""
        declared = tuple(tools)
        if len(set(declared)) < len(declared):
            message = "a tool is declared twice; give each a name of its own"
            raise InvalidInputError(message, code="duplicate_tool")
        for label in sorted(dict.fromkeys(servers), key=lambda label: not _is_safe(label)):
            self.server(label)
        for tool in sorted(declared, key=lambda tool: not _is_plain(tool)):
            self.recipient(tool)
        called = {tool: self.harmony_name(tool) for tool in declared if tool.kind != "mcp"}
        self.declared = tuple(called.values())
        """The Harmony names of the declared functions and custom tools, for a parser's ``tools``.

        Servers' tools are not among them: a parser takes every name it is given for a function's.
        """
        self._meant = {
            tool.name: tool
            for tool, name in called.items()
            if tool.namespace is None and name != tool.name
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ToolNameMap):
            return NotImplemented
        return (self._tools, self._labels) == (other._tools, other._labels)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"<ToolNameMap of {len(self._tools)} tools>"

    def copy(self) -> ToolNameMap:
        """Return a map of its own that knows the same tools."""
        made = object.__new__(ToolNameMap)
        made._recipients = self._recipients.copy()
        made._tools = self._tools.copy()
        made._labels = self._labels.copy()
        made._spaces = self._spaces.copy()
        made._copies = self._copies.copy()
        made.declared = self.declared
        made._meant = self._meant
        made.served = self.served
        return made

    def recipient(self, tool: ToolName) -> str:
        """Return the Harmony recipient of a tool; one that was not declared gets a new one."""
        found = self._recipients.get(tool)
        if found is None:
            prefix = f"{self.server(tool.namespace or '')}." if tool.kind == "mcp" else FUNCTIONS
            found = self._free(tool, prefix)
            self._recipients[tool] = found
            self._tools[found] = tool
        return found

    def harmony_name(self, tool: ToolName) -> str:
        """Return a tool's name as the prompt prints it: its recipient without ``functions.``."""
        return _bare(self.recipient(tool))

    def tool(self, recipient: str) -> ToolName | None:
        """Return the tool behind a recipient, with or without ``functions.``; None for none known.

        A model may also call a tool by the name that was replaced: ``python``, say, as it learnt
        to. Where the client declared a tool of that name, that tool is meant.
        """
        found = self._tools.get(recipient) or self._tools.get(FUNCTIONS + recipient)
        return found or self._meant.get(recipient) or self._meant.get(_bare(recipient))

    def server(self, label: str) -> str:
        """Return the Harmony namespace of an MCP server."""
        found = self._spaces.get(label)
        if found is None:
            plain = _is_safe(label) and "." not in label
            found = label if plain and label not in self._labels else self._copy(label, "server")
            self._spaces[label] = found
            self._labels[found] = label
        return found

    def is_served(self, namespace: str) -> bool:
        """Return whether a server runs the tools of a namespace, as far as that is known."""
        return self.served is None or namespace in self.served or namespace in self._labels

    def label(self, namespace: str) -> str:
        """Return the label of the MCP server of a Harmony namespace; unknown ones unchanged."""
        return self._labels.get(namespace, namespace)

    def _free(self, tool: ToolName, prefix: str) -> str:
        wanted = prefix + tool.name
        if _is_plain(tool) and wanted not in self._tools:
            return wanted
        parts = (tool.namespace, tool.name) if tool.kind != "mcp" else (tool.name,)
        stem = "__".join(_spelt(part) for part in parts if part is not None)
        return prefix + self._copy(stem, "tool", prefix)

    def _copy(self, wanted: str, spare: str, prefix: str = "") -> str:
        """Return a free name like `wanted`, numbered if need be."""
        stem = _spelt(wanted)[: MAX_NAME - 8].strip("_") or spare
        if not _is_safe(stem):
            stem = f"{spare}_{stem}"
        name = stem
        while prefix + name in self._tools or name in self._labels or not _is_safe(name):
            number = self._copies.get(prefix + stem, _FIRST_COPY)
            self._copies[prefix + stem] = number + 1
            name = f"{stem}_{number}"
        return name


def _bare(recipient: str) -> str:
    return recipient.removeprefix(FUNCTIONS)


def _is_plain(tool: ToolName) -> bool:
    """Return whether a tool may keep its name."""
    return _is_safe(tool.name) and (tool.namespace is None or tool.kind == "mcp")


def _is_safe(name: str) -> bool:
    return (
        len(name) <= MAX_NAME
        and _SAFE.fullmatch(name) is not None
        and name.lower() not in _TAKEN
        and not name.lower().startswith(_TAKEN_PREFIXES)
    )


def _spelt(name: str) -> str:
    return _UNSAFE.sub("_", name[: MAX_NAME * 2])
