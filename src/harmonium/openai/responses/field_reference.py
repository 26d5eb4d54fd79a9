"""Tables of what ``input`` and ``tools`` may hold: every published kind, and what happens to it.

The page about the Responses API prints them. What is refused is refused by name; how the others
are read is the business of `input_items` and `tools`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

REFUSED = "refused"

_NO_TOOL = f"{REFUSED}: no such tool runs here"

ITEM_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "message": "a message of its role; `phase` decides an assistant's channel",
        "reasoning": "`analysis`; without content, its `encrypted_content` opened; no summary",
        "function_call": "`commentary` to `functions.NAME`, type `json`",
        "function_call_output": "author `functions.NAME` by its `call_id`, or by its `name`",
        "custom_tool_call": "`commentary` to `functions.NAME`, without a type",
        "custom_tool_call_output": "author `functions.NAME` by its `call_id`",
        "web_search_call": "`analysis` to `browser.FUNCTION`, then its results if it has them",
        "code_interpreter_call": "`analysis` to `python`, then its logs if it has them",
        "mcp_call": "`commentary` to `SERVER.NAME`, then its output or error",
        "mcp_list_tools": "declares that server's tools; says nothing",
        "mcp_approval_request": "`commentary` to `SERVER.NAME`: the call that waits",
        "mcp_approval_response": "approved, the call is run first; else the model reads that not",
        "item_reference": "the item of that id",
        "additional_tools": f"{REFUSED}: give all tools in `tools`",
        "apply_patch_call": _NO_TOOL,
        "apply_patch_call_output": _NO_TOOL,
        "compaction": f"{REFUSED}: only who made it can read it",
        "compaction_trigger": f"{REFUSED}: nothing is compacted here",
        "computer_call": _NO_TOOL,
        "computer_call_output": _NO_TOOL,
        "configuration_update": f"{REFUSED}: settings are those of the request",
        "file_search_call": _NO_TOOL,
        "image_generation_call": _NO_TOOL,
        "local_shell_call": _NO_TOOL,
        "local_shell_call_output": _NO_TOOL,
        "program": _NO_TOOL,
        "program_output": _NO_TOOL,
        "shell_call": _NO_TOOL,
        "shell_call_output": _NO_TOOL,
        "tool_search_call": _NO_TOOL,
        "tool_search_output": _NO_TOOL,
    }
)
"""Type of an input item -> what happens to it."""

TOOL_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "function": "in the namespace `functions`; `strict` is for the engine; no `output_schema`",
        "custom": "a function of one text; its grammar is described, not enforced",
        "namespace": "its tools are functions named `NAMESPACE__NAME`",
        "mcp": "a namespace of the server's tools; address and secrets are for the caller",
        "web_search": "the namespace `browser`; filters, location and size are for who runs it",
        "web_search_2025_08_26": "as `web_search`",
        "web_search_preview": "as `web_search`",
        "web_search_preview_2025_03_11": "as `web_search`",
        "code_interpreter": "the tool `python`; `container` is for who runs it; no files",
        "container": "the namespace `container`, where the server has one",
        "apply_patch": _NO_TOOL,
        "computer": _NO_TOOL,
        "computer_use_preview": _NO_TOOL,
        "file_search": _NO_TOOL,
        "image_generation": _NO_TOOL,
        "local_shell": _NO_TOOL,
        "programmatic_tool_calling": _NO_TOOL,
        "shell": _NO_TOOL,
        "tool_search": _NO_TOOL,
    }
)
"""Type of a tool -> what happens to it."""
