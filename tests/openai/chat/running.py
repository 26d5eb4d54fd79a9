"""Runs a model's tokens through the chat room, and adds chunks up as any client would."""

from __future__ import annotations

import json

from harmonium import load_encoding
from harmonium.openai import (
    AnswerContext,
    AnswerOptions,
    ChatAnswer,
    chat_byte_stream,
    chat_object_stream,
    chat_request,
    counting_ids,
)

ENCODING = load_encoding()
HI = {"role": "user", "content": "hi"}
WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {}}}


def ids_of(text):
    return ENCODING.encode(text, allowed_special="all")


def request_of(**fields):
    return chat_request({"model": "gpt-oss", "messages": [HI], **fields})


def prompt_of(request):
    return ENCODING.decode(ENCODING.render(request.conversation, next_role="assistant"))


def messages_of(*messages, **fields):
    """The messages of the prompt behind the opening ones: who, channel, to whom, type, text."""
    said = chat_request({"model": "m", "messages": list(messages), **fields}).conversation
    return [
        (
            message.author.name or message.author.role.value,
            message.channel,
            message.recipient,
            message.content_type,
            message.text,
        )
        for message in said
        if message.author.role.value not in {"system", "developer"}
    ]


def split(ids, cuts):
    """The ids in pieces that end at the cuts."""
    ends = [*sorted({cut for cut in cuts if 0 < cut < len(ids)}), len(ids)]
    starts = [0, *ends[:-1]]
    return [ids[start:end] for start, end in zip(starts, ends, strict=True)]


def events_of(ids, request, cuts=(), role="assistant"):
    """What the parser says, piece by piece, the end of the stream last."""
    parser = ENCODING.parser(role=role, tools=request.names.declared)
    return [*(parser.feed(piece) for piece in split(ids, cuts)), parser.close()]


def whole(ids, request=None, *, finish="stop", role="assistant", logprobs=(), **options):
    """The whole answer, as JSON."""
    request = request or request_of()
    answer = ChatAnswer(request, AnswerContext(7, counting_ids()), AnswerOptions(**options))
    answer.feed([], 0, logprobs)
    for events in events_of(ids, request, role=role):
        answer.feed(events)
    answer.finish(finish)
    return answer.to_dict(3, 1)


def chunks(ids, request=None, cuts=(), *, finish="stop", role="assistant", **options):
    """The chunks of a stream, as JSON: read back from the bytes."""
    request = request or request_of()
    stream = chat_byte_stream(request, AnswerContext(7, counting_ids()), AnswerOptions(**options))
    sent = [
        frame for events in events_of(ids, request, cuts, role) for frame in stream.feed(events)
    ]
    sent += stream.finish(finish) + stream.end(3, 1)
    return [read_frame(frame) for frame in sent]


def objects(ids, request, cuts=(), *, finish="stop", role="assistant"):
    """The chunks of a stream, as the openai package's objects."""
    stream = chat_object_stream(request, AnswerContext(7, counting_ids()))
    sent = [
        chunk for events in events_of(ids, request, cuts, role) for chunk in stream.feed(events)
    ]
    return sent + stream.finish(finish) + stream.end(3, 1)


def read_frame(frame):
    assert frame.startswith(b"data: ")
    assert frame.endswith(b"\n\n")
    assert frame.count(b"\n") == 2
    return json.loads(frame[6:-2])


def message_of(ids, request=None, **options):
    return whole(ids, request, **options)["choices"][0]["message"]


def folded(sent, choice=0):
    """One choice of a stream added up: each text joined, the rest as it came last."""
    message, calls, reason, logprobs = {}, [], None, []
    for said in (c for chunk in sent for c in chunk["choices"] if c["index"] == choice):
        assert reason is None, "nothing comes behind the finish reason"
        for name, value in said["delta"].items():
            if name == "tool_calls":
                fold_call(calls, value)
            else:
                message[name] = message.get(name, "") + value
        logprobs += (said["logprobs"] or {}).get("content") or []
        reason = said["finish_reason"]
    return {"message": message, "calls": calls, "reason": reason, "logprobs": logprobs}


def fold_call(calls, value):
    (call,) = value
    if call["index"] == len(calls):
        calls.append(
            {"id": call["id"], "type": call["type"], call["type"]: dict(call[call["type"]])}
        )
        return
    (kind,) = set(call) - {"index"}
    assert kind == calls[call["index"]]["type"]
    (what,) = call[kind]
    calls[call["index"]][kind][what] += call[kind][what]


def flat(answer, choice=0):
    """One choice of a whole answer in the form of `folded`."""
    said = answer["choices"][choice]
    message = dict(said["message"])
    calls = message.pop("tool_calls", [])
    del message["refusal"], message["annotations"]
    return {
        "message": {name: value for name, value in message.items() if value is not None},
        "calls": calls,
        "reason": said["finish_reason"],
        "logprobs": (said["logprobs"] or {}).get("content") or [],
    }
