"""Chat requests for benchmarks: a conversation of `material`, in the form that clients send."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks import material
from benchmarks.texts import Texts

Body = dict[str, Any]

MODEL = "gpt-oss-120b"


def request(texts: Texts, turns: int) -> Body:
    """Make the body of a request: instructions, ten tools, `turns` turns, and one more question."""
    said = material.conversation(texts, turns)
    return {
        "model": MODEL,
        "messages": [
            {"role": "developer", "content": said["instructions"]},
            *messages(said["messages"]),
            question(texts),
        ],
        "tools": [{"type": "function", "function": tool} for tool in said["tools"]],
        "reasoning_effort": "medium",
    }


def question(texts: Texts) -> Body:
    """Ask something new."""
    return {"role": "user", "content": texts.mixed(texts.around(material.CHAT.question))}


def grown(body: Body, texts: Texts) -> Body:
    """Make the request that follows `body`: the answer, sent back, and the next question."""
    answer = messages(material.turn(texts, [])[1:])
    return {**body, "messages": [*body["messages"], *answer, question(texts)]}


def messages(said: Iterable[Mapping[str, Any]]) -> list[Body]:
    """Spell Harmony's messages as a chat history: reasoning and calls are fields of one message."""
    found: list[Body] = []
    reasoning: str | None = None
    for number, item in enumerate(said):
        if item.get("channel") == "analysis":
            reasoning = item["text"]
        elif item["role"] == "tool":
            call_id = found[-1]["tool_calls"][0]["id"]
            found.append({"role": "tool", "tool_call_id": call_id, "content": item["text"]})
        else:
            found.append(_message(item, reasoning, f"call_{number}"))
            reasoning = None
    return found


def _message(item: Mapping[str, Any], reasoning: str | None, call_id: str) -> Body:
    if item["role"] == "user":
        return {"role": "user", "content": item["text"]}
    message: Body = {"role": "assistant"}
    if reasoning is not None:
        message["reasoning"] = reasoning
    if item.get("recipient") is None:
        return {**message, "content": item["text"]}
    name = item["recipient"].removeprefix("functions.")
    function = {"name": name, "arguments": item["text"]}
    call = {"id": call_id, "type": "function", "function": function}
    return {**message, "content": None, "tool_calls": [call]}
