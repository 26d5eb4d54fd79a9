"""Pages of a stored response's input items.

Does not know how an item is shown (`harmonium.openai`).
"""

from __future__ import annotations

from starlette.datastructures import QueryParams

from harmonium.errors import RequestError
from harmonium.gateway.storage.response_store import Stored
from harmonium.json_types import JSONObject
from harmonium.openai import read_choice, shown_items

_USUAL, _MOST = 20, 100
_NEWEST = "desc"


def item_page(found: Stored, query: QueryParams) -> JSONObject:
    """Return a page of the items that a response was made of, the newest first unless asked.

    Args:
        found: the response.
        query: ``limit`` (1 to 100, 20 unless given), ``order`` (``asc`` or ``desc``), ``after``
            (the id of the last item of the page before).

    Raises:
        RequestError: one of these is something else.

    """
    items = shown_items(found.items[: found.given], str(found.response["id"]))
    if read_choice(query.get("order", _NEWEST), "order", ("asc", _NEWEST)) == _NEWEST:
        items.reverse()
    first, limit = _first(items, query.get("after")), _limit(query.get("limit"))
    page = items[first : first + limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else "",
        "last_id": page[-1]["id"] if page else "",
        "has_more": first + limit < len(items),
    }


def _first(items: list[JSONObject], after: str | None) -> int:
    if not after:
        return 0
    for index, item in enumerate(items):
        if item["id"] == after:
            return index + 1
    message = "after does not match the id of any item; use the last_id of a page"
    raise RequestError(message, param="after", code="invalid_value")


def _limit(given: str | None) -> int:
    if given is None:
        return _USUAL
    digits = given if given.isascii() and given.isdigit() and len(given) <= len(str(_MOST)) else "0"
    if not 1 <= int(digits) <= _MOST:
        message = f"limit must be from 1 to {_MOST}"
        raise RequestError(message, param="limit", code="invalid_value")
    return int(digits)
