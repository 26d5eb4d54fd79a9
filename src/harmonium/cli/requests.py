"""Own how a command reads a request of OpenAI's APIs; know nothing of the commands."""

from __future__ import annotations

import datetime as dt
import json

from harmonium.errors import InvalidInputError
from harmonium.model import Conversation, conversation_from_json
from harmonium.render import History


def shape_of(text: str) -> str:
    """Tell ``chat``, ``responses`` or ``harmony`` by the fields; a chat request names a model."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return "harmony"
    if isinstance(body, dict) and "messages" not in body and "input" in body:
        return "responses"
    return "chat" if isinstance(body, dict) and {"model", "messages"} <= set(body) else "harmony"


def read_request(text: str, source: str, today: str | None) -> tuple[Conversation, History]:
    """Read a conversation and the rule for its past reasoning; `today` is the clock's when None.

    Raises:
        InvalidInputError: no JSON, or a request that cannot be honoured.

    """
    if source == "harmony":
        return conversation_from_json(text), "per_turn"
    from harmonium.openai import (  # noqa: PLC0415  (heavy)
        PromptSettings,
        ResponsesSetup,
        chat_request,
        responses_request,
    )

    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        message = f"the {source} request is not JSON; give the body of the request"
        raise InvalidInputError(message, code="invalid_json") from None
    settings = PromptSettings(today=today or dt.datetime.now().astimezone().date().isoformat())
    if source == "chat":
        return chat_request(body, settings).conversation, "per_turn"
    request = responses_request(body, ResponsesSetup(prompt=settings))
    return request.conversation, request.history
