"""Table of a chat request's fields: how each is read, and what happens to it.

The page about Chat Completions prints this table. A field that cannot be honoured is refused by
name; a field that is not in the table is unknown to the API and ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harmonium.json_types import JSONMapping
from harmonium.model import ReasoningEffort, ResponseFormat
from harmonium.openai.requests.errors import error_param, missing, refused
from harmonium.openai.requests.json_fields import (
    read_choice,
    read_flag,
    read_integer,
    read_list,
    read_name,
    read_number,
    read_object,
    read_text,
)
from harmonium.openai.requests.metadata import METADATA_LIMITS, read_metadata
from harmonium.openai.requests.sampling_fields import (
    read_logit_bias,
    read_stop,
    read_stream_options,
)

Treatment = Literal["prompt", "answer", "engine", "caller", "ignored", "refused"]
Reader = Callable[[object, str], object]


@dataclass(frozen=True, slots=True)
class Field:
    """Describe one field: what becomes of it, what values are taken, how it is read."""

    treatment: Treatment
    effect: str
    read: Reader


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """What form the answer must have: for the prompt, and ``strict`` for the engine."""

    shape: ResponseFormat
    strict: bool = False


def _number(low: float, high: float) -> Reader:
    return lambda value, param: read_number(value, param, low, high)


def _integer(low: int, high: int | None = None) -> Reader:
    return lambda value, param: read_integer(value, param, low, high)


def _one_of(*allowed: str) -> Reader:
    return lambda value, param: read_choice(value, param, allowed)


def _refused(reason: str) -> Reader:
    def read(_: object, param: str) -> object:
        raise refused(param, reason)

    return read


def _as_given(value: object, _: str) -> object:
    return value


def _ignored(_: object, __: str) -> object:
    return None


def _effort(value: object, param: str) -> object:
    return _EFFORTS[read_choice(value, param, _EFFORTS)]


def _answer_format(value: object, param: str) -> object:
    asked = read_object(value, param)
    kinds = ("text", "json_object", "json_schema")
    kind = read_choice(asked.get("type"), f"{param}.type", kinds)
    if kind == "text":
        return None
    if kind == "json_object":
        return AnswerFormat(ResponseFormat("json_object", {"type": "object"}))
    inner = f"{param}.json_schema"
    if asked.get("json_schema") is None:
        raise missing(inner)
    fields = read_object(asked["json_schema"], inner)
    name = read_name(fields.get("name"), f"{inner}.name")
    schema, description = fields.get("schema"), fields.get("description")
    shape = {} if schema is None else read_object(schema, f"{inner}.schema")
    text = None if description is None else read_text(description, f"{inner}.description")
    strict = fields.get("strict")
    exact = strict is not None and read_flag(strict, f"{inner}.strict")
    with error_param(f"{inner}.name"):
        return AnswerFormat(ResponseFormat(name, shape, text), exact)


def _modalities(value: object, param: str) -> object:
    if list(read_list(value, param)) != ["text"]:
        raise refused(param, 'the model writes text only; give ["text"] or leave it out')
    return None


def _verbosity(value: object, param: str) -> object:
    if read_choice(value, param, ("low", "medium", "high")) != "medium":
        raise refused(param, 'the model knows no verbosity; give "medium" or leave it out')
    return None


_EFFORTS = {effort.value: effort for effort in ReasoningEffort}
_MOST_CHOICES = 128
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
_DEPRECATED = "deprecated; use"

FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "audio": Field("refused", "the model writes text only", _refused("the model writes text")),
        "frequency_penalty": Field("engine", "-2 to 2", _number(-2, 2)),
        "function_call": Field(
            "refused", "deprecated for `tool_choice`", _refused(f"{_DEPRECATED} tool_choice")
        ),
        "functions": Field("refused", "deprecated for `tools`", _refused(f"{_DEPRECATED} tools")),
        "logit_bias": Field("engine", "token ids of this model to -100 to 100", read_logit_bias),
        "logprobs": Field("answer", "of the visible tokens", read_flag),
        "max_completion_tokens": Field("engine", "1 or more; wins over `max_tokens`", _integer(1)),
        "max_tokens": Field("engine", "1 or more", _integer(1)),
        "messages": Field("prompt", "the conversation", _as_given),
        "metadata": Field("answer", f"echoed; {METADATA_LIMITS}", read_metadata),
        "modalities": Field("ignored", 'refused unless `["text"]`', _modalities),
        "model": Field("caller", "echoed in the answer", read_name),
        "moderation": Field("refused", "no moderation here", _refused("nothing moderates here")),
        "n": Field("caller", "1 to 128 choices, each generated by itself", _integer(1, 128)),
        "parallel_tool_calls": Field("answer", "false hides every call but the first", read_flag),
        "prediction": Field("refused", "not supported", _refused("predictions are not used")),
        "presence_penalty": Field("engine", "-2 to 2", _number(-2, 2)),
        "prompt_cache_key": Field("caller", "a hint to route by", read_text),
        "prompt_cache_options": Field("ignored", "a hint; changes no answer", _ignored),
        "prompt_cache_retention": Field("ignored", "a hint; changes no answer", _ignored),
        "reasoning_effort": Field("prompt", "`low`, `medium`, `high`; others refused", _effort),
        "response_format": Field(
            "prompt", "a JSON Schema in the developer message; `strict` for the engine",
            _answer_format,
        ),
        "safety_identifier": Field("caller", "kept", read_text),
        "seed": Field("engine", "any integer", _integer(-(2**63), 2**63 - 1)),
        "service_tier": Field("answer", "the answer says `default`", _one_of(*_TIERS)),
        "stop": Field("engine", "one string or up to four", read_stop),
        "store": Field("caller", "kept", read_flag),
        "stream": Field("caller", "kept", read_flag),
        "stream_options": Field(
            "answer", "`include_usage`; `include_obfuscation`: chunks are padded",
            read_stream_options,
        ),
        "temperature": Field("engine", "0 to 2", _number(0, 2)),
        "tool_choice": Field(
            "prompt", "tools that may not be called are not shown; the engine enforces the rest",
            _as_given,
        ),
        "tools": Field("prompt", "functions and custom tools", _as_given),
        "top_logprobs": Field("answer", "0 to 20, with `logprobs`", _integer(0, 20)),
        "top_p": Field("engine", "0 to 1", _number(0, 1)),
        "user": Field("caller", "kept", read_text),
        "verbosity": Field("ignored", "refused unless `medium`", _verbosity),
        "web_search_options": Field(
            "refused", "no search in chat", _refused("the chat API has no web search here")
        ),
    }
)  # fmt: skip
"""Field -> what happens to it. ``prompt``: the model reads it; ``answer``: it shapes the answer;
``engine``: checked and handed on as `SamplingOptions`; ``caller``: kept on the request."""


def read_fields(data: JSONMapping) -> dict[str, object]:
    """Read every known field that is not null.

    Raises:
        RequestError: a value of the wrong type or out of bounds, or one that is refused.

    """
    found: dict[str, object] = {}
    for name, value in data.items():
        known = FIELDS.get(name)
        if known is not None and value is not None:
            found[name] = known.read(value, name)
    return found
