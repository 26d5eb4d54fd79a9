"""Where each of the model's messages belongs in an answer: one table for every API.

It knows recipients and channels; what each API makes of a route is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harmonium.model import Role
from harmonium.openai.requests.tool_names import FUNCTIONS, ToolNameMap

RouteKind = Literal[
    "function",
    "custom",
    "web_search",
    "code",
    "mcp",
    "reasoning",
    "preamble",
    "answer",
    "nothing",
]
ChatPlace = Literal["tool_calls", "reasoning", "content", "hidden"]


@dataclass(frozen=True, slots=True)
class Destination:
    """The messages that a kind of route takes, and where it leads.

    Args:
        recipient: whom such messages address.
        channel: on which channel they stand.
        chat: where they appear in a chat completion.
        responses: as which item they appear in a response, None for nowhere.

    """

    recipient: str
    channel: str
    chat: ChatPlace
    responses: str | None


DESTINATIONS: Mapping[RouteKind, Destination] = MappingProxyType(
    {
        "function": Destination(
            "`functions.x`, a declared function, a tool that nobody offers",
            "any",
            "tool_calls",
            "function_call",
        ),
        "custom": Destination("a declared custom tool", "any", "tool_calls", "custom_tool_call"),
        "web_search": Destination("`browser.…`", "any", "hidden", "web_search_call"),
        "code": Destination("`python`", "any", "hidden", "code_interpreter_call"),
        "mcp": Destination("`container.…`, any other", "any", "hidden", "mcp_call"),
        "reasoning": Destination("none", "analysis", "reasoning", "reasoning"),
        "preamble": Destination("none", "commentary, unknown", "content", "message"),
        "answer": Destination("none", "final, none", "content", "message"),
        "nothing": Destination("any", "of tools and other roles", "hidden", None),
    }
)
"""Every kind of route, in the order in which the rules are tried."""


@dataclass(frozen=True, slots=True)
class Route:
    """The place of one message in the answer.

    Args:
        kind: a key of `DESTINATIONS`.
        name: the called tool's name as the client knows it; the action for ``web_search``
            (``search``, ``open``, ``find`` or what the model wrote).
        namespace: the namespace the tool was declared in, or None.
        server_label: the MCP server, for ``mcp``.

    """

    kind: RouteKind
    name: str | None = None
    namespace: str | None = None
    server_label: str | None = None

    @property
    def chat(self) -> ChatPlace:
        """Where it appears in a chat completion."""
        return DESTINATIONS[self.kind].chat

    @property
    def is_call(self) -> bool:
        """Return whether the message calls a tool of the client."""
        return self.kind in {"function", "custom"}


NOTHING = Route("nothing")
_REASONING = Route("reasoning")
_PREAMBLE = Route("preamble")
_ANSWER = Route("answer")
_BY_CHANNEL: Mapping[str | None, Route] = MappingProxyType(
    {"analysis": _REASONING, "final": _ANSWER, None: _ANSWER}
)
_NOBODY = frozenset({None, "all", *(role.value for role in Role)})


def route(recipient: str | None, channel: str | None, role: Role, names: ToolNameMap) -> Route:
    """Return where a message belongs.

    Args:
        recipient: whom it addresses; a role or ``all`` counts as nobody.
        channel: its channel.
        role: who speaks.
        names: the request's tools.

    Example:
        >>> route("functions.f", "commentary", Role.ASSISTANT, ToolNameMap())
        Route(kind='function', name='f', namespace=None, server_label=None)

    """
    if role is not Role.ASSISTANT:
        return NOTHING
    if recipient is None or recipient in _NOBODY:
        return _BY_CHANNEL.get(channel, _PREAMBLE)
    tool = names.tool(recipient)
    if tool is not None and tool.kind == "mcp":
        return Route("mcp", tool.name, None, tool.namespace)
    if tool is not None:
        return Route("custom" if tool.kind == "custom" else "function", tool.name, tool.namespace)
    if recipient.startswith(FUNCTIONS) and recipient != FUNCTIONS:
        return Route("function", recipient.removeprefix(FUNCTIONS))
    return _route_server(recipient, names)


def _route_server(recipient: str, names: ToolNameMap) -> Route:
    space, dot, name = recipient.partition(".")
    if not names.is_served(space):
        return Route("function", recipient)  # nobody offered it: its client can say so
    if space == "browser":
        return Route("web_search", name)
    if space == "python":
        return Route("code", "python")
    label = names.label(space)
    return Route("mcp", name if dot else label, None, label)
