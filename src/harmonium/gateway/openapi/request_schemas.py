"""JSON Schemas of requests for the OpenAPI document. Requests are not read by them.

They name the fields that are honoured; the readers in `harmonium.openai` decide.
"""

from __future__ import annotations

from collections.abc import Mapping

from harmonium.json_types import JSONObject


def _number(low: float, high: float) -> JSONObject:
    return {"type": "number", "minimum": low, "maximum": high}


def _integer(low: int, high: int | None = None) -> JSONObject:
    found: JSONObject = {"type": "integer", "minimum": low}
    return found if high is None else {**found, "maximum": high}


def _object(required: list[str], **properties: JSONObject) -> JSONObject:
    return {"type": "object", "required": required, "properties": properties}


def _array(items: JSONObject, low: int = 0) -> JSONObject:
    return {"type": "array", "items": items, "minItems": low}


def _one_of(*words: str) -> JSONObject:
    return {"type": "string", "enum": list(words)}


_TEXT: JSONObject = {"type": "string"}
_NAME: JSONObject = {"type": "string", "minLength": 1}
_FLAG: JSONObject = {"type": "boolean"}
_IDS = _array(_integer(0, 201_087), 1)
_STOP: JSONObject = {"anyOf": [_NAME, {**_array(_NAME), "maxItems": 4}]}
_OPEN: JSONObject = {"type": "object"}
_METADATA: JSONObject = {
    "type": "object", "maxProperties": 16,
    "propertyNames": {"maxLength": 64},
    "additionalProperties": {"type": "string", "maxLength": 512},
}  # fmt: skip
_EFFORT = _one_of("low", "medium", "high")
_SAMPLING: Mapping[str, JSONObject] = {
    "temperature": _number(0, 2),
    "top_p": _number(0, 1),
    "presence_penalty": _number(-2, 2),
    "frequency_penalty": _number(-2, 2),
}
_TOOL_FIELDS = _object(["name"], name=_NAME, description=_TEXT, parameters=_OPEN, strict=_FLAG)
_FORMAT: JSONObject = {
    "oneOf": [
        _object(["type"], type={"const": "text"}),
        _object(["type"], type={"const": "json_object"}),
        _object(
            ["type", "json_schema"],
            type={"const": "json_schema"},
            json_schema=_object(["name"], name=_NAME, schema=_OPEN, strict=_FLAG),
        ),
    ]
}
_MESSAGE: JSONObject = {
    "oneOf": [
        _object(["role", "content"], role=_one_of("system", "developer", "user"), content=_TEXT),
        _object(["role"], role={"const": "assistant"}, content=_TEXT, reasoning=_TEXT),
    ]
}
_CHAT = _object(
    ["model", "messages"],
    model=_NAME,
    messages=_array(_MESSAGE, 1),
    tools=_array(_object(["type", "function"], type={"const": "function"}, function=_TOOL_FIELDS)),
    tool_choice={"anyOf": [_one_of("none", "auto", "required"), _OPEN]},
    parallel_tool_calls=_FLAG,
    response_format=_FORMAT,
    reasoning_effort=_EFFORT,
    n=_integer(1, 128),
    max_completion_tokens=_integer(1),
    max_tokens=_integer(1),
    stop=_STOP,
    seed=_integer(-(2**63), 2**63 - 1),
    logprobs=_FLAG,
    top_logprobs=_integer(0, 20),
    logit_bias={"type": "object", "additionalProperties": _number(-100, 100)},
    metadata=_METADATA,
    stream=_FLAG,
    stream_options=_object([], include_usage=_FLAG, include_obfuscation=_FLAG),
    user=_TEXT,
    **_SAMPLING,
)
_RESPONSES = _object(
    ["model", "input"],
    model=_NAME,
    input={
        "anyOf": [_TEXT, _array(_object(["role", "content"], role=_one_of("user"), content=_TEXT))]
    },
    instructions=_TEXT,
    tools=_array({**_TOOL_FIELDS, "properties": {
        **_TOOL_FIELDS["properties"], "type": {"const": "function"},  # type: ignore[dict-item]
    }, "required": ["type", "name"]}),
    tool_choice={"anyOf": [_one_of("none", "auto", "required"), _OPEN]},
    parallel_tool_calls=_FLAG,
    max_output_tokens=_integer(1),
    reasoning=_object([], effort=_EFFORT),
    text=_object([], format=_object(["type"], type=_one_of("text", "json_object"))),
    include=_array(_one_of("message.output_text.logprobs")),
    top_logprobs=_integer(0, 20),
    previous_response_id=_NAME,
    store=_FLAG,
    metadata=_METADATA,
    stream=_FLAG,
    **_SAMPLING,
)  # fmt: skip
_FINISH = _one_of("stop", "length")

REQUESTS: Mapping[str, JSONObject] = {
    "ChatRequest": _CHAT,
    "ResponsesRequest": _RESPONSES,
    "CompletionRequest": _object(
        ["model", "prompt"],
        model=_NAME,
        prompt={"anyOf": [_NAME, _IDS]},
        n=_integer(1, 128),
        max_tokens=_integer(1),
        stop=_STOP,
        seed=_integer(-(2**63), 2**63 - 1),
        logprobs=_integer(0, 5),
        stream=_FLAG,
        stream_options=_object([], include_usage=_FLAG, include_obfuscation=_FLAG),
        **_SAMPLING,
    ),
    "ChatIds": _object(
        ["request", "token_ids"], request=_CHAT,
        token_ids={"anyOf": [_IDS, _array(_IDS)]}, finish_reason=_FINISH,
    ),
    "ResponsesIds": _object(
        ["request", "token_ids"], request=_RESPONSES, token_ids=_IDS, finish_reason=_FINISH
    ),
    "TokenizeRequest": {
        "anyOf": [
            _object(["prompt"], prompt=_TEXT, allow_special=_FLAG, return_token_strs=_FLAG),
            _object(["messages"], messages=_array(_MESSAGE, 1), return_token_strs=_FLAG),
        ]
    },
    "DetokenizeRequest": _object(["tokens"], tokens=_IDS),
}  # fmt: skip
"""Name of a schema -> what a request of that kind holds."""
