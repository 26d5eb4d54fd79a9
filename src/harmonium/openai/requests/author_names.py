"""Author names of requests as names that a header can carry."""

from __future__ import annotations

import re

from harmonium.errors import InvalidInputError, RequestError
from harmonium.model import Author, Role
from harmonium.openai.requests.tolerance import Adapter

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_MAX_CHARS = 64


def author_named(role: Role, name: str, param: str, adapter: Adapter) -> Author:
    """Return an author of a name; one that no header can carry is respelt, where tolerated.

    OpenAI takes names such as ``O'Brien`` and ``bob(admin)``.

    Raises:
        RequestError: the name cannot be carried, under ``strict``.

    """
    try:
        return Author(role, name)
    except InvalidInputError as error:
        adapter.adapt("author_name", RequestError(error.message, param=param))
    return Author(role, _UNSAFE.sub("_", name)[:_MAX_CHARS].strip("_.-") or "someone")
