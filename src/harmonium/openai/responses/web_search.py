"""Calls of the browser tool: the model's arguments to a web search action, and back.

It never raises: arguments that make no sense become an action that says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from harmonium.json_types import JSONObject
from harmonium.openai.responses.citations import Page

_INVALID = "invalid arguments: "
_EMPTY: Mapping[str, JSONObject] = {
    "search": {"type": "search", "query": ""},
    "open": {"type": "open_page", "url": None},
    "find": {"type": "find_in_page", "pattern": "", "url": ""},
}
_FUNCTIONS = {"search": "search", "open_page": "open", "find_in_page": "find", "find": "find"}


def empty_action(function: str | None) -> JSONObject:
    """Return the action of a call whose arguments are not known yet."""
    return dict(_EMPTY.get(function or "", _EMPTY["search"]))


def read_action(function: str | None, arguments: str, pages: Mapping[int, Page]) -> JSONObject:
    """Return the action that a call to the browser amounts to.

    Args:
        function: ``search``, ``open``, ``find``, or whatever the model wrote.
        arguments: what it wrote as arguments, any text.
        pages: cursor -> page, to name the pages that are opened or searched.

    Example:
        >>> read_action("search", '{"query": "weather"}', {})
        {'type': 'search', 'query': 'weather', 'queries': ['weather']}
        >>> read_action("find", '{"pattern"', {})["pattern"]
        'invalid arguments: {"pattern"'

    """
    given = _object(arguments)
    match function:
        case "search" if given is not None and isinstance(given.get("query"), str):
            return _search(str(given["query"]))
        case "open" if given is not None:
            return {"type": "open_page", "url": _opened(given, pages)}
        case "find" if given is not None and isinstance(given.get("pattern"), str):
            url = _page_url(given.get("cursor"), pages)
            return {"type": "find_in_page", "pattern": given["pattern"], "url": url or ""}
        case "open":
            return {"type": "open_page", "url": _INVALID + arguments}
        case "find":
            return {"type": "find_in_page", "pattern": _INVALID + arguments, "url": ""}
        case _:
            return _search(_INVALID + arguments)


def call_of_action(action: Mapping[str, object]) -> tuple[str, str]:
    """Return the browser function and arguments of an action that came without its arguments."""
    kind = action.get("type")
    function = _FUNCTIONS.get(kind, "search") if isinstance(kind, str) else "search"
    keys = {"search": {"query": "query"}, "open": {"id": "url"}, "find": {"pattern": "pattern"}}
    given = {name: action.get(key) for name, key in keys[function].items()}
    if function == "search" and given["query"] is None:
        queries = action.get("queries")
        given["query"] = queries[0] if isinstance(queries, list) and queries else ""
    known = {name: value for name, value in given.items() if isinstance(value, str)}
    return function, json.dumps(known, ensure_ascii=False)


def _search(query: str) -> JSONObject:
    """Return the action of a search: the API has its words twice, as one and as many."""
    return {"type": "search", "query": query, "queries": [query]}


def _object(arguments: str) -> JSONObject | None:
    try:
        given = json.loads(arguments)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None


def _opened(given: JSONObject, pages: Mapping[int, Page]) -> str | None:
    link = given.get("id")
    return link if isinstance(link, str) else _page_url(given.get("cursor"), pages)


def _page_url(cursor: object, pages: Mapping[int, Page]) -> str | None:
    page = pages.get(cursor) if type(cursor) is int else None
    return None if page is None else page.url
