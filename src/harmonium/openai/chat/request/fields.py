"""Table of a chat request's fields: what each may hold, and what happens to it.

The page about Chat Completions prints this table, and the OpenAPI document is made of it. A field
that cannot be honoured is refused by name; a field that is not in the table is unknown to the API
and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping, JSONObject
from harmonium.model import ResponseFormat
from harmonium.openai.chat.request.schemas import MESSAGES, RESPONSE_FORMAT, TOOL_CHOICE, TOOLS
from harmonium.openai.requests.errors import error_param, missing, refused
from harmonium.openai.requests.field_types import (
    FLAG,
    IGNORED,
    NAME,
    TEXT,
    FieldType,
    any_of,
    described,
    integer,
    nullable,
    number,
    object_schema,
    one_of,
    only,
    request_schema,
    unsupported,
)
from harmonium.openai.requests.json_fields import (
    read_choice,
    read_flag,
    read_list,
    read_name,
    read_object,
    read_text,
)
from harmonium.openai.requests.metadata import METADATA, METADATA_LIMITS
from harmonium.openai.requests.prompt import EFFORT, read_effort
from harmonium.openai.requests.sampling_fields import (
    CHOICES,
    COUNT,
    LOGIT_BIAS,
    PENALTY,
    SEED,
    STOP,
    STREAM_OPTIONS,
    TEMPERATURE,
    TOP_LOGPROBS,
    TOP_P,
)
from harmonium.openai.requests.tolerance import AdaptableError, Adapter

Treatment = Literal["prompt", "answer", "engine", "caller", "ignored", "refused"]


@dataclass(frozen=True, slots=True)
class Field:
    """Describe one field: what becomes of it, what values are taken, and their type."""

    treatment: Treatment
    effect: str
    type: FieldType


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """What form the answer must have: for the prompt, and ``strict`` for the engine."""

    shape: ResponseFormat
    strict: bool = False


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
        raise refused(param, 'the model writes text only; send ["text"] or leave it out')
    return None


def _verbosity(value: object, param: str) -> object:
    if read_choice(value, param, _VERBOSITIES) != "medium":
        refusal = refused(param, 'verbosity is not supported; send "medium" or leave it out')
        raise AdaptableError(refusal, "verbosity", None)
    return None


def _max_tokens(value: object, param: str) -> object:
    if type(value) is int and value == -1:  # as clients of llama.cpp write it
        refusal = RequestError(f"{param} must be at least 1", param=param, code="invalid_value")
        raise AdaptableError(refusal, "max_tokens", None)
    return COUNT.read(value, param)


def _effort_within(name: str) -> FieldType:
    """Return the type of an object of which an effort is read, and nothing else."""

    def read(value: object, param: str) -> object:
        effort = read_object(value, param).get(name)
        return None if effort is None else read_effort(effort, f"{param}.{name}")

    return FieldType(object_schema(**{name: nullable(EFFORT.schema)}), read)


_VERBOSITIES = ("low", "medium", "high")
_MOST_CHOICES = 128
_MAX_TOKENS = FieldType(any_of(COUNT.schema, {"const": -1}), _max_tokens)
_MODALITIES = FieldType({"const": ["text"]}, _modalities)
_VERBOSITY = FieldType({"type": "string", "enum": list(_VERBOSITIES)}, _verbosity)
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
_DEPRECATED = "deprecated; use"

FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "audio": Field(
            "refused", "the model writes text only", unsupported("the model writes text only")
        ),
        "frequency_penalty": Field("engine", "-2 to 2", PENALTY),
        "function_call": Field(
            "refused", "deprecated for `tool_choice`", unsupported(f"{_DEPRECATED} tool_choice")
        ),
        "functions": Field(
            "refused", "deprecated for `tools`", unsupported(f"{_DEPRECATED} tools")
        ),
        "logit_bias": Field("engine", "token ids of this model to -100 to 100", LOGIT_BIAS),
        "logprobs": Field("answer", "of the visible tokens", FLAG),
        "max_completion_tokens": Field("engine", "1 or more; wins over `max_tokens`", _MAX_TOKENS),
        "max_tokens": Field("engine", "1 or more; -1 for no bound", _MAX_TOKENS),
        "messages": Field("prompt", "the conversation", described(MESSAGES)),
        "metadata": Field("answer", f"echoed; {METADATA_LIMITS}", METADATA),
        "modalities": Field("ignored", 'refused unless `["text"]`', _MODALITIES),
        "model": Field("caller", "echoed in the answer", NAME),
        "moderation": Field("refused", "no moderation here", unsupported("nothing moderates here")),
        "n": Field("caller", "1 to 128 choices, each generated by itself", CHOICES),
        "parallel_tool_calls": Field("answer", "false hides every call but the first", FLAG),
        "prediction": Field("refused", "not supported", unsupported("predictions are not used")),
        "presence_penalty": Field("engine", "-2 to 2", PENALTY),
        "prompt_cache_key": Field("caller", "a hint to route by", TEXT),
        "prompt_cache_options": Field("ignored", "a hint; changes no answer", IGNORED),
        "prompt_cache_retention": Field("ignored", "a hint; changes no answer", IGNORED),
        "reasoning_effort": Field("prompt", "`low`, `medium`, `high`; others the nearest", EFFORT),
        "response_format": Field(
            "prompt", "a JSON Schema in the developer message; `strict` for the engine",
            FieldType(RESPONSE_FORMAT, _answer_format),
        ),
        "safety_identifier": Field("caller", "kept", TEXT),
        "seed": Field("engine", "any integer", SEED),
        "service_tier": Field("answer", "the answer says `default`", one_of(*_TIERS)),
        "stop": Field("engine", "one string, or several", STOP),
        "store": Field("caller", "kept", FLAG),
        "stream": Field("caller", "kept", FLAG),
        "stream_options": Field(
            "answer", "`include_usage`; `include_obfuscation`: chunks are padded",
            STREAM_OPTIONS,
        ),
        "temperature": Field("engine", "0 to 2", TEMPERATURE),
        "tool_choice": Field(
            "prompt", "tools that may not be called are not shown; the engine enforces the rest",
            described(TOOL_CHOICE),
        ),
        "tools": Field("prompt", "functions and custom tools", described(TOOLS)),
        "top_logprobs": Field("answer", "0 to 20, with `logprobs`", TOP_LOGPROBS),
        "top_p": Field("engine", "0 to 1", TOP_P),
        "user": Field("caller", "kept", TEXT),
        "verbosity": Field("ignored", "a hint; changes no answer", _VERBOSITY),
        "web_search_options": Field(
            "refused", "no search in chat", unsupported("the chat API has no web search here")
        ),
    }
)  # fmt: skip
"""Field -> what happens to it. ``prompt``: the model reads it; ``answer``: it shapes the answer;
``engine``: checked and handed on as `SamplingOptions`; ``caller``: kept on the request."""


_RUNS_ON = "it would run on behind the stop tokens; leave it out"
_FORMS = "give response_format instead"
_UNTOLD = "no engine is told of it here; leave it out"

SERVER_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "cache_salt": Field("refused", "no engine is told of it", unsupported(_UNTOLD)),
        "chat_template_kwargs": Field(
            "prompt", "its `reasoning_effort`", _effort_within("reasoning_effort")
        ),
        "guided_choice": Field("refused", "give `response_format`", unsupported(_FORMS)),
        "guided_grammar": Field("refused", "give `response_format`", unsupported(_FORMS)),
        "guided_json": Field("refused", "give `response_format`", unsupported(_FORMS)),
        "guided_regex": Field("refused", "give `response_format`", unsupported(_FORMS)),
        "ignore_eos": Field("refused", "refused unless false", only(False, _RUNS_ON)),  # noqa: FBT003
        "min_p": Field("engine", "0 to 1", number(0, 1)),
        "min_tokens": Field("refused", "refused unless 0", only(0, _UNTOLD)),
        "priority": Field("refused", "refused unless 0", only(0, _UNTOLD)),
        "reasoning": Field("prompt", "its `effort`", _effort_within("effort")),
        "repetition_penalty": Field("engine", "0.01 to 2", number(0.01, 2)),
        "structured_outputs": Field("refused", "give `response_format`", unsupported(_FORMS)),
        "top_k": Field("engine", "-1 or more", integer(-1)),
    }
)  # fmt: skip
"""Fields that vLLM, SGLang and other servers add to the API; see `FIELDS`."""


def read_fields(data: JSONMapping, adapter: Adapter) -> dict[str, object]:
    """Read every known field that is not null.

    Raises:
        RequestError: a value of the wrong type or out of bounds, or one that is refused.

    """
    found: dict[str, object] = {}
    for name, value in data.items():
        known = FIELDS.get(name) or SERVER_FIELDS.get(name)
        if known is not None and value is not None:
            found[name] = adapter.read(known.type.read, value, name)
    return found


def chat_request_schema() -> JSONObject:
    """Return the JSON Schema of a chat request."""
    fields = {
        name: (field.type, f"{_NOTES.get(field.treatment, '')}{field.effect}")
        for name, field in {**FIELDS, **SERVER_FIELDS}.items()
    }
    return request_schema(fields, ("model", "messages"))


_NOTES: Mapping[Treatment, str] = {"refused": "not supported: ", "ignored": "ignored: "}
