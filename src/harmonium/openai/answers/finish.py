"""The finish reason of an answer, and which of its tool calls are complete."""

from __future__ import annotations

import json
from typing import Literal

from harmonium.openai.answers.output import ItemClosed
from harmonium.openai.answers.routing import RouteKind

EngineFinish = Literal["stop", "length", "content_filter"]
"""Why the engine stopped. ``stop``: at a stop token or string, whether or not it is in the ids."""

_TAKES_JSON: frozenset[RouteKind] = frozenset({"function", "mcp", "web_search"})


def is_complete(closed: ItemClosed) -> bool:
    """Return whether an item was said to its end, by an engine that stopped of itself.

    Some engines keep the stop token to themselves, so that a whole item looks cut off: a call
    that takes JSON is whole all the same when its arguments are valid JSON, any other text always.
    """
    if not closed.truncated or closed.route.kind not in _TAKES_JSON:
        return True
    try:
        json.loads(closed.text)
    except (ValueError, RecursionError):
        return False
    return True
