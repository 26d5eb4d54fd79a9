"""What the benchmarks render and parse, as plain data. Does not know the contenders.

Conversations are dicts that every contender builds its own objects from; completions are token
ids, put together here from the format's special ids and tiktoken's tokens.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.texts import Texts

Said = dict[str, Any]
Encode = Callable[[str], list[int]]

RETURN, CHANNEL, START, END, MESSAGE = 200002, 200005, 200006, 200007, 200008


@dataclass(frozen=True, slots=True)
class Lengths:
    """The lengths of the texts of a conversation, in characters."""

    question: int
    reasoning: int
    result: int
    answer: int


CHAT = Lengths(question=60, reasoning=80, result=120, answer=120)
"""A sentence or two, as people chat: about 20 tokens a message."""

AGENT = Lengths(question=250, reasoning=300, result=600, answer=800)
"""Paragraphs, code and tables, as agents work: about 120 tokens a message."""


def conversation(texts: Texts, turns: int, lengths: Lengths = CHAT, tools: int = 10) -> Said:
    """Make a conversation: system, developer with tools, then turns that end with an answer.

    All texts are new, those of the tools too.
    """
    names = [_name(texts, number) for number in range(tools)]
    messages = [
        said
        for number in range(turns)
        for said in turn(texts, names[: (number + 1) % 2 * tools], lengths)
    ]
    return {
        "instructions": texts.draw("README files", 600),
        "tools": [_tool(texts, name) for name in names],
        "messages": messages,
    }


def turn(texts: Texts, tools: list[str], lengths: Lengths = CHAT) -> list[Said]:
    """Make one turn: a question, reasoning, a tool called if there are any, an answer."""
    return [
        {"role": "user", "text": texts.mixed(texts.around(lengths.question))},
        _assistant(texts.draw("README files", texts.around(lengths.reasoning)), "analysis"),
        *(_called(texts, f"functions.{texts.random.choice(tools)}", lengths) if tools else ()),
        _assistant(texts.mixed(texts.around(lengths.answer)), "final"),
    ]


def one_kind(texts: Texts, kind: str, turns: int, chars: int) -> Said:
    """Make a conversation without tools, of questions and answers of one kind of text."""
    messages = []
    for _ in range(turns):
        messages.append({"role": "user", "text": texts.draw(kind, chars // 3)})
        messages.append(_assistant(texts.draw(kind, chars), "final"))
    return {"instructions": texts.draw(kind, chars), "tools": [], "messages": messages}


def _assistant(text: str, channel: str, **fields: str) -> Said:
    return {"role": "assistant", "channel": channel, "text": text, **fields}


def _called(texts: Texts, tool: str, lengths: Lengths) -> list[Said]:
    arguments = {"query": texts.draw("made-up words", 16), "limit": texts.random.randrange(50)}
    call = _assistant(json.dumps(arguments), "commentary", recipient=tool, content_type="json")
    result = {"role": "tool", "name": tool, "channel": "commentary", "recipient": "assistant"}
    return [call, result | {"text": texts.draw("JSON", texts.around(lengths.result))}]


def _name(texts: Texts, number: int) -> str:
    return f"{texts.draw('made-up words', 9).replace(' ', '_')}_{number}"


def _line(texts: Texts, chars: int) -> str:
    return texts.draw("README files", chars).replace("\n", " ")


def _tool(texts: Texts, name: str) -> Said:
    """Describe a tool of four parameters."""
    fields: tuple[Mapping[str, object], ...] = (
        {"type": "string", "description": _line(texts, 60)},
        {"type": "string", "enum": texts.draw("made-up words", 30).split()},
        {"type": "integer", "default": texts.random.randrange(100)},
        {"type": "array", "items": {"type": "string"}},
    )
    properties = {_name(texts, number): field for number, field in enumerate(fields)}
    parameters = {"type": "object", "properties": properties, "required": [*properties][:1]}
    return {"name": name, "description": _line(texts, 120), "parameters": parameters}


def completion(texts: Texts, encode: Encode, tokens: int) -> list[int]:
    """Make a completion of exactly `tokens` ids: reasoning, then an answer, half each.

    It goes on where the prompt ended, behind ``<|start|>assistant``.
    """
    first = [CHANNEL, *encode("analysis"), MESSAGE]
    second = [END, START, *encode("assistant"), CHANNEL, *encode("final"), MESSAGE]
    room = tokens - len(first) - len(second) - 1
    reasoning, answer = content(texts, encode, room // 2), content(texts, encode, -(-room // 2))
    return [*first, *reasoning, *second, *answer, RETURN]


def content(texts: Texts, encode: Encode, tokens: int) -> list[int]:
    """Return exactly `tokens` ordinary ids of mixed text."""
    ids: list[int] = []
    while len(ids) < tokens:
        ids += encode(texts.mixed(400) + "\n")
    return ids[:tokens]
