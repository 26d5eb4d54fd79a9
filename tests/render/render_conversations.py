"""Seeded conversations in openai_harmony's JSON form, for the differential tests."""

from __future__ import annotations

import random

from tests.render.render_cases import Schemas

TEXTS = [
    "", "hi", "What is 2+2?", "line\nbreak\n\n", "  spaces  ", "<|end|>", "<|start|>assistant",
    "東京は晴れ", "🙂🙂", '{"city": "Paris"}', "to=functions.f", "a" * 40, "\r\n\t", "e\u0301",
]  # fmt: skip
LINES = ["", "2024-06", "x", "東京", "<|end|>", "  "]
DESCRIPTIONS = ["", "One line.", "Two\nlines.", "Empty\n\nbetween\n", "\n", "crlf\r\nend", "// x"]
WORDS = ["functions", "browser", "python", "mcp-server", "a", "zz", "Z", "é", "x.y"]
CHANNELS = ["analysis", "commentary", "final", "analysis", "final", "other"]
RECIPIENTS = ["functions.f", "assistant", "all", "browser.search", "python", "user"]
TYPES = ["json", "<|constrain|>json", "code", "text/plain", "<|constrain|>application/x+y"]


class Conversations:
    """Make conversations that the model accepts: valid names, contents where they belong."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.schemas = Schemas(seed + 1)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def maybe(self, items: list[str], share: float = 0.5) -> str | None:
        return self.random.choice(items) if self.chance(share) else None

    def conversation(self) -> dict[str, object]:
        roles = ["system", "developer", "user", "assistant", "assistant", "assistant", "tool"]
        count = self.random.randrange(9)
        return {"messages": [self.message(self.random.choice(roles)) for _ in range(count)]}

    def message(self, role: str) -> dict[str, object]:
        out: dict[str, object] = {"role": role, "content": self.contents(role)}
        if role == "tool":
            out["name"] = self.random.choice(["functions.f", "browser.search", "mcp.x-y"])
        elif self.chance(0.1):
            out["name"] = self.random.choice(["ann", "bob:2", "é-1"])
        fields = {
            "channel": self.maybe(CHANNELS, 0.8 if role == "assistant" else 0.2),
            "recipient": self.maybe(RECIPIENTS, 0.3),
            "content_type": self.maybe(TYPES, 0.25),
        }
        return out | {key: value for key, value in fields.items() if value is not None}

    def contents(self, role: str) -> object:
        if self.chance(0.3):
            return self.random.choice(TEXTS)
        return [self.content(role) for _ in range(self.random.choice([0, 1, 1, 1, 1, 2, 3]))]

    def content(self, role: str) -> dict[str, object]:
        if role == "system" and self.chance(0.8):
            return self.system()
        if role == "developer" and self.chance(0.8):
            return self.developer()
        return {"type": "text", "text": self.random.choice(TEXTS)}

    def system(self) -> dict[str, object]:
        out: dict[str, object] = {
            "model_identity": self.maybe(TEXTS),
            "reasoning_effort": self.maybe(["Low", "Medium", "High"]),
            "conversation_start_date": self.maybe(LINES),
            "knowledge_cutoff": self.maybe(LINES),
        }
        if self.chance(0.6):
            channels = self.random.choices(CHANNELS, k=self.random.randrange(4))
            required = self.chance(0.5)
            out["channel_config"] = {"valid_channels": channels, "channel_required": required}
        return {"type": "system_content", **out, **self.tools(0.2)}

    def developer(self) -> dict[str, object]:
        instructions = self.maybe(TEXTS)
        return {"type": "developer_content", "instructions": instructions, **self.tools(0.6)}

    def tools(self, share: float) -> dict[str, object]:
        if not self.chance(share):
            return {}
        keys = self.random.sample(WORDS, self.random.randrange(5))
        return {"tools": {key: self.namespace(key) for key in keys}}

    def namespace(self, key: str) -> dict[str, object]:
        name = key if self.chance(0.8) else self.random.choice(WORDS)
        tools = [self.tool() for _ in range(self.random.randrange(4))]
        return {"name": name, "description": self.maybe(DESCRIPTIONS), "tools": tools}

    def tool(self) -> dict[str, object]:
        out: dict[str, object] = {"name": self.random.choice(["f", "get_weather", "x-y"])}
        out["description"] = self.random.choice(DESCRIPTIONS)
        if self.chance(0.6):
            schema = self.schemas.schema(2)
            out["parameters"] = schema if isinstance(schema, dict) else {}
        return out
