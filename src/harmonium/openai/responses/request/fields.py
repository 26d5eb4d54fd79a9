"""Table of a Responses request's fields: what each may hold, and what happens to it.

The page about the Responses API prints this table, and the OpenAPI document is made of it. A field
that cannot be honoured is refused by name; fields that are not in the table are unknown to the API
and ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType

from harmonium.json_types import JSONMapping, JSONObject
from harmonium.openai.requests.errors import refused
from harmonium.openai.requests.field_types import (
    ARRAY,
    FLAG,
    OBJECT,
    TEXT,
    FieldType,
    any_of,
    array_schema,
    described,
    nullable,
    object_schema,
    one_of,
    request_schema,
)
from harmonium.openai.requests.metadata import METADATA, METADATA_LIMITS
from harmonium.openai.requests.prompt import EFFORT
from harmonium.openai.requests.sampling_fields import (
    COUNT,
    PENALTY,
    TEMPERATURE,
    TOP_LOGPROBS,
    TOP_P,
)
from harmonium.openai.responses.request.json_node import JsonNode

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
    """Describe one field: its name, what happens to it, its type, its default."""

    name: str
    effect: str
    type: FieldType
    default: object = None


def _read_by(read: Callable[[JsonNode], object], schema: JSONMapping) -> FieldType:
    return FieldType(schema, lambda value, param: read(JsonNode(value, param)))


def _nothing(value: object, param: str) -> object:
    if value in (None, [], {}):
        return None
    raise refused(param, "it is not supported here; leave it out")


def _include(node: JsonNode) -> object:
    return [member.choice(*INCLUDABLE) for member in node.items()]


def _service_tier(node: JsonNode) -> object:
    node.choice(*_SERVICE_TIERS)
    return "default"


def _cache_options(node: JsonNode) -> object:
    """Accept hints to a cache, and refuse anything more than a hint."""
    if node.get("prewarm").flag(default=False):
        node.get("prewarm").refuse("prewarming a cache is not supported; leave it out")
    if not node.get("comparison_response_id").is_null:
        node.get("comparison_response_id").refuse(
            "cache diagnostics are not supported; leave it out"
        )
    return dict(node.mapping())


def _stream_options(node: JsonNode) -> object:
    return {"include_obfuscation": node.get("include_obfuscation").flag(default=False)}


_EFFORT = EFFORT.schema
_INPUT = described(any_of(TEXT.schema, array_schema(OBJECT.schema)))
_MESSAGES = described(ARRAY.schema)
_TOOLS = described(array_schema(object_schema(["type"], type=TEXT.schema)))
_TOOL_CHOICE = described(any_of(one_of("none", "auto", "required").schema, OBJECT.schema))
_REASONING = described(
    object_schema(
        effort=nullable(_EFFORT),
        summary={"enum": [None, "auto", "concise", "detailed"]},
        generate_summary={"enum": [None, "auto", "concise", "detailed"]},
        mode={"enum": [None, "standard"]},
        context=nullable(one_of("auto", "current_turn", "all_turns").schema),
    )
)
_TEXT_FORM = described(
    object_schema(
        format=nullable(
            object_schema(["type"], type=one_of("text", "json_schema", "json_object").schema)
        ),
        verbosity={"enum": [None, "low", "medium", "high"]},
    )
)
_NOT_HERE = "refused unless null or empty"
_NOTHING = FieldType({"enum": [[], {}]}, _nothing)
_RETENTION = one_of("in_memory", "24h")
_INCLUDE = _read_by(_include, array_schema(one_of(*INCLUDABLE).schema))
_SERVICE_TIER = _read_by(_service_tier, one_of(*_SERVICE_TIERS).schema)
_CACHE_OPTIONS = _read_by(
    _cache_options,
    object_schema(prewarm={"enum": [None, False]}, comparison_response_id={"type": "null"}),
)
_STREAM_OPTIONS = _read_by(
    _stream_options, object_schema(include_obfuscation=nullable(FLAG.schema))
)

FIELDS: tuple[Field, ...] = (
    Field("access_programs", _NOT_HERE, _NOTHING),
    Field("background", "kept for the caller; the stream then begins queued", FLAG, default=False),
    Field("background_options", _NOT_HERE, _NOTHING),
    Field("context_management", _NOT_HERE, _NOTHING),
    Field("conversation", _NOT_HERE, _NOTHING),
    Field("frequency_penalty", "-2 to 2, for the engine", PENALTY, 0.0),
    Field("image", _NOT_HERE, _NOTHING),
    Field("include", "decides which parts items carry; unknown words are refused", _INCLUDE, ()),
    Field("input", "a string or items: the conversation's last messages", _INPUT),
    Field("instructions", "the developer message's instructions; only the newest count", TEXT),
    Field("max_output_tokens", "1 or more, for the engine", COUNT),
    Field("max_tool_calls", "1 or more: how many calls `pending_calls` offers in all", COUNT),
    Field("metadata", f"echoed; {METADATA_LIMITS}", METADATA, {}),
    Field("model", "echoed; which model runs is the caller's choice", TEXT, ""),
    Field("moderation", _NOT_HERE, _NOTHING),
    Field(
        "parallel_tool_calls",
        "false shows no call but the first of the client's tools",
        FLAG,
        default=True,
    ),
    Field("presence_penalty", "-2 to 2, for the engine", PENALTY, 0.0),
    Field("previous_input_messages", "chat or Harmony messages before `input`", _MESSAGES),
    Field("previous_response_id", "echoed; the caller gives its items, or it is refused", TEXT),
    Field("prompt", _NOT_HERE, _NOTHING),
    Field("prompt_cache_key", "echoed; a hint", TEXT),
    Field("prompt_cache_options", "ignored: hints; refused is what is more", _CACHE_OPTIONS),
    Field("prompt_cache_retention", "ignored: a hint; changes no answer", _RETENTION),
    Field("reasoning", "effort, the nearest one; context; no summaries are written", _REASONING),
    Field("safety_identifier", "echoed", TEXT),
    Field("service_tier", "any known tier; the answer says `default`", _SERVICE_TIER, "default"),
    Field(
        "store",
        "kept for the caller",
        FLAG,
        default=True,
    ),
    Field("stream", "kept for the caller", FLAG, default=False),
    Field("stream_options", "`include_obfuscation`: every delta is padded", _STREAM_OPTIONS),
    Field("temperature", "0 to 2, for the engine", TEMPERATURE, 1.0),
    Field("text", "`format` becomes a response format; verbosity is a hint", _TEXT_FORM),
    Field(
        "tool_choice",
        "none hides tools and calls; what is required, the engine enforces",
        _TOOL_CHOICE,
    ),
    Field("tools", "declared to the model; hosted ones that nobody runs are left out", _TOOLS),
    Field(
        "top_logprobs",
        "0 to 20 alternatives, where `include` asks for logprobs",
        TOP_LOGPROBS,
        default=0,
    ),
    Field("top_p", "0 to 1, for the engine", TOP_P, 1.0),
    Field(
        "truncation",
        "auto leaves out the first rounds of a prompt that is too long",
        one_of("auto", "disabled"),
        default="disabled",
    ),
    Field("user", "echoed", TEXT),
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
            values[field.name] = field.type.read(node.value, node.path)
    return MappingProxyType(values)


def responses_request_schema() -> JSONObject:
    """Return the JSON Schema of a Responses request."""
    return request_schema({field.name: (field.type, field.effect) for field in FIELDS}, ("input",))
