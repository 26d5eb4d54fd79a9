"""OpenAI output items built from texts. Knows nothing of messages and channels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseFunctionWebSearch,
    ResponseOutputMessage,
    ResponseOutputText,
    ResponseReasoningItem,
)
from openai.types.responses.response_function_web_search import (
    Action,
    ActionFind,
    ActionOpenPage,
    ActionSearch,
)
from openai.types.responses.response_output_item import McpCall
from openai.types.responses.response_reasoning_item import Content as ReasoningText

from harmonium.compat.vllm.prompt import BUILTIN_TOOL_TO_MCP_SERVER_LABEL
from harmonium.compat.vllm.sources import random_part
from harmonium.errors import InvalidInputError


def reasoning(text: str) -> ResponseReasoningItem:
    """Build a reasoning item of one text."""
    content = [ReasoningText(text=text, type="reasoning_text")]
    return ResponseReasoningItem(
        id=f"rs_{random_part()}", summary=[], type="reasoning", content=content, status=None
    )


def message(
    texts: Sequence[str], status: Literal["completed", "incomplete"]
) -> ResponseOutputMessage:
    """Build a message item of one part a text."""
    parts = [
        ResponseOutputText(text=text, annotations=[], type="output_text", logprobs=None)
        for text in texts
    ]
    return ResponseOutputMessage(
        id=f"msg_{random_part()}",
        content=list(parts),
        role="assistant",
        status=status,
        type="message",
    )


def function_call(
    recipient: str, arguments: str, status: Literal["in_progress"] | None = None
) -> ResponseFunctionToolCall:
    """Build a function call; its name is what follows the recipient's last dot."""
    part = random_part()
    return ResponseFunctionToolCall(
        arguments=arguments,
        call_id=f"call_{part}",
        type="function_call",
        name=recipient.rpartition(".")[2],
        id=f"fc_{part}",
        status=status,
    )


def mcp_call(
    recipient: str, arguments: str, status: Literal["in_progress", "completed"]
) -> McpCall:
    """Build a call of a server's tool: ``server.tool``, or one word for both."""
    label, name = recipient.partition(".")[0], recipient.rpartition(".")[2]
    return McpCall(
        arguments=arguments,
        type="mcp_call",
        name=name,
        server_label=BUILTIN_TOOL_TO_MCP_SERVER_LABEL.get(recipient, label),
        id=f"mcp_{random_part()}",
        status=status,
    )


def web_search(recipient: str, texts: Sequence[str]) -> ResponseFunctionWebSearch:
    """Build a browser's call.

    Raises:
        InvalidInputError: not one text, or a call the browser does not have.

    """
    if len(texts) != 1:
        raise InvalidInputError("Invalid number of contents in browser message")
    make = _ACTIONS.get(recipient)
    if make is None:
        fault = f"Unknown browser action: {recipient}"
        raise InvalidInputError(fault)
    return ResponseFunctionWebSearch(
        id=f"ws_{random_part()}",
        action=make(_browser_arguments(texts[0])),
        status="completed",
        type="web_search_call",
    )


def _browser_arguments(text: str) -> Mapping[str, object]:
    """Parse a call's arguments; if they are not a JSON object, every field says so.

    The reader gives up on deep nesting and endless numbers too: models write such things.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    fault = f"Invalid JSON args, caught and retried: {text}"
    return {"query": fault, "url": fault, "pattern": fault}


def _search(arguments: Mapping[str, object]) -> Action:
    return ActionSearch(query=_at_cursor(arguments, "query"), type="search")


def _open(arguments: Mapping[str, object]) -> Action:
    return ActionOpenPage(url=_at_cursor(arguments, "url"), type="open_page")


def _find(arguments: Mapping[str, object]) -> Action:
    pattern = _encodable(str(arguments.get("pattern", "")))
    return ActionFind(pattern=pattern, url=_at_cursor(arguments, "url"), type="find_in_page")


def _at_cursor(arguments: Mapping[str, object], name: str) -> str:
    return _encodable(f"cursor:{arguments.get(name, '')}")


def _encodable(text: str) -> str:
    r"""Replace what JSON may hold and OpenAI's objects may not: half of a ``\ud83d\ude00`` pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_ACTIONS: Mapping[str, Callable[[Mapping[str, object]], Action]] = MappingProxyType(
    {"browser.search": _search, "browser.open": _open, "browser.find": _find}
)
