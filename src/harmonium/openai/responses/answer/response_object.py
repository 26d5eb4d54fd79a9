"""The Response object around the items, with every key. Does not know how items grow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from harmonium.json_types import JSONObject
from harmonium.openai.answers.usage import TokenUsage

ResponseStatus = Literal["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"]

ECHOED = (
    "previous_response_id",
    "instructions",
    "tools",
    "tool_choice",
    "truncation",
    "parallel_tool_calls",
    "text",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "top_logprobs",
    "temperature",
    "reasoning",
    "max_output_tokens",
    "max_tool_calls",
    "store",
    "background",
    "service_tier",
    "metadata",
    "safety_identifier",
    "prompt_cache_key",
    "user",
)
"""What a response repeats of its request."""


class Envelope:
    """Make Response objects for one answer, at any time of its life.

    Args:
        id: the response's id.
        created_at: seconds since the epoch.
        model: the model's name as the answer says it.
        values: the request's fields, as `ResponsesRequest.values` holds them.

    """

    def __init__(self, id: str, created_at: int, model: str, values: Mapping[str, object]) -> None:  # noqa: A002  (the field's name)
        self.id = id
        self._head: JSONObject = {"id": id, "object": "response", "created_at": created_at}
        self._echo: JSONObject = {"model": model, **{name: values[name] for name in ECHOED}}

    def response(  # noqa: PLR0913  (each is a field of the object)
        self,
        status: ResponseStatus,
        output: Sequence[JSONObject] = (),
        *,
        completed_at: int | None = None,
        incomplete: str | None = None,
        error: Mapping[str, object] | None = None,
        usage: TokenUsage | None = None,
    ) -> JSONObject:
        """Return the object; ``usage`` is absent until it is known.

        Args:
            status: where the answer stands.
            output: the items so far.
            completed_at: when it was completed, if it was.
            incomplete: the reason why it is not complete, if it never will be.
            error: what went wrong, if something did.
            usage: the counts, at the end.

        """
        found: JSONObject = {
            **self._head,
            "completed_at": completed_at,
            "status": status,
            "incomplete_details": None if incomplete is None else {"reason": incomplete},
            "error": None if error is None else dict(error),
            **self._echo,
            "output": list(output),
        }
        return found if usage is None else {**found, "usage": usage.responses()}
