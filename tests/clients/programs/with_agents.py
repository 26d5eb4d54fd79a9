"""What a user of openai-agents writes: its address is the gateway's, the rest is as with OpenAI."""

import sys

from agents import (
    Agent,
    AgentsException,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import APIError, APIStatusError, AsyncOpenAI
from openai.types.responses import ResponseTextDeltaEvent
from steps import raised, report
from weather import BROKEN, HELLO, QUESTION, Weather, called, get_weather

set_tracing_disabled(disabled=True)
client, strict = (
    AsyncOpenAI(base_url=url, api_key="unused", max_retries=0, timeout=60) for url in sys.argv[1:3]
)
MODELS = {"chat": OpenAIChatCompletionsModel, "responses": OpenAIResponsesModel}
TOOLS = [function_tool(get_weather)]


def _agent(api, model="demo", client=client, **options):
    settings = ModelSettings(include_usage=True)  # else chat streams tell no usage
    return Agent("Demo", model=MODELS[api](model, client), model_settings=settings, **options)


def _told(result):
    usage = result.context_wrapper.usage
    items = [item.raw_item for item in result.new_items if item.type == "reasoning_item"]
    return {
        "text": result.final_output,
        "usage": [usage.input_tokens, usage.output_tokens],
        "reasoning": [part.text for item in items for part in item.content or item.summary],
    }


async def _events(result):
    return [event async for event in result.stream_events()]


async def answer(api):
    return _told(await Runner.run(_agent(api), HELLO))


async def stream(api):
    result = Runner.run_streamed(_agent(api), HELLO)
    data = [event.data for event in await _events(result) if event.type == "raw_response_event"]
    pieces = [event.delta for event in data if isinstance(event, ResponseTextDeltaEvent)]
    return {"pieces": pieces} | _told(result)


async def tool(api):
    result = await Runner.run(_agent(api, tools=TOOLS), QUESTION)
    return {"called": list(called), "text": result.final_output}


async def streamed_tool(api):
    result = Runner.run_streamed(_agent(api, tools=TOOLS), QUESTION)
    await _events(result)
    return {"called": list(called), "text": result.final_output}


async def structured(api):
    result = await Runner.run(_agent(api, output_type=Weather), QUESTION)
    return result.final_output.model_dump()


async def error(api):
    try:
        await Runner.run(_agent(api, model="another"), HELLO)
    except APIStatusError as caught:
        return raised(caught, caught.status_code)


async def broken_stream(api):
    try:
        await _events(Runner.run_streamed(_agent(api, client=strict), BROKEN))
    except (APIError, AgentsException) as caught:
        return raised(caught)


report(answer, stream, tool, streamed_tool, structured, error, broken_stream)
