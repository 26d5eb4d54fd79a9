"""What a user of pydantic-ai writes: its provider is OpenAI's with the gateway's address."""

import sys

from openai import APIError, AsyncOpenAI
from pydantic_ai import Agent, ModelHTTPError, NativeOutput
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ThinkingPart
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from steps import raised, report
from weather import BROKEN, HELLO, QUESTION, Weather, called, get_weather

gateway, strict = (
    OpenAIProvider(
        openai_client=AsyncOpenAI(base_url=url, api_key="unused", max_retries=0, timeout=60)
    )
    for url in sys.argv[1:3]
)
MODELS = {"chat": OpenAIChatModel, "responses": OpenAIResponsesModel}


def _agent(api, model="demo", provider=gateway, **options):
    return Agent(MODELS[api](model, provider=provider), **options)


def _told(result):
    parts = [part for message in result.all_messages() for part in message.parts]
    thoughts = [part for part in parts if isinstance(part, ThinkingPart)]
    details = [part.provider_details or {} for part in thoughts]
    return {
        "usage": [result.usage.input_tokens, result.usage.output_tokens],
        "reasoning": [part.content for part in thoughts if part.content]
        + [text for one in details for text in one.get("raw_content", ())],
    }


async def answer(api):
    result = await _agent(api).run(HELLO)
    return {"text": result.output} | _told(result)


async def stream(api):
    async with _agent(api).run_stream(HELLO) as result:
        pieces = [piece async for piece in result.stream_text(delta=True, debounce_by=None)]
        return {"pieces": pieces, "text": await result.get_output()} | _told(result)


async def tool(api):
    result = await _agent(api, tools=[get_weather]).run(QUESTION)
    return {"called": list(called), "text": result.output}


async def streamed_tool(api):
    async with _agent(api, tools=[get_weather]).run_stream(QUESTION) as result:
        text = await result.get_output()
    return {"called": list(called), "text": text}


async def structured(api):
    result = await _agent(api, output_type=NativeOutput(Weather)).run(QUESTION)
    return result.output.model_dump()


async def error(api):
    try:
        await _agent(api, model="another").run(HELLO)
    except ModelHTTPError as caught:
        return raised(caught, caught.status_code)


async def broken_stream(api):
    try:
        async with _agent(api, provider=strict).run_stream(BROKEN) as result:
            await result.get_output()
    except (AgentRunError, APIError) as caught:
        return raised(caught)


report(answer, stream, tool, streamed_tool, structured, error, broken_stream)
