"""Runs a model's tokens through the responses room, in each of its forms."""

from __future__ import annotations

import json

from harmonium import load_encoding
from harmonium.openai import (
    AnswerContext,
    ReasoningCipher,
    ResponseOptions,
    ResponsesSetup,
    ToolResult,
    counting_ids,
    response_answer,
    response_byte_stream,
    response_event_stream,
    responses_request,
)

ENCODING = load_encoding()
WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}
TOOLS = [
    WEATHER,
    {"type": "custom", "name": "apply patch"},
    {"type": "web_search"},
    {"type": "code_interpreter"},
]
ALL_INCLUDES = [
    "reasoning.encrypted_content",
    "code_interpreter_call.outputs",
    "web_search_call.action.sources",
    "web_search_call.results",
    "message.output_text.logprobs",
]
NOTES = {"type": "mcp", "server_label": "notes"}
LISTED = {"type": "mcp_list_tools", "id": "l", "server_label": "notes", "tools": [{"name": "find"}]}
CIPHER = ReasoningCipher(bytes(32), nonces=bytes)

REASONING = "<|channel|>analysis<|message|>Need it.<|end|>"
PREAMBLE = "<|channel|>commentary<|message|>Let me look.<|end|>"
CALL = (
    "<|channel|>commentary to=functions.get_weather <|constrain|>json"
    '<|message|>{"city": "Zürich"}<|call|>'
)
PYTHON = "<|channel|>analysis to=python code<|message|>print(1 + 1)<|call|>"
SEARCH = '<|channel|>analysis to=browser.search code<|message|>{"query": "x", "topn": 3}<|call|>'
MCP = '<|channel|>commentary to=notes.find <|constrain|>json<|message|>{"q":1}<|call|>'
CUSTOM = "<|channel|>commentary to=functions.apply_patch<|message|>*** a\n<b><|call|>"
ANSWER = "<|channel|>final<|message|>It is 4.<|return|>"


def ids_of(*messages):
    """The ids of an answer: what stands between its messages is put there."""
    return ENCODING.encode("<|start|>assistant".join(messages), allowed_special="all")


def setup_of(**known):
    return ResponsesSetup(cipher=CIPHER, **known)


def request_of(setup=None, **fields):
    body = {"model": "gpt-oss", "input": "hi", "tools": TOOLS, **fields}
    return responses_request(body, setup or setup_of())


def serving(setup=None, **fields):
    """A request whose history lists the tool ``find`` of the server ``notes``."""
    said = [LISTED, {"role": "user", "content": "hi"}]
    return request_of(setup, **{"input": said, "tools": [*TOOLS, NOTES], **fields})


def prompt_of(request):
    return ENCODING.decode(request.render(ENCODING))


def split(ids, cuts):
    """The ids in pieces that end at the cuts."""
    ends = [*sorted({cut for cut in cuts if 0 < cut < len(ids)}), len(ids)]
    starts = [0, *ends[:-1]]
    return [ids[start:end] for start, end in zip(starts, ends, strict=True)]


def parsed(ids, request, cuts=(), role="assistant"):
    """What the parser says, piece by piece, the end of the stream last."""
    parser = ENCODING.parser(role=role, tools=request.tools.parser_tools)
    return [*(parser.feed(piece) for piece in split(ids, cuts)), parser.close()]


def run(make, ids, request=None, cuts=(), *, engine="stop", role="assistant", **options):  # noqa: PLR0913
    """Run one turn; give the stream and all that it gave."""
    request = request or request_of()
    stream = make(request, AnswerContext(7, counting_ids()), ResponseOptions(**options))
    given = [stream.start()]
    given += [stream.feed(events) for events in parsed(ids, request, cuts, role)]
    given.append(stream.finish(engine, input_tokens=3, cached_tokens=1, now=9))
    return stream, given


def events_of(ids, request=None, cuts=(), **how):
    """The events of a stream, as JSON."""
    _, given = run(response_event_stream, ids, request, cuts, **how)
    return [event for events in given for event in events]


def sent(ids, request=None, cuts=(), **how):
    """The bytes of a stream."""
    _, given = run(response_byte_stream, ids, request, cuts, **how)
    return b"".join(given)


def whole(ids, request=None, **how):
    """The whole answer, as JSON."""
    stream, _ = run(response_answer, ids, request, **how)
    return stream.response


def read_frames(data):
    """The events in server-sent bytes; each frame has its two lines, the last is [DONE]."""
    *frames, done, rest = data.decode("utf-8").split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    events = []
    for frame in frames:
        name, body = frame.split("\n")
        event = json.loads(body.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def types_of(events, index=None):
    """The events' types, without ``response.``; of one item when its index is given."""
    return [
        event["type"].removeprefix("response.")
        for event in events
        if index is None or event.get("output_index") == index
    ]


def in_turns(turns, request, results, make=response_event_stream, **options):
    """Run several turns of ids; each ends with calls that are answered by the next results."""
    stream = make(request, AnswerContext(7, counting_ids()), ResponseOptions(**options))
    answers = iter(results)
    given = [stream.start()]
    for turn in turns:
        given += [stream.feed(events) for events in parsed(turn, request)]
        given.append(stream.end_turn("stop"))
        for call in stream.pending_calls:
            given.append(stream.tool_started(call.output_index))
            given.append(stream.tool_finished(call.output_index, next(answers)))
    given.append(stream.finish("stop", input_tokens=3))
    return stream, given


def result(text, **fields):
    return ToolResult(text, **fields)
