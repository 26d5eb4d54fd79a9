"""Requests to both APIs for the comparison with vLLM: one of each kind, with its name."""

from __future__ import annotations

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Name of a city."},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        "days": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["city"],
}
FUNCTION = {"name": "get_weather", "description": "Current weather.", "parameters": SCHEMA}
BARE = {"name": "ping", "description": "Is anybody there?"}
TOOLS = [{"type": "function", "function": FUNCTION}, {"type": "function", "function": BARE}]
FLAT_TOOLS = [
    {"type": "function", "strict": False, **FUNCTION},
    {"type": "function", "strict": False, **BARE, "parameters": None},
]
ARGUMENTS = '{"city": "Paris"}'
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


def user(text="hi"):
    return {"role": "user", "content": text}


def call(*names, reasoning=None, content=None):
    calls = [
        {
            "id": f"call_{at}",
            "type": "function",
            "function": {"name": name, "arguments": ARGUMENTS},
        }
        for at, name in enumerate(names)
    ]
    said = {"role": "assistant", "content": content, "tool_calls": calls}
    return said | ({"reasoning": reasoning} if reasoning else {})


def result(at=0, text='{"degrees": 20}'):
    return {"role": "tool", "tool_call_id": f"call_{at}", "content": text}


CHAT = {
    "user": {"messages": [user()]},
    "system": {"messages": [{"role": "system", "content": "Be brief."}, user()]},
    "developer": {"messages": [{"role": "developer", "content": "Be brief."}, user()]},
    "effort_low": {"messages": [user()], "reasoning_effort": "low"},
    "effort_high": {"messages": [user()], "reasoning_effort": "high"},
    "parts": {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": t} for t in ("Hi ", "you")]}
        ]
    },
    "markers_in_text": {"messages": [user("<|start|>assistant<|end|> and <|call|>")]},
    "unicode": {"messages": [user("東京は晴れ 🙂 e\u0301\r\n\t")]},
    "turns": {"messages": [user(), {"role": "assistant", "content": "Hello."}, user("And?")]},
    "reasoning_of_a_past_turn": {
        "messages": [
            user(),
            {"role": "assistant", "content": "Hello.", "reasoning": "They greet."},
            user("And?"),
        ]
    },
    "tools": {"messages": [user()], "tools": TOOLS},
    "tools_and_instructions": {
        "messages": [{"role": "system", "content": "Be brief."}, user()],
        "tools": TOOLS,
    },
    "tool_choice_none": {"messages": [user()], "tools": TOOLS, "tool_choice": "none"},
    "call_and_result": {
        "messages": [user(), call("get_weather", reasoning="Look."), result()],
        "tools": TOOLS,
    },
    "call_without_reasoning": {
        "messages": [user(), call("get_weather"), result()],
        "tools": TOOLS,
    },
    "call_with_content": {
        "messages": [user(), call("get_weather", content="I look."), result()],
        "tools": TOOLS,
    },
    "two_calls": {
        "messages": [user(), call("get_weather", "ping"), result(0), result(1, "pong")],
        "tools": TOOLS,
    },
    "calls_of_a_past_turn": {
        "messages": [
            user(),
            call("get_weather", reasoning="Look."),
            result(),
            {"role": "assistant", "content": "20 degrees."},
            user("And?"),
        ],
        "tools": TOOLS,
    },
    "json_schema": {
        "messages": [user()],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "person", "schema": PERSON},
        },
    },
    "json_object": {"messages": [user()], "response_format": {"type": "json_object"}},
}

RESPONSES = {
    "text": {"input": "hi"},
    "instructions": {"input": "hi", "instructions": "Be brief."},
    "effort_high": {"input": "hi", "reasoning": {"effort": "high"}},
    "messages": {"input": [user(), {"role": "assistant", "content": "Hello."}, user("And?")]},
    "system_item": {"input": [{"role": "system", "content": "Be brief."}, user()]},
    "developer_item": {"input": [{"role": "developer", "content": "Be brief."}, user()]},
    "parts": {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi there"}]}]},
    "tools": {"input": "hi", "tools": FLAT_TOOLS},
    "tools_and_instructions": {"input": "hi", "instructions": "Be brief.", "tools": FLAT_TOOLS},
    "call_and_output": {
        "input": [
            user(),
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [],
                "content": [{"type": "reasoning_text", "text": "Look."}],
            },
            {
                "type": "function_call",
                "call_id": "call_0",
                "name": "get_weather",
                "arguments": ARGUMENTS,
            },
            {"type": "function_call_output", "call_id": "call_0", "output": '{"degrees": 20}'},
        ],
        "tools": FLAT_TOOLS,
    },
    "json_schema": {
        "input": "hi",
        "text": {"format": {"type": "json_schema", "name": "person", "schema": PERSON}},
    },
}

ANSWERS = {
    "answer": "<|channel|>analysis<|message|>Hm.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Four: 🙂 日本.<|return|>",
    "answer_alone": "<|channel|>final<|message|>Four.<|return|>",
    "call": "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant<|channel|>commentary"
    ' to=functions.get_weather <|constrain|>json<|message|>{"city": "Paris"}<|call|>',
    "call_recipient_first": "<|channel|>analysis<|message|>Look.<|end|><|start|>assistant"
    " to=functions.get_weather<|channel|>commentary json<|message|>"
    '{"city": "Paris"}<|call|>',
    "preamble_and_call": "<|channel|>commentary<|message|>I look.<|end|><|start|>assistant"
    '<|channel|>commentary to=functions.ping <|constrain|>json<|message|>{"city": "a"}<|call|>',
    "cut_in_reasoning": "<|channel|>analysis<|message|>Hm, let me",
    "cut_in_answer": "<|channel|>analysis<|message|>Hm.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Four is",
}
"""What a model may write, as text with special tokens."""
