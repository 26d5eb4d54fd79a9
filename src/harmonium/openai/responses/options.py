"""What a server decides about its responses. Knows nothing of any one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harmonium.errors import InvalidInputError, Position
from harmonium.openai.responses.citations import Page

Dialect = Literal["openai", "open-responses"]

DIALECTS: Mapping[Dialect, str] = {
    "openai": "response.reasoning_text",
    "open-responses": "response.reasoning",
}
"""Dialect -> how the events of reasoning are named, without ``.delta`` and ``.done``."""


@dataclass(frozen=True, slots=True)
class ResponseOptions:
    """What a server decides of its responses.

    Args:
        model: the model's name in responses; the one the request asked for unless given.
        dialect: how the events of reasoning are named: ``openai`` (``response.reasoning_text.…``,
            what OpenAI's clients need) or ``open-responses`` (``response.reasoning.…``).
        container_id: where code runs, as its items say.
        pages: cursor -> page, of every page that can be cited from the beginning.

    """

    model: str | None = None
    dialect: Dialect = "openai"
    container_id: str = "auto"
    pages: Mapping[int, Page] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dialect not in DIALECTS:
            message = f"unknown dialect; allowed are {', '.join(DIALECTS)}"
            raise InvalidInputError(message, position=Position(path="dialect"))
