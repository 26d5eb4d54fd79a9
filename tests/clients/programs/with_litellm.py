"""What a user of litellm writes: the provider is ``openai``, its address the gateway's."""

import json
import os
import sys

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it fetches a list of prices

import litellm
from steps import raised, report
from weather import BROKEN, HELLO, QUESTION, Weather, called, get_weather

URL, STRICT_URL = sys.argv[1:3]
NATIVE = {"litellm_provider": "openai", "supports_native_streaming": True}
litellm.register_model(
    {"openai/demo": NATIVE}
)  # else streams of Responses are whole answers cut up
DEMO = {
    "model": "openai/demo", "api_base": URL, "api_key": "unused", "timeout": 60, "max_retries": 0,
}  # fmt: skip
STRICT = DEMO | {"api_base": STRICT_URL}
ANOTHER = DEMO | {"model": "openai/another"}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string", "enum": ["Bern", "Rome"]}},
    "required": ["city"],
    "additionalProperties": False,
}
FUNCTION = {"name": "get_weather", "description": "Tell the weather.", "parameters": PARAMETERS}
TOOLS = {
    "chat": [{"type": "function", "function": FUNCTION}],
    "responses": [{"type": "function", **FUNCTION}],
}


def _ask(api, text, history=(), **options):
    asked = [{"role": "user", "content": text}, *history]
    if api == "responses":
        return litellm.responses(input=asked, **options)
    if options.get("stream"):
        options["stream_options"] = {"include_usage": True}
    return litellm.completion(messages=asked, **options)


def _whole(api, chunks):
    return chunks[-1].response if api == "responses" else litellm.stream_chunk_builder(chunks)


def _text(api, answer):
    if api == "chat":
        return answer.choices[0].message.content
    items = [item for item in answer.output if item.type == "message"]
    return "".join(part.text for item in items for part in item.content)


def _reasoning(api, answer):
    if api == "chat":
        return [answer.choices[0].message.reasoning_content]
    items = [item for item in answer.output if item.type == "reasoning"]
    return [dict(part)["text"] for item in items for part in item.content]


def _told(api, answer):
    names = {"chat": ("prompt_tokens", "completion_tokens")}
    usage = names.get(api, ("input_tokens", "output_tokens"))
    return {
        "text": _text(api, answer),
        "usage": [getattr(answer.usage, name) for name in usage],
        "reasoning": _reasoning(api, answer),
    }


def answer(api):
    return _told(api, _ask(api, HELLO, **DEMO))


def _piece(api, chunk):
    if api == "chat":
        return chunk.choices[0].delta.content
    return chunk.delta if chunk.type == "response.output_text.delta" else None


def stream(api):
    chunks = list(_ask(api, HELLO, stream=True, **DEMO))
    pieces = [piece for chunk in chunks if (piece := _piece(api, chunk))]
    return {"pieces": pieces} | _told(api, _whole(api, chunks))


def tool(api):
    return _after_calls(api, _ask(api, QUESTION, tools=TOOLS[api], **DEMO))


def streamed_tool(api):
    chunks = list(_ask(api, QUESTION, tools=TOOLS[api], stream=True, **DEMO))
    return _after_calls(api, _whole(api, chunks))


def _after_calls(api, answer):
    history = _chat_history(answer) if api == "chat" else _responses_history(answer)
    last = _ask(api, QUESTION, history, tools=TOOLS[api], **DEMO)
    return {"called": list(called), "text": _text(api, last)}


def _chat_history(answer):
    message = answer.choices[0].message
    (call,) = message.tool_calls
    result = get_weather(**json.loads(call.function.arguments))
    return [message, {"role": "tool", "tool_call_id": call.id, "content": result}]


def _responses_history(answer):
    (call,) = (item for item in answer.output if item.type == "function_call")
    result = get_weather(**json.loads(call.arguments))
    output = {"type": "function_call_output", "call_id": call.call_id, "output": result}
    return [*(item.model_dump() for item in answer.output), output]


def structured(api):
    name = "response_format" if api == "chat" else "text_format"
    return json.loads(_text(api, _ask(api, QUESTION, **{name: Weather}, **DEMO)))


def error(api):
    try:
        _ask(api, HELLO, **ANOTHER)
    except litellm.NotFoundError as caught:
        return raised(caught, caught.status_code)


def broken_stream(api):
    try:
        events = list(_ask(api, BROKEN, stream=True, **STRICT))
    except litellm.exceptions.MidStreamFallbackError as caught:
        return raised(caught)
    last = events[-1].response
    return {"class": last.status, "message": dict(last.error)["message"]}


report(answer, stream, tool, streamed_tool, structured, error, broken_stream)
