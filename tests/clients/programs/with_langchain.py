"""What a user of langchain-openai writes: its address is the gateway's, the rest is as usual."""

import sys

from langchain_core.messages import HumanMessage
from langchain_core.tools import tool as as_tool
from langchain_openai import ChatOpenAI
from openai import APIError, APIStatusError
from steps import raised, report
from weather import BROKEN, HELLO, QUESTION, Weather, called, get_weather

URL, STRICT_URL = sys.argv[1:3]
TOOL = as_tool(get_weather)


def _model(api, model="demo", url=URL):
    return ChatOpenAI(
        model=model,
        base_url=url,
        api_key="unused",
        use_responses_api=api == "responses",
        stream_usage=True,
        max_retries=0,
        timeout=60,
    )


def _told(message):
    blocks = [part for part in message.content if isinstance(part, dict)]
    items = [part for part in blocks if part["type"] == "reasoning"]
    return {
        "text": message.text,
        "usage": [message.usage_metadata["input_tokens"], message.usage_metadata["output_tokens"]],
        "reasoning": [part["text"] for item in items for part in item.get("content", ())],
    }


def _sum(chunks):
    first, *others = chunks
    for chunk in others:
        first += chunk
    return first


def answer(api):
    return _told(_model(api).invoke(HELLO))


def stream(api):
    chunks = list(_model(api).stream(HELLO))
    pieces = [chunk.text for chunk in chunks if chunk.text]
    return {"pieces": pieces} | _told(_sum(chunks))


def tool(api):
    model = _model(api).bind_tools([TOOL])
    return _after_calls(model, model.invoke(QUESTION))


def streamed_tool(api):
    model = _model(api).bind_tools([TOOL])
    return _after_calls(model, _sum(model.stream(QUESTION)))


def _after_calls(model, message):
    results = [TOOL.invoke(call) for call in message.tool_calls]
    last = model.invoke([HumanMessage(QUESTION), message, *results])
    return {"called": list(called), "text": last.text}


def structured(api):
    return _model(api).with_structured_output(Weather).invoke(QUESTION).model_dump()


def error(api):
    try:
        _model(api, model="another").invoke(HELLO)
    except APIStatusError as caught:
        return raised(caught, caught.status_code)


def broken_stream(api):
    try:
        list(_model(api, url=STRICT_URL).stream(BROKEN))
    except (APIError, ValueError) as caught:
        return raised(caught)


report(answer, stream, tool, streamed_tool, structured, error, broken_stream)
