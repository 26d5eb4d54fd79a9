"""Reads answers as a client would: frames, errors, texts."""

from __future__ import annotations

import json


def error_of(answer):
    """The error object of an answer; it has OpenAI's shape, all of it."""
    (error,) = answer.json().values()
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert answer.headers["x-request-id"]
    return error


def frames_of(answer):
    """The frames of a stream; each is whole."""
    *frames, rest = answer.text.split("\n\n")
    assert rest == ""
    return frames


def events_of(answer):
    """The JSON of a stream's frames; comments and the end are left out."""
    data = [
        line for frame in frames_of(answer) for line in frame.splitlines() if line[:6] == "data: "
    ]
    return [json.loads(line[6:]) for line in data if line != "data: [DONE]"]


def is_terminated(answer):
    """Whether a stream says that it is over."""
    return frames_of(answer)[-1] == "data: [DONE]"


def text_of(path, body):
    """The visible text of a whole answer."""
    if path == "/v1/responses":
        (message,) = [item for item in body["output"] if item["type"] == "message"]
        return message["content"][0]["text"]
    choice = body["choices"][0]
    return choice["text"] if "text" in choice else choice["message"]["content"]


def said_in(path, events):
    """The visible text of a stream."""
    if path == "/v1/responses":
        kind = "response.output_text.delta"
        return "".join(event["delta"] for event in events if event["type"] == kind)
    choices = [choice for event in events for choice in event["choices"]]
    return "".join(
        choice["text"] if "text" in choice else choice["delta"].get("content") or ""
        for choice in choices
    )
