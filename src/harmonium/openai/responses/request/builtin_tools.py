"""Built-in tools of a request: their namespaces in Harmony, their settings, their echo.

It runs none: what a tool is asked to keep to is read, checked and handed to who runs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from harmonium.json_types import JSONObject
from harmonium.model import ToolNamespace
from harmonium.openai.responses.request.json_node import JsonNode

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "web_search": "browser",
        "web_search_2025_08_26": "browser",
        "web_search_preview": "browser",
        "web_search_preview_2025_03_11": "browser",
        "code_interpreter": "python",
        "container": "container",
    }
)
"""Type of a built-in tool -> the namespace it has in Harmony."""

PARSED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "browser": tuple(f"browser.{tool.name}" for tool in ToolNamespace.browser().tools),
        "python": ("python",),
        "container": ("container.exec",),
    }
)
"""Namespace of a built-in tool -> the names it is called by, as a parser must know them: of
``browser`` alone it would make a function of the client's."""

_LOCATION = ("city", "country", "region", "timezone")


def read_built_in(tool: JsonNode) -> JSONObject:
    """Read what a built-in tool is asked to keep to, as the API spells it.

    ``filters``, ``user_location``, ``search_context_size`` and ``external_web_access`` of a search,
    ``container`` of code.

    Raises:
        RequestError: a setting that cannot be read or honoured.

    """
    namespace = BUILT_IN[tool.get("type").text()]
    if namespace == "container":
        return {}
    if namespace == "python":
        return {"container": _container(tool.get("container"))}
    return _search_settings(tool)


def echo_built_in(kind: str, settings: Mapping[str, object]) -> JSONObject:
    """Return a built-in tool as the response repeats it."""
    if kind == "container":
        # The published types know no such tool; a server with a label is what it amounts to.
        return {"type": "mcp", "server_label": "container"}
    return {"type": kind, **settings}


def _search_settings(tool: JsonNode) -> JSONObject:
    settings: JSONObject = {}
    filters, location = tool.get("filters"), tool.get("user_location")
    if not filters.is_null:
        allowed = filters.get("allowed_domains")
        domains = None if allowed.is_null else [domain.text() for domain in allowed.items()]
        settings["filters"] = {"allowed_domains": domains}
        if not filters.get("blocked_domains").is_null:
            filters.get("blocked_domains").refuse("list the allowed domains instead")
    if not location.is_null:
        if not location.get("type").is_null:
            location.get("type").choice("approximate")
        known = {name: location.get(name).optional_text() for name in _LOCATION}
        settings["user_location"] = {"type": "approximate", **known}
    size = tool.get("search_context_size")
    if not size.is_null:
        settings["search_context_size"] = size.choice("low", "medium", "high")
    access = tool.get("external_web_access")
    if not access.is_null:
        settings["external_web_access"] = access.flag(default=True)
    for content in tool.get("search_content_types").items():
        if content.choice("text", "image") == "image":
            content.refuse("the model reads text only")
    return settings


def _container(container: JsonNode) -> object:
    if container.is_null:
        return {"type": "auto"}
    if isinstance(container.value, str):
        return container.value
    container.get("type").choice("auto")
    if not container.get("file_ids").is_null and list(container.get("file_ids").items()):
        container.get("file_ids").refuse("file uploads are not supported")
    if not container.get("network_policy").is_null:
        container.get("network_policy").refuse("network access of code is configured on the server")
    settings: JSONObject = {"type": "auto"}
    memory = container.get("memory_limit")
    if not memory.is_null:
        settings["memory_limit"] = memory.choice("1g", "4g", "16g", "64g")
    return settings
