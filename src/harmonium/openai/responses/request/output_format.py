"""What a request asks of the output: reasoning effort and text format."""

from __future__ import annotations

from typing import cast

from harmonium.model import ReasoningEffort, ResponseFormat
from harmonium.openai.requests.errors import error_param, refused
from harmonium.openai.requests.prompt import read_effort
from harmonium.openai.requests.tolerance import Adapter
from harmonium.openai.responses.request.json_node import JsonNode
from harmonium.render import History


def read_reasoning(
    reasoning: JsonNode, standard: ReasoningEffort, adapter: Adapter
) -> tuple[ReasoningEffort | None, History, object]:
    """Read ``reasoning``: the effort, which past reasoning is kept, and the echo.

    Args:
        reasoning: the field, or null.
        standard: the effort where none is asked for.
        adapter: where adaptations go.

    Raises:
        RequestError: what it asks for cannot be.

    """
    if reasoning.is_null:
        return None, "per_turn", {"effort": standard.value, "summary": None}
    effort = reasoning.get("effort")
    level: ReasoningEffort | None = None
    if not effort.is_null:
        level = cast("ReasoningEffort", adapter.read(read_effort, effort.value, effort.path))
    for name in ("summary", "generate_summary"):
        summary = reasoning.get(name)
        if not summary.is_null and summary.choice("auto", "concise", "detailed") != "auto":
            reason = "reasoning is returned in full, without summaries; send auto"
            adapter.adapt("summary", refused(summary.path, reason))
    mode = reasoning.get("mode")
    if not mode.is_null and mode.value != "standard":
        mode.refuse("only standard is supported")
    context = reasoning.get("context")
    keeps = not context.is_null and context.choice("auto", "current_turn", "all_turns")
    history: History = "keep" if keeps == "all_turns" else "per_turn"
    echo = {"effort": (level or standard).value, "summary": None}
    if not context.is_null:
        echo["context"] = "all_turns" if keeps == "all_turns" else "current_turn"
    return level, history, echo


def read_text_form(text: JsonNode, adapter: Adapter) -> tuple[ResponseFormat | None, object]:
    """Read ``text``: the format of the answer, and the echo; None is plain text.

    Raises:
        RequestError: what it asks for cannot be.

    """
    if text.is_null:
        return None, {"format": {"type": "text"}}
    verbosity = text.get("verbosity")
    if not verbosity.is_null and verbosity.choice("low", "medium", "high") != "medium":
        reason = "verbosity is not supported; send medium or leave it out"
        adapter.adapt("verbosity", refused(verbosity.path, reason))
    echo: dict[str, object] = {"format": {"type": "text"}}
    if not verbosity.is_null:
        echo["verbosity"] = verbosity.value
    form = text.get("format")
    kind = "text" if form.is_null else form.get("type").choice("text", "json_schema", "json_object")
    if kind == "text":
        return None, echo
    if kind == "json_object":
        return ResponseFormat("json_object", {"type": "object"}), {**echo, "format": {"type": kind}}
    name, about = form.get("name").text(), form.get("description").optional_text()
    schema = form.get("schema").mapping()
    with error_param(form.get("name").path):
        shape = ResponseFormat(name, schema, about)
    echo["format"] = {
        "type": kind,
        "name": name,
        "description": about,
        "schema": dict(schema),
        "strict": form.get("strict").flag(default=False),
    }
    return shape, echo
