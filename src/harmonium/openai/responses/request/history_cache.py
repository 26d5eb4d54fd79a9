"""Cache of the part of a Responses request that grows: its tools and items.

It finds what a request refers to, the lists of servers' tools among its items, and reads on from
where an earlier request of the same conversation ended. It knows none of the request's other
fields.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import NamedTuple, cast

from harmonium.json_types import JSONMapping
from harmonium.model import Message, ToolNamespace
from harmonium.openai.requests.errors import error_param
from harmonium.openai.requests.history_cache import HistoryCache, decode_copy, plain_bytes
from harmonium.openai.requests.json_fields import as_json
from harmonium.openai.requests.tolerance import Adapter, Tolerance
from harmonium.openai.requests.tools import ToolChoice
from harmonium.openai.responses.reasoning_encryption import ReasoningCipher
from harmonium.openai.responses.request.input_items import InputReader, item_type
from harmonium.openai.responses.request.json_node import JsonNode
from harmonium.openai.responses.request.mcp_servers import Approval, KnownTools
from harmonium.openai.responses.request.previous_messages import HISTORY
from harmonium.openai.responses.request.tools import RequestTools, read_tools

KEPT_BYTES = 32 * 1024 * 1024
"""Bound on what all histories kept take: some hundred long conversations."""

_Key = tuple[bytes, bytes, ReasoningCipher | None, bytes]

_OPENING = 2
_HEAD = 5
"""The number of bytes marshal puts in front of a list's members."""
_PER_DIALOGUE, _PER_ITEM = 2_000, 250
_PER_BYTE, _PER_BYTE_OF_TOOLS = 2, 18
"""What is kept beside the JSON it was read from, in bytes of memory, as measured: objects take
several times the room of the JSON they stand for."""


@dataclass(frozen=True, slots=True)
class InputSnapshot:
    """What was said before a request and in it: items in order, as they came.

    Args:
        items: those before the request, then its own.
        before: how many of them stand before the request.
        find_item: gives the item behind a reference that none of `items` answers.
        history: whether the first of the request's own is what `history_items` gave.
        is_text: whether the request's own items are one, made of a text.

    """

    items: Sequence[object]
    before: int = 0
    find_item: Callable[[str], object | None] = lambda _: None
    history: bool = False
    is_text: bool = False

    def node(self, index: int) -> JsonNode:
        """Return an item and where it stands."""
        place = f"previous[{index}]"
        own = index - self.before - self.history
        if own >= 0:
            place = "input" if self.is_text else f"input[{own}]"
        elif index == self.before:
            place = HISTORY
        return JsonNode(as_json(self.items[index]), place)

    def nodes(self, start: int = 0) -> tuple[list[JsonNode], bool]:
        """Return the items from `start` on, references resolved, and whether there were any.

        Raises:
            RequestError: a reference to nothing.

        """
        found = [self.node(index) for index in range(start, len(self.items))]
        if not any(item_type(item) == "item_reference" for item in found):
            return found, False
        known = self._known()
        return [self._resolved(item, known) for item in found], True

    def _known(self) -> dict[str, JsonNode]:
        before = map(self.node, range(self.before))
        named = ((item.get("id").value, item) for item in before)
        return {name: item for name, item in named if isinstance(name, str)}

    def _resolved(self, item: JsonNode, known: Mapping[str, JsonNode]) -> JsonNode:
        if item_type(item) != "item_reference":
            return item
        wanted = item.get("id").text()
        found = known.get(wanted)
        value = as_json(self.find_item(wanted)) if found is None else found.value
        if value is None:
            place = item.get("id")
            message = (
                f"{place.path} names no item that is stored here; send the item itself. With "
                "store: false, include reasoning.encrypted_content and send back what it contains"
            )
            place.fail(message, code="item_not_found")
        return JsonNode(value, item.path)


@dataclass(frozen=True, slots=True)
class ToolDeclarations:
    """What decides how a request's tools are read.

    Args:
        tools: the request's ``tools``.
        servers: label of an MCP server -> its tools, as the server's operator gives them.
        failures: label of an MCP server -> why its tools could not be listed.
        approval: what counts for servers without ``require_approval``.
        cipher: opens sealed reasoning.
        tolerance: whether what differs harmlessly is adapted, or refused.
        runs_tools: whether tools that a server runs itself are run by anyone.

    """

    tools: JsonNode
    servers: Mapping[str, Sequence[object]]
    failures: Mapping[str, str]
    approval: Approval
    cipher: ReasoningCipher | None
    tolerance: Tolerance = "lenient"
    runs_tools: bool = True

    def known(self, items: Iterable[JsonNode]) -> dict[str, KnownTools]:
        """Return what is known of every server's tools; what the operator says counts most."""
        listed = {item.get("server_label").text(): item for item in items if _lists_tools(item)}
        known = {
            label: KnownTools(item.get("tools"), is_said=True) for label, item in listed.items()
        }
        for label, error in self.failures.items():
            known.setdefault(label, KnownTools(error=error))
        for label, tools in self.servers.items():
            members = JsonNode([_as_listed(as_json(tool)) for tool in tools], f"mcp_tools.{label}")
            known[label] = KnownTools(members, is_said=label in listed)
        return known


@dataclass(slots=True)
class ParsedHistory:
    """A request's tools and history as read: the items, and what they say."""

    tools: RequestTools
    reader: InputReader
    items: list[JSONMapping] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    count: int = 0
    is_open: bool = False
    """Whether the last item is what the assistant said: a preamble, should a call come next."""
    _spaces: dict[tuple[str, ...], tuple[ToolNamespace, ...]] = field(default_factory=dict)

    def namespaces(self, choice: ToolChoice) -> tuple[ToolNamespace, ...]:
        """Return the namespaces of the tools that may be called; the newest choice's are kept."""
        found = self._spaces.get(choice.names)
        if found is None:
            with error_param("tools"):
                found = self.tools.namespaces(choice)
            self._spaces.clear()
            self._spaces[choice.names] = found
        return found

    def read(self, nodes: Sequence[JsonNode]) -> None:
        """Read on."""
        self.is_open = _is_open(nodes) if nodes else self.is_open
        for node, is_preamble in zip(nodes, _preambles(nodes), strict=True):
            self.messages += self.reader.read(node, is_preamble=is_preamble)
            self.items.append(node.mapping())
            self.count += 1

    def copy(self) -> ParsedHistory:
        """Return a dialogue of its own that has read as much, without the items.

        They are the caller's, who may change them; so may who gets the echo of the tools.
        """
        names = self.tools.names.copy()
        tools = replace(self.tools, names=names, echo=_own_echo(self.tools))
        reader, said = self.reader.copy(names), self.messages.copy()
        return ParsedHistory(tools, reader, [], said, self.count, self.is_open, self._spaces)


class _Kept(NamedTuple):
    """What was read of items with these bytes, and the memory of it all; never changed."""

    items: bytes
    size: int
    dialogue: ParsedHistory


class ParsedHistories(HistoryCache[_Key, _Kept]):
    """Keep what was read of requests, the newest state of each conversation.

    A request whose items begin with those of an earlier one, under the same tools, is read from
    where that one ended. What is read is the same with and without it: items are compared by their
    bytes, since not all that is read of them is text.

    Args:
        limit: bound in bytes on the memory of what is kept; 0 keeps nothing.

    """

    def __init__(self, limit: int = KEPT_BYTES) -> None:
        super().__init__(limit)

    def read(self, declared: ToolDeclarations, said: InputSnapshot) -> ParsedHistory:
        """Read a request's tools and items, going on from what was read before.

        Raises:
            RequestError: something in them cannot be read.

        """
        key, items = _key(declared, said, self._scope), plain_bytes(list(said.items))
        if key is None or items is None:
            return _read(declared, said)[0]
        found = self._kept.get(key)
        known = found.dialogue if found and items.startswith(found.items, _HEAD) else None
        read = None if known is None else _read_on(known, said)
        dialogue, is_cacheable = read or _read(_own(declared, key), said)
        if is_cacheable and (known is None or dialogue.count > known.count):
            size = _size_of(key, items, dialogue.count)
            self._kept.put(key, _Kept(items[_HEAD:], size, dialogue.copy()))
        return dialogue


def _key(declared: ToolDeclarations, said: InputSnapshot, scope: bytes) -> _Key | None:
    """Return what says that two requests are of one conversation, None for what cannot say it."""
    servers = {
        label: [as_json(tool) for tool in tools] for label, tools in declared.servers.items()
    }
    opening = plain_bytes(list(islice(said.items, _OPENING)))
    tools = plain_bytes(
        [
            declared.tools.value, servers, dict(declared.failures), declared.approval,
            declared.tolerance, declared.runs_tools,
        ]
    )  # fmt: skip

    return None if tools is None or opening is None else (tools, opening, declared.cipher, scope)


def _size_of(key: _Key, items: bytes, count: int) -> int:
    """Return what the state of a conversation takes; the key begins with its tools."""
    of_items = _PER_BYTE * len(items) + _PER_ITEM * count
    return _PER_DIALOGUE + _PER_BYTE_OF_TOOLS * len(key[0]) + of_items


def _own(declared: ToolDeclarations, key: _Key) -> ToolDeclarations:
    """Return what decides how tools are read, in a copy that the caller cannot change."""
    tools, servers, *_ = decode_copy(key[0])
    return replace(declared, tools=JsonNode(tools, declared.tools.path), servers=servers)


def _own_echo(tools: RequestTools) -> tuple[dict[str, object], ...]:
    """Return the echo of the tools in a copy that may be changed: nothing else holds it."""
    plain = plain_bytes(tools.echo)
    return tools.echo if plain is None else tuple(decode_copy(plain))


def _object(item: object) -> JSONMapping:
    return cast("JSONMapping", item)  # read before, so it is one


def _read_on(known: ParsedHistory, said: InputSnapshot) -> tuple[ParsedHistory, bool] | None:
    """Read what is new; None where what was read would have been read otherwise with it.

    That is so where it says anew what a server's tools are, or makes a preamble of the last text.
    """
    nodes, refers = said.nodes(known.count)
    labels = {server.label for server in known.tools.servers}
    if any(_lists_tools(node) and node.get("server_label").value in labels for node in nodes):
        return None
    if known.is_open and _preambles([_SAID, *nodes])[0]:
        return None
    dialogue = known.copy()
    dialogue.items += map(_object, said.items[: known.count])
    dialogue.read(nodes)
    return dialogue, not refers


def _read(declared: ToolDeclarations, said: InputSnapshot) -> tuple[ParsedHistory, bool]:
    """Read all of it; tell whether it can be read in no other way next time."""
    nodes, refers = said.nodes()
    adapter = Adapter(declared.tolerance)
    tools = read_tools(
        declared.tools,
        declared.known(nodes),
        declared.approval,
        adapter=adapter,
        runs_tools=declared.runs_tools,
    )
    tools = replace(tools, echo=_own_echo(tools))
    dialogue = ParsedHistory(tools, InputReader(tools.names, declared.cipher, adapter))
    dialogue.read(nodes)
    return dialogue, not refers


def _preambles(nodes: Sequence[JsonNode]) -> list[bool]:
    """Return for each item whether it comes before a call of the same turn of the model.

    Most clients drop ``phase``: what the assistant said before it called a tool is a preamble
    (vllm-project/vllm#50975, openai-agents-js#1766).
    """
    found: list[bool] = []
    comes_call = False
    for node in reversed(nodes):
        found.append(comes_call)
        kind = item_type(node)
        if kind in _CALLS:
            comes_call = True
        elif kind != "reasoning" and not _is_said(node, kind):
            comes_call = False
    return found[::-1]


def _is_open(nodes: Sequence[JsonNode]) -> bool:
    """Return whether the last item may be a preamble, if a call comes next."""
    return bool(nodes) and _is_said(nodes[-1], item_type(nodes[-1]))


def _is_said(node: JsonNode, kind: str) -> bool:
    return kind == "message" and node.get("role").value == "assistant"


_SAID = JsonNode({"type": "message", "role": "assistant"})
_CALLS = frozenset({"function_call", "custom_tool_call", "mcp_call", "mcp_approval_request"})


def _lists_tools(item: JsonNode) -> bool:
    """Return whether an item lists a server's tools, which one that failed to does not."""
    return item_type(item) == "mcp_list_tools" and item.get("error").is_null


def _as_listed(tool: object) -> object:
    """Spell ``inputSchema``, as MCP has it, the way the API does."""
    if isinstance(tool, Mapping) and "inputSchema" in tool and "input_schema" not in tool:
        return {**tool, "input_schema": tool["inputSchema"]}
    return tool
