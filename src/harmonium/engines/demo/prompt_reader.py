"""What a prompt tells the demo engine: the last speaker, the tools, the response format.

Knows prompts as messages, and nothing of how it answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from harmonium.encoding import Encoding
from harmonium.engines.demo.tool_signatures import signatures
from harmonium.engines.protocol import Constraint, JsonObject, JsonSchema
from harmonium.model import Message, Role

_FORM = re.compile(r"^# Response Formats$.*?^(?=\{)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class PromptContext:
    """The facts of a prompt that decide the reply.

    Args:
        is_harmony: whether the prompt is Harmony at all, and asks the assistant to speak.
        header: what the prompt has already written of the assistant's message.
        user: the last user message's text.
        results: texts of the tool messages that follow it.
        tools: recipient -> arguments that fit.
        schema: the JSON Schema that the answer must satisfy; None for free text.

    """

    is_harmony: bool = True
    header: str = ""
    user: str = ""
    results: tuple[str, ...] = ()
    tools: dict[str, object] = field(default_factory=dict)
    schema: object = None


def read_prompt(
    prompt: Sequence[int], constraint: Constraint | None, encoding: Encoding
) -> PromptContext:
    """Read a prompt with the parser that reads what models write."""
    ids = list(prompt)
    if encoding.format.start not in ids:
        return PromptContext(is_harmony=False)
    begin = len(ids) - 1 - ids[::-1].index(encoding.format.start)
    messages = encoding.parse(ids[:begin], role=None)
    told = [message.text for message in messages if message.author.role is Role.DEVELOPER]
    tools: dict[str, object] = {}
    for text in told:
        tools |= signatures(text)
    said = _since_user(messages)
    return PromptContext(
        header=encoding.decode(filter(encoding.tokenizer.table.known, ids[begin + 1 :])),
        user=said[0].text if said else "",
        results=tuple(each.text for each in said if each.author.role is Role.TOOL),
        tools=tools,
        schema=_schema(told, constraint),
    )


def _since_user(messages: Sequence[Message]) -> Sequence[Message]:
    for place in range(len(messages) - 1, -1, -1):
        if messages[place].author.role is Role.USER:
            return messages[place:]
    return ()


def _schema(told: Iterable[str], constraint: Constraint | None) -> object:
    """Return the schema of the constraint, else the one that the prompt shows."""
    if isinstance(constraint, JsonSchema):
        return constraint.schema
    for text in told:
        form = _FORM.search(text)
        if form is not None:
            return _first_json(text[form.end() :])
    return {"type": "object"} if isinstance(constraint, JsonObject) else None


def _first_json(text: str) -> object:
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return {"type": "object"}
    return value
