"""Valid completions to damage: what follows a prompt, of every shape that servers see.

Does not know any fault.
"""

from __future__ import annotations

import json
import random
from typing import NamedTuple

from harmonium.model import Message
from harmonium.render import PROFILES

_REASONING = (
    "We need to look up the weather in Oslo before we answer.",
    "The user wants the port. The config says 8080, so that is the final answer.",
    "Need to call the tool.\n\nThen summarise: analysis of the result, commentary last.",
    "Let's think: 2 + 2 = 4; the assistant said 5 earlier, which is wrong.",
    "Überprüfen wir zuerst die Datei \u2013 dann antworten.",
    "用户想知道天气\uff0c需要调用工具。",
    'The JSON {"a": 1} looks fine. Return it as json.',
    "Plan: 1) list files 2) read <|start|> markers in them, e.g. <|channel|>final<|message|>.",
    "Is `to=functions.search` right here? The docs spell it to=functions.search.",
    "OK.",
    "the user wants a short reply, so one sentence will do",
    "Hmm, \U0001f469\u200d\U0001f680 is one glyph of several code points.",
    "We have:\n```python\nfor i in range(3):\n    print(i)\n```\nThat prints 0 to 2.",
    "Check the numbers again: 17 * 23 = 391. Good.",
    "The assistant should not reveal this. So the reply is short.",
)
_PREAMBLES = (
    "Let me look that up for you.",
    "**Plan**\n1. List the files\n2. Read them",
    "I'll check the weather first, then the calendar.",
    "Ich sehe kurz nach.",
)
_ANSWERS = (
    "The port is 8080.",
    "Hello! How can I help you today?",
    "Paris is the capital of France.",
    "Yes.",
    "42",
    "4",
    "C",
    "四",
    "\U0001f44d",
    "# Result\n\n- one\n- two\n\n```sh\nls -l\n```\n",
    "Die Antwort lautet 42 \u2013 mehr nicht.",
    "I cannot help with that request.",
    "In the final analysis, commentary matters more than the assistant's role.",
    'The format uses <|start|> and <|end|>; write "<|message|>" before the content.',
    "functions.get_weather is what I would call here.",
    "search",
    "yes, that works",
    "list_files [1,2,3]",
    "答えは「東京」です。",
    "\u201cQuoted\u201d text, then an e\u0301 and a tab\there.",
    "Line one\r\nline two",
    "An assistant to=functions.search looks like this in a header.",
)
_OBJECTS: tuple[object, ...] = (
    {"country": "Peru", "capital": "Lima"},
    {"a": 1},
    [1, 2, 3],
    {"text": "assistant<|channel|>final<|message|>no"},
    {"items": [{"id": 1, "ok": True}, {"id": 2, "ok": None}], "note": "über 4 \u2013 ok"},
)
_ARGUMENTS: tuple[object, ...] = (
    {},
    {"city": "Oslo"},
    {"path": "src/main.py", "limit": 20},
    {"query": 'to=functions.search "final"', "exact": False},
    {"command": ["bash", "-lc", "grep -rn '<|end|>' ."]},
    {"text": "日本語 \U0001f600", "nested": {"list": [1, [2, {"k": "v"}]]}},
    {"patch": "*** Begin\n+assistantfinal done\n*** End"},
    {"value": 3},
)
_CODE = ("print(1 + 1)", "import math\nmath.sqrt(2)", "x = {'a': 1}\nx")
_TOOLS = (
    "get_weather",
    "search",
    "list_files",
    "read_file",
    "web-browsing",
    "notify",
    "mcp__server__lookup",
)
_ORDERS = tuple(sorted(PROFILES))


class Completion(NamedTuple):
    """What a model said, the tools that were declared, and the profile it is printed in."""

    messages: tuple[Message, ...]
    tools: tuple[str, ...]
    profile: str
    training: bool


def completion(chance: random.Random) -> Completion:
    """Return a valid completion: reasoning, preambles, calls, and an answer or none."""
    tools = tuple(chance.sample(_TOOLS, chance.randint(2, 4)))
    said: list[Message] = []
    if chance.random() < 0.8:  # noqa: PLR2004  (most completions reason first)
        said.append(Message.assistant(chance.choice(_REASONING), channel="analysis"))
    shape = chance.choice(("answer", "answer", "call", "call", "calls", "preamble", "both", "json"))
    if shape in {"preamble", "both"}:
        said.append(Message.assistant(chance.choice(_PREAMBLES), channel="commentary"))
    if shape in {"call", "calls", "preamble", "both"}:
        count = chance.randint(2, 3) if shape == "calls" else 1
        said += [_call(chance, tools) for _ in range(count)]
    if shape in {"answer", "both"}:
        if shape == "both":
            said.append(Message.assistant(chance.choice(_REASONING), channel="analysis"))
        said.append(Message.assistant(chance.choice(_ANSWERS), channel="final"))
    if shape == "json":
        content_type = chance.choice((None, "json", "<|constrain|>json"))
        text = _json(chance, _OBJECTS)
        said.append(Message.assistant(text, channel="final", content_type=content_type))
    used = {message.recipient for message in said if message.recipient is not None}
    built_in = tuple(sorted(name for name in used if not name.startswith("functions.")))
    return Completion(
        tuple(said),
        tools + built_in,
        chance.choice(_ORDERS),
        chance.random() < 0.5,  # noqa: PLR2004
    )


def _call(chance: random.Random, tools: tuple[str, ...]) -> Message:
    kind = chance.random()
    if kind < 0.08:  # noqa: PLR2004  (few calls go to the built-in tools)
        code = chance.choice(_CODE)
        return Message.assistant(code, channel="analysis", recipient="python", content_type="code")
    if kind < 0.16:  # noqa: PLR2004
        text = json.dumps({"query": "weather Oslo"})
        return Message.assistant(text, channel="analysis", recipient="browser.search")
    channel = "analysis" if kind < 0.22 else "commentary"  # noqa: PLR2004
    content_type = chance.choice((None, "json", "<|constrain|>json", "<|constrain|>json"))
    return Message.assistant(
        _json(chance, _ARGUMENTS),
        channel=channel,
        recipient=f"functions.{chance.choice(tools)}",
        content_type=content_type,
    )


def _json(chance: random.Random, values: tuple[object, ...]) -> str:
    value = chance.choice(values)
    layout: tuple[int | None, tuple[str, str]] = chance.choice(
        ((None, (",", ":")), (None, (", ", ": ")), (2, (",", ": ")))
    )
    indent, separators = layout
    return json.dumps(
        value,
        indent=indent,
        separators=separators,
        ensure_ascii=chance.random() < 0.3,  # noqa: PLR2004
    )
