"""Built-in tool namespaces as openai_harmony returns them. Their texts are in `harmonium.model`."""

from __future__ import annotations

import copy
from typing import Any

from harmonium.model import ToolNamespace


def tool_namespace_fields(tool: str) -> dict[str, Any]:
    """Return ``browser`` or ``python`` as fresh dicts and lists.

    Raises:
        ValueError: any other name.

    """
    if tool not in {"browser", "python"}:
        message = f"Unknown tool namespace: {tool}"
        raise ValueError(message)
    space = ToolNamespace.browser() if tool == "browser" else ToolNamespace.python()
    return {
        "name": space.name,
        "description": space.description,
        "tools": [
            {
                "name": item.name,
                "description": item.description,
                "parameters": copy.deepcopy(item.parameters),
            }
            for item in space.tools
        ],
    }
