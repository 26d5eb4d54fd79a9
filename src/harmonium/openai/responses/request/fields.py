"""Table of a Responses request's fields: how each is read, and what happens to it.

The page about the Responses API prints this table. A field that cannot be honoured is refused by
name; fields that are not in the table are unknown to the API and ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType

from harmonium.openai.requests.metadata import METADATA_LIMITS, read_metadata
from harmonium.openai.responses.request.json_node import JsonNode

Reader = Callable[[JsonNode], object]

INCLUDABLE = (
    "reasoning.encrypted_content",
    "code_interpreter_call.outputs",
    "web_search_call.action.sources",
    "web_search_call.results",
    "message.output_text.logprobs",
    "file_search_call.results",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
)
"""What ``include`` may name. The last three speak of items that never occur here."""

_SERVICE_TIERS = ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")


@dataclass(frozen=True, slots=True)
class Field:
    """Describe one field: its name, what happens to it, how it is read, its default."""

    name: str
    effect: str
    read: Reader
    default: object = None


def _any(node: JsonNode) -> object:
    return node.value


def _text(node: JsonNode) -> object:
    return node.optional_text()


def _flag(node: JsonNode) -> object:
    return node.flag(default=False)


def _refused(node: JsonNode) -> object:
    if node.value in (None, [], {}):
        return None
    node.refuse("it is not supported here; leave it out")


def _number(low: float, high: float) -> Reader:
    return lambda node: node.number(low, high)


def _integer(low: int, high: int | None = None) -> Reader:
    return lambda node: node.integer(low, high)


def _metadata(node: JsonNode) -> object:
    return read_metadata(node.value, node.path)


def _include(node: JsonNode) -> object:
    return [member.choice(*INCLUDABLE) for member in node.items()]


def _service_tier(node: JsonNode) -> object:
    node.choice(*_SERVICE_TIERS)
    return "default"


def _truncation(node: JsonNode) -> object:
    return node.choice("auto", "disabled")


def _retention(node: JsonNode) -> object:
    """Read how long prompts may be kept at most; they are kept for less."""
    return node.choice("in_memory", "24h")


def _cache_options(node: JsonNode) -> object:
    """Accept hints to a cache, and refuse anything more than a hint."""
    if node.get("prewarm").flag(default=False):
        node.get("prewarm").refuse("a request is answered; leave it out")
    if not node.get("comparison_response_id").is_null:
        node.get("comparison_response_id").refuse("caches are not diagnosed; leave it out")
    return dict(node.mapping())


def _stream_options(node: JsonNode) -> object:
    return {"include_obfuscation": node.get("include_obfuscation").flag(default=False)}


_NOT_HERE = "refused unless null or empty"

FIELDS: tuple[Field, ...] = (
    Field("access_programs", _NOT_HERE, _refused),
    Field("background", "kept for the caller; the stream then begins queued", _flag, default=False),
    Field("background_options", _NOT_HERE, _refused),
    Field("context_management", _NOT_HERE, _refused),
    Field("conversation", _NOT_HERE, _refused),
    Field("frequency_penalty", "-2 to 2, for the engine", _number(-2, 2), 0.0),
    Field("image", _NOT_HERE, _refused),
    Field("include", "decides which parts items carry; unknown words are refused", _include, ()),
    Field("input", "a string or items: the conversation's last messages", _any),
    Field("instructions", "the developer message's instructions; only the newest count", _text),
    Field("max_output_tokens", "1 or more, for the engine", _integer(1)),
    Field("max_tool_calls", "1 or more: how many calls `pending_calls` offers in all", _integer(1)),
    Field("metadata", f"echoed; {METADATA_LIMITS}", _metadata, {}),
    Field("model", "echoed; which model runs is the caller's choice", _text, ""),
    Field("moderation", _NOT_HERE, _refused),
    Field(
        "parallel_tool_calls",
        "false shows no call but the first of the client's tools",
        lambda node: node.flag(default=True),
        default=True,
    ),
    Field("presence_penalty", "-2 to 2, for the engine", _number(-2, 2), 0.0),
    Field("previous_input_messages", "chat or Harmony messages before `input`", _any),
    Field("previous_response_id", "echoed; the caller gives its items, or it is refused", _text),
    Field("prompt", _NOT_HERE, _refused),
    Field("prompt_cache_key", "echoed; a hint", _text),
    Field("prompt_cache_options", "ignored: hints; refused is what is more", _cache_options),
    Field("prompt_cache_retention", "ignored: a hint; changes no answer", _retention),
    Field("reasoning", "effort low, medium or high; context; no summaries are written", _any),
    Field("safety_identifier", "echoed", _text),
    Field("service_tier", "any known tier; the answer says `default`", _service_tier, "default"),
    Field(
        "store",
        "kept for the caller",
        lambda node: node.flag(default=True),
        default=True,
    ),
    Field("stream", "kept for the caller", _flag, default=False),
    Field("stream_options", "`include_obfuscation`: every delta is padded", _stream_options),
    Field("temperature", "0 to 2, for the engine", _number(0, 2), 1.0),
    Field("text", "`format` becomes a response format; verbosity medium alone", _any),
    Field("tool_choice", "none hides tools and calls; what is required, the engine enforces", _any),
    Field("tools", "declared to the model; kinds that cannot run are refused", _any),
    Field(
        "top_logprobs",
        "0 to 20 alternatives, where `include` asks for logprobs",
        _integer(0, 20),
        default=0,
    ),
    Field("top_p", "0 to 1, for the engine", _number(0, 1), 1.0),
    Field(
        "truncation",
        "auto leaves out the first rounds of a prompt that is too long",
        _truncation,
        default="disabled",
    ),
    Field("user", "echoed", _text),
)  # fmt: skip
"""Every field of the API's request type, and the two that others added, by name."""


def read_fields(request: JsonNode, defaults: Mapping[str, object]) -> Mapping[str, object]:
    """Read every field of a request by the table.

    Args:
        request: the request.
        defaults: values for absent fields that differ from the table's, such as a server's own
            temperature.

    Raises:
        RequestError: a value of the wrong type or out of bounds, or a field that is refused.

    """
    values: dict[str, object] = {}
    for field in FIELDS:
        node = request.get(field.name)
        if node.is_null:
            # A copy: who changes an answer changes no other.
            values[field.name] = copy(defaults.get(field.name, field.default))
        else:
            values[field.name] = field.read(node)
    return MappingProxyType(values)
