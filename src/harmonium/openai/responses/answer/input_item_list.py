"""The list of input items of a response, in the API's form, each with an id.

Clients may leave out of an item what its type has by default, and its id. It knows no store, and
nothing of pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harmonium.json_types import JSONMapping, JSONObject
from harmonium.openai.requests.content import text_parts
from harmonium.openai.responses.answer.items import ITEM_LIFECYCLES
from harmonium.openai.responses.request.input_items import item_type
from harmonium.openai.responses.request.json_node import JsonNode
from harmonium.openai.responses.request.previous_messages import HISTORY

_PREFIXES: Mapping[str, str] = {
    **{life.item: life.prefix for life in ITEM_LIFECYCLES.values()},
    "function_call_output": "fco_",
    "custom_tool_call_output": "ctco_",
    "mcp_approval_response": "mcprr_",
}
"""Type of an item -> what an id begins with that is made for it."""

_WITHOUT_STATUS = frozenset({"mcp_list_tools", "mcp_approval_request", "mcp_approval_response"})


def shown_items(items: Iterable[JSONMapping], response_id: str) -> list[JSONObject]:
    """Return items as the API shows them, in order, without `previous_input_messages`.

    An item without an id, or with that of one before it, gets one: the same whenever it is shown.

    Args:
        items: as a request's `items` and a response's `stored_items` are.
        response_id: the response that they were input of.

    Example:
        >>> found = shown_items([{"role": "user", "content": "Hi"}], "resp_1")
        >>> found[0]["id"], found[0]["content"]
        ('msg_1_0', [{'type': 'input_text', 'text': 'Hi'}])

    """
    shown: dict[str, JSONObject] = {}
    for index, item in enumerate(items):
        kind = item_type(JsonNode(item))
        if kind == HISTORY:
            continue
        given = item.get("id")
        if not isinstance(given, str) or not given or given in shown:
            unique = response_id.removeprefix("resp_")
            given = f"{_PREFIXES.get(kind, 'item_')}{unique}_{index}"
        shown[given] = _shown(item, kind) | {"id": given}
    return list(shown.values())


def _shown(item: JSONMapping, kind: str) -> JSONObject:
    found: JSONObject = {
        "type": kind,
        **{name: value for name, value in item.items() if name != "type"},
    }
    if kind not in _WITHOUT_STATUS:
        found["status"] = item.get("status") or "completed"
    if kind == "message":
        found["content"] = _parts(item)
    if kind == "reasoning":
        found["summary"] = item.get("summary") or []
    return found


def _parts(message: JSONMapping) -> list[JSONObject]:
    """Return the content of a message as parts; those that a response had are as they were."""
    content = message.get("content")
    given = content if isinstance(content, list | tuple) else [content]
    texts = text_parts(content, "content")
    if message.get("role") != "assistant":
        return [{"type": "input_text", "text": text} for text in texts]
    return [_said(part, text) for part, text in zip(given, texts, strict=True)]


def _said(part: object, text: str) -> JSONObject:
    if isinstance(part, Mapping) and part.get("type") == "refusal":
        return {"type": "refusal", "refusal": text}
    known = part if isinstance(part, Mapping) else {}
    return {
        "type": "output_text",
        "text": text,
        "annotations": known.get("annotations") or [],
        "logprobs": known.get("logprobs") or [],
    }
