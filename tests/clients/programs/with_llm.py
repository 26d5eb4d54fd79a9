"""What a user of llm writes: entries in its list of further OpenAI models, and then its calls."""

import json
import os
import sys
import tempfile
from pathlib import Path

import llm
import yaml
from openai import APIError, APIStatusError
from steps import raised, report
from weather import BROKEN, HELLO, QUESTION, Weather, called, get_weather

URL, STRICT_URL = sys.argv[1:3]
ABLE = {"supports_tools": True, "supports_schema": True}
NAMES = {"demo": ("demo", URL), "another": ("another", URL), "strict": ("demo", STRICT_URL)}
MODELS = [
    {
        "model_id": f"{api}-{name}",
        "model_name": model,
        "api_base": url,
        "responses": api == "responses",
        **ABLE,
    }
    for api in ("chat", "responses")
    for name, (model, url) in NAMES.items()
]


def _told(response):
    usage = response.usage()
    return {"text": response.text(), "usage": [usage.input, usage.output]}


def answer(api):
    return _told(llm.get_model(f"{api}-demo").prompt(HELLO, stream=False))


def stream(api):
    response = llm.get_model(f"{api}-demo").prompt(HELLO)
    return {"pieces": list(response)} | _told(response)


def tool(api):
    chain = llm.get_model(f"{api}-demo").chain(QUESTION, tools=[get_weather], stream=False)
    return {"text": chain.text(), "called": list(called)}


def streamed_tool(api):
    chain = llm.get_model(f"{api}-demo").chain(QUESTION, tools=[get_weather])
    return {"text": "".join(chain), "called": list(called)}


def structured(api):
    return json.loads(llm.get_model(f"{api}-demo").prompt(QUESTION, schema=Weather).text())


def error(api):
    try:
        llm.get_model(f"{api}-another").prompt(HELLO, stream=False).text()
    except APIStatusError as caught:
        return raised(caught, caught.status_code)


def broken_stream(api):
    try:
        text = llm.get_model(f"{api}-strict").prompt(BROKEN).text()
    except APIError as caught:
        return raised(caught)
    return {"text": text}


with tempfile.TemporaryDirectory() as folder:
    os.environ["LLM_USER_PATH"] = folder
    Path(folder, "extra-openai-models.yaml").write_text(yaml.safe_dump(MODELS), "utf-8")
    report(answer, stream, tool, streamed_tool, structured, error, broken_stream)
