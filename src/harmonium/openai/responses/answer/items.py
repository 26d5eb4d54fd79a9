"""The items of a response: the form of each kind at every stage of its lifecycle.

One table says which events an item's life has; one builder a kind makes its JSON. It knows
nothing of the order of events or of the response around the items.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from harmonium.json_types import JSONObject
from harmonium.model import Message
from harmonium.openai.answers.routing import NOTHING, Route, RouteKind
from harmonium.openai.responses.citations import Page
from harmonium.openai.responses.request.mcp_servers import McpListing
from harmonium.openai.responses.web_search import empty_action
from harmonium.parse import MessageStarted

ItemKind = RouteKind | Literal["listing", "approval", "refusal"]
"""What an item is: where a message of the model belongs, or what the server itself says."""

Status = Literal["in_progress", "completed", "incomplete", "failed"]
ALL_INCLUDES = frozenset(
    {"code_interpreter_call.outputs", "web_search_call.results", "web_search_call.action.sources"}
)
"""Words of ``include`` that a store asks for, so that nothing is lost between requests."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool answered that the server ran itself.

    Args:
        text: what the model is shown.
        failed: whether the tool failed; the text then says how.
        pages: for the browser: cursor -> page, of every page that may now be cited.
        sources: for the browser: the addresses it looked at.

    """

    text: str
    failed: bool = False
    pages: Mapping[int, Page] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PendingCall:
    """Name a call that waits for the server to run its tool.

    ``recipient`` and ``arguments`` are as the model wrote them.
    """

    output_index: int
    item_id: str
    recipient: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ItemLifecycle:
    """The events of a kind of item between ``output_item.added`` and ``.done``.

    Args:
        item: the item's type.
        prefix: what its id begins with.
        delta: the name of its deltas without ``.delta``; None for none.
        whole: the field of the ``.done`` event that holds the whole text.
        part: the type of its one content part, None where it has none.
        stages: its events when it begins, when its tool begins, when that is done, when it failed.

    """

    item: str
    prefix: str
    delta: str | None = None
    whole: str = "text"
    part: str | None = None
    stages: tuple[str | None, str | None, str | None, str | None] = (None, None, None, None)


_MESSAGE = ItemLifecycle("message", "msg_", "response.output_text", part="output_text")
_MCP, _LIST = "response.mcp_call", "response.mcp_list_tools"
_CODE, _SEARCH = "response.code_interpreter_call", "response.web_search_call"

ITEM_LIFECYCLES: Mapping[ItemKind, ItemLifecycle] = MappingProxyType(
    {
        "function": ItemLifecycle(
            "function_call", "fc_", "response.function_call_arguments", "arguments"
        ),
        "custom": ItemLifecycle(
            "custom_tool_call", "ctc_", "response.custom_tool_call_input", "input"
        ),
        "mcp": ItemLifecycle(
            "mcp_call",
            "mcp_",
            "response.mcp_call_arguments",
            "arguments",
            stages=(f"{_MCP}.in_progress", None, f"{_MCP}.completed", f"{_MCP}.failed"),
        ),
        "listing": ItemLifecycle(
            "mcp_list_tools",
            "mcpl_",
            stages=(f"{_LIST}.in_progress", None, f"{_LIST}.completed", f"{_LIST}.failed"),
        ),
        "approval": ItemLifecycle("mcp_approval_request", "mcpr_"),
        "code": ItemLifecycle(
            "code_interpreter_call",
            "ci_",
            f"{_CODE}_code",
            "code",
            stages=(f"{_CODE}.in_progress", f"{_CODE}.interpreting", f"{_CODE}.completed", None),
        ),
        "web_search": ItemLifecycle(
            "web_search_call",
            "ws_",
            stages=(f"{_SEARCH}.in_progress", f"{_SEARCH}.searching", f"{_SEARCH}.completed", None),
        ),
        "reasoning": ItemLifecycle(
            "reasoning", "rs_", "response.reasoning_text", part="reasoning_text"
        ),
        "preamble": _MESSAGE,
        "answer": _MESSAGE,
        "refusal": ItemLifecycle("message", "msg_", "response.refusal", "refusal", "refusal"),
    }
)
"""Kind of item -> its life."""

RUN_BY_SERVER = frozenset({"mcp", "code", "web_search"})
"""Kinds of calls that the server answers itself; all others are the client's."""


@dataclass(slots=True)
class Item:
    """One item while it grows.

    Args:
        index: its place in the output.
        id: its id, which never changes.
        kind: what it is.
        route: where its message belongs.
        header: the header of its message; None for what no message says.
        call_id: the id its output will name, for calls of the client's tools.
        container_id: where code runs.
        approval_id: the request that was approved, for a call of a server that waited for it.
        listing: the tools it lists.
        messages: what it says in Harmony: a call of a server's tool with its answer behind it.

    """

    index: int
    id: str
    kind: ItemKind
    route: Route = NOTHING
    header: MessageStarted | None = None
    call_id: str = ""
    container_id: str = ""
    approval_id: str | None = None
    listing: McpListing | None = None
    text: str = ""
    status: Status = "in_progress"
    is_closed: bool = False
    is_running: bool = False
    sealed: str | None = None
    annotations: list[JSONObject] = field(default_factory=list)
    logprobs: list[JSONObject] = field(default_factory=list)
    result: ToolResult | None = None
    action: JSONObject | None = None
    messages: list[Message] = field(default_factory=list)

    @property
    def life(self) -> ItemLifecycle:
        """The events it has."""
        return ITEM_LIFECYCLES[self.kind]

    @property
    def is_text(self) -> bool:
        """Whether it is text for the user that the model said."""
        return self.life.part == "output_text"

    @property
    def recipient(self) -> str:
        """Whom its message addresses; empty for nobody."""
        return ("" if self.header is None else self.header.recipient) or ""

    @property
    def is_pending(self) -> bool:
        """Whether it waits for the server to run a tool."""
        return self.is_closed and self.status == "in_progress" and self.kind in RUN_BY_SERVER

    @property
    def has_failed(self) -> bool:
        """Whether its tool failed, or its server to list its tools."""
        listing, result = self.listing, self.result
        failed = listing is not None and listing.error is not None
        return failed or (result is not None and result.failed)

    def to_dict(self, include: frozenset[str]) -> JSONObject:
        """Return the item as it stands, with the optional parts that are asked for."""
        return _BUILDERS[self.kind](self, include)

    def part(self) -> JSONObject:
        """Return its content part as it stands."""
        if self.kind == "reasoning":
            return {"type": "reasoning_text", "text": self.text}
        if self.kind == "refusal":
            return {"type": "refusal", "refusal": self.text}
        return {
            "type": "output_text",
            "text": self.text,
            "annotations": list(self.annotations),
            "logprobs": list(self.logprobs),
        }


def _function(item: Item, _: frozenset[str]) -> JSONObject:
    return _call(item, "function_call", "arguments")


def _custom(item: Item, _: frozenset[str]) -> JSONObject:
    return _call(item, "custom_tool_call", "input")


def _call(item: Item, kind: str, whole: str) -> JSONObject:
    found: JSONObject = {
        "type": kind,
        "id": item.id,
        "call_id": item.call_id,
        "name": item.route.name or "",
        whole: item.text,
        "status": item.status,
    }
    return found if item.route.namespace is None else {**found, "namespace": item.route.namespace}


def _mcp(item: Item, _: frozenset[str]) -> JSONObject:
    result = item.result
    error: JSONObject | None = None
    if result is not None and result.failed:
        content = [{"type": "text", "text": result.text}]
        error = {"type": "mcp_tool_execution_error", "content": content}
    return {
        "type": "mcp_call",
        "id": item.id,
        "server_label": item.route.server_label or "",
        "name": item.route.name or "",
        "arguments": item.text,
        "approval_request_id": item.approval_id,
        "output": None if result is None or result.failed else result.text,
        "error": error,
        "status": item.status,
    }


def _listing(item: Item, _: frozenset[str]) -> JSONObject:
    listing = item.listing or McpListing("")
    return {
        "type": "mcp_list_tools",
        "id": item.id,
        "server_label": listing.label,
        "tools": [dict(tool) for tool in listing.tools] if item.is_closed else [],
        "error": listing.error if item.is_closed else None,
    }


def _approval(item: Item, _: frozenset[str]) -> JSONObject:
    return {
        "type": "mcp_approval_request",
        "id": item.id,
        "server_label": item.route.server_label or "",
        "name": item.route.name or "",
        "arguments": item.text,
    }


def _web_search(item: Item, include: frozenset[str]) -> JSONObject:
    function = item.route.name
    action = empty_action(function) if item.action is None else dict(item.action)
    result = item.result
    wants_sources = "web_search_call.action.sources" in include
    if result is not None and wants_sources and action["type"] == "search":
        action["sources"] = [{"type": "url", "url": url} for url in result.sources]
    found: JSONObject = {
        "type": "web_search_call",
        "id": item.id,
        "action": action,
        "name": function or "",
        "arguments": item.text,
        "status": item.status,
    }
    if result is not None and "web_search_call.results" in include:
        found["results"] = [{"type": "text", "text": result.text}]
    return found


def _code(item: Item, include: frozenset[str]) -> JSONObject:
    outputs: list[JSONObject] | None = None
    if item.result is not None and "code_interpreter_call.outputs" in include:
        outputs = [{"type": "logs", "logs": item.result.text}]
    return {
        "type": "code_interpreter_call",
        "id": item.id,
        "code": item.text,
        "container_id": item.container_id,
        "outputs": outputs,
        "status": item.status,
    }


def _reasoning(item: Item, _: frozenset[str]) -> JSONObject:
    return {
        "type": "reasoning",
        "id": item.id,
        "summary": [],
        "content": [item.part()] if item.is_closed else [],
        "encrypted_content": item.sealed,
        "status": item.status,
    }


def _message(item: Item, _: frozenset[str]) -> JSONObject:
    return {
        "type": "message",
        "id": item.id,
        "role": "assistant",
        "content": [item.part()] if item.is_closed else [],
        "phase": "commentary" if item.kind == "preamble" else "final_answer",
        "status": item.status,
    }


_BUILDERS: Mapping[ItemKind, Callable[[Item, frozenset[str]], JSONObject]] = MappingProxyType(
    {
        "function": _function,
        "custom": _custom,
        "mcp": _mcp,
        "listing": _listing,
        "approval": _approval,
        "code": _code,
        "web_search": _web_search,
        "reasoning": _reasoning,
        "preamble": _message,
        "answer": _message,
        "refusal": _message,
    }
)
