"""Conversations for the differential tests, as specifications `probes_api.message` builds from."""

import random

ROLES = ["user", "assistant", "system", "developer", "tool"]
NAMES = [
    "bob", "functions.get_weather", "python", "browser.search", "", "all", "assistant", "a b",
    "<|start|>", "x:y", "to=z", "é日", "<|constrain|>json", "\n", "user", "json", "'\"\\",
]  # fmt: skip
CHANNELS = ["analysis", "commentary", "final", "final", "analysis", "", "comment", "<|channel|>x"]
TYPES = ["json", "<|constrain|>json", "text", "", "code", "<|constrain|>", " x", "a<|constrain|>b"]
TEXTS = [
    "", "hello", "What is 2 + 2?", '{"city": "Paris"}', "<|end|>", "<|start|>assistant", "日本語",
    "😀👍🏽", "a\n\nb", "  x  ", "e\u0301", "\x00", "x" * 200, "a\r\nb", "\ufffd", "\u2028",
]  # fmt: skip
SCHEMAS = [
    None,
    {},
    {"type": "object", "properties": {}},
    {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city, e.g. 東京"},
            "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
            "days": {"type": ["integer", "null"], "default": 3},
        },
        "required": ["city"],
    },
    {
        "type": "object",
        "description": "a\nb",
        "properties": {
            "items": {"type": "array", "items": {"type": "number"}},
            "any": {"oneOf": [{"type": "string"}, {"type": "object", "properties": {"a": {}}}]},
            "flag": {"type": "boolean", "nullable": True, "default": False, "title": "Flag"},
            "big": {"type": "number", "default": 1e21, "examples": [1.5, -0.0, 10**18]},
        },
    },
    {"type": "array", "items": {"type": "array"}},
    {"anyOf": [{"type": "string"}], "$ref": "#/x"},
]


def conversations(count, seed):
    """Whole conversations: sensible ones, and ones with any field on any message."""
    rng = random.Random(seed)
    return [
        [[some_message(rng) for _ in range(rng.randrange(7))], rng.choice([None, True, False])]
        for _ in range(count)
    ]


def single_messages(count, seed):
    """Single messages, and what to say of function tools."""
    rng = random.Random(seed)
    return [[some_message(rng), rng.choice([None, True, False])] for _ in range(count)]


def some_message(rng):
    """Draw a message; one in four has a content that its role must not have."""
    role = rng.choice(ROLES)
    made = {"role": role}
    if rng.random() < (0.85 if role == "tool" else 0.15):
        made["name"] = rng.choice(NAMES)
    if rng.random() < (0.75 if role == "assistant" else 0.3):
        made["channel"] = rng.choice(CHANNELS)
    if rng.random() < 0.3:
        made["recipient"] = rng.choice(NAMES)
    if rng.random() < 0.25:
        made["content_type"] = rng.choice(TYPES)
    made["content"] = [_some_content(rng, role) for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3]))]
    return made


def _some_content(rng, role):
    kind = role if rng.random() < 0.75 else "user"
    if rng.random() < 0.02:
        kind = rng.choice(["system", "developer"])
    if kind == "system":
        return ["system", _system(rng)]
    return ["developer", _developer(rng)] if kind == "developer" else ["text", rng.choice(TEXTS)]


def _system(rng):
    channels = {"valid_channels": rng.sample(CHANNELS, rng.randrange(4))}
    choices = {
        "model_identity": [None, "", "You are a test.", "a\nb"],
        "reasoning_effort": [None, "Low", "Medium", "High"],
        "conversation_start_date": [None, "2025-06-28", ""],
        "knowledge_cutoff": [None, "2024-06", "x"],
        "channel_config": [None, {**channels, "channel_required": rng.random() < 0.5}],
        "tools": [None, {}, _namespaces(rng)],
    }
    return {name: rng.choice(values) for name, values in choices.items() if rng.random() < 0.5}


def _developer(rng):
    found = {}
    if rng.random() < 0.6:
        found["instructions"] = rng.choice([None, *TEXTS])
    if rng.random() < 0.7:
        found["tools"] = rng.choice([None, {}, _namespaces(rng), _namespaces(rng)])
    return found


def _namespaces(rng):
    keys = rng.sample(["functions", "browser", "a", "Z", "é", "functions2", ""], rng.randrange(4))
    return {key: _namespace(rng, key) for key in keys}


def _namespace(rng, key):
    name = key if rng.random() < 0.8 else rng.choice(NAMES)
    tools = [
        {
            "name": rng.choice(["get_weather", "f", "a b", "<|end|>", ""]),
            "description": rng.choice(TEXTS),
            "parameters": rng.choice(SCHEMAS),
        }
        for _ in range(rng.randrange(3))
    ]
    return {"name": name, "description": rng.choice([None, "d", "", "a\nb"]), "tools": tools}


ODD = ["nan", "inf", "set", "bytes", "tuple", "object", "big", "small", "surrogate", "high"]
ODD += ["pair", "keys", "wrong keys"]
PLAIN_ODD = [5, -5, 1.5, True, None, "x", [], ["a"], {}, {"a": 1}, "<|x|>é", 1e300]
TOOL = ["developer", {"tools": {"functions": {"name": "functions", "tools": [
    {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}},
]}}}]  # fmt: skip
SYSTEM = ["system", {"tools": {"browser": {"name": "browser", "tools": []}}}]
PLACES = {
    "user": [
        "channel", "recipient", "content_type", "author", "author.role", "author.name",
        "content", "content.0", "content.0.text",
    ],
    "system": [
        "content.0.model_identity", "content.0.reasoning_effort", "content.0.channel_config",
        "content.0.conversation_start_date", "content.0.knowledge_cutoff", "content.0.tools",
        "content.0.channel_config.valid_channels", "content.0.channel_config.channel_required",
        "content.0.tools.@browser", "content.0.tools.@browser.name",
        "content.0.tools.@browser.description", "content.0.tools.@browser.tools",
    ],
    "developer": [
        "content.0.instructions", "content.0.tools.@functions.tools",
        "content.0.tools.@functions.tools.0.name", "content.0.tools.@functions.tools.0.description",
        "content.0.tools.@functions.tools.0.parameters",
        "content.0.tools.@functions.tools.0.parameters.@default",
        "content.0.tools.@functions.tools.0.parameters.@properties",
    ],
}  # fmt: skip
CONTENTS = {"user": ["text", "hé"], "system": SYSTEM, "developer": TOOL}


def odd_messages():
    """Every place of a message, assigned every odd value: what constructors would refuse."""
    values = PLAIN_ODD + [{"odd": name} for name in ODD]
    values += [{"odd": "deep", "depth": depth} for depth in (90, 110, 116, 117, 118, 119, 130)]
    return [
        {"role": role, "content": [CONTENTS[role], ["text", "b"]], "assign": [[place, value]]}
        for role, places in PLACES.items()
        for place in places
        for value in values
    ]
