"""JSON Schemas of what a chat request has inside: messages, tools, the tool choice, the format.

What no schema can say is left to the readers: which call a result answers, which tools there are.
"""

from __future__ import annotations

from harmonium.json_types import JSONMapping
from harmonium.openai.requests.field_types import (
    FLAG,
    NAME,
    OBJECT,
    TEXT,
    any_of,
    array_schema,
    nullable,
    object_schema,
    one_of,
)

_PART = object_schema(type=nullable(TEXT.schema))
_CONTENT = nullable(any_of(TEXT.schema, array_schema(any_of(TEXT.schema, _PART))))
_CALL = object_schema(
    ["id"],
    id=NAME.schema,
    type=nullable(one_of("function", "custom").schema),
    function=nullable(object_schema(["name"], name=NAME.schema, arguments=nullable(TEXT.schema))),
    custom=nullable(object_schema(["name"], name=NAME.schema, input=nullable(TEXT.schema))),
)
_MESSAGE = object_schema(
    ["role"],
    role=one_of("system", "developer", "user", "assistant", "tool", "function").schema,
    content=_CONTENT,
    name=nullable(TEXT.schema),
    refusal=_CONTENT,
    reasoning=_CONTENT,
    reasoning_content=_CONTENT,
    tool_calls=nullable(array_schema(_CALL)),
    tool_call_id=nullable(TEXT.schema),
)
MESSAGES: JSONMapping = array_schema(_MESSAGE, 1)

_FUNCTION = object_schema(
    ["name"],
    name=NAME.schema,
    description=nullable(TEXT.schema),
    parameters=nullable(OBJECT.schema),
    strict=nullable(FLAG.schema),
)
_CUSTOM = object_schema(
    ["name"],
    name=NAME.schema,
    description=nullable(TEXT.schema),
    format=nullable(OBJECT.schema),
)
TOOLS: JSONMapping = array_schema(
    {
        "oneOf": [
            object_schema(["type", "function"], type={"const": "function"}, function=_FUNCTION),
            object_schema(["type", "custom"], type={"const": "custom"}, custom=_CUSTOM),
        ]
    }
)
TOOL_CHOICE: JSONMapping = any_of(
    one_of("none", "auto", "required").schema,
    object_schema(["type"], type=one_of("function", "custom", "allowed_tools").schema),
)
RESPONSE_FORMAT: JSONMapping = {
    "oneOf": [
        object_schema(["type"], type={"const": "text"}),
        object_schema(["type"], type={"const": "json_object"}),
        object_schema(
            ["type", "json_schema"],
            type={"const": "json_schema"},
            json_schema=object_schema(
                ["name"],
                name=NAME.schema,
                schema=nullable(OBJECT.schema),
                description=nullable(TEXT.schema),
                strict=nullable(FLAG.schema),
            ),
        ),
    ]
}
