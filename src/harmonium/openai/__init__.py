"""OpenAI's APIs both ways: requests become conversations, parser events become answers."""

from harmonium.errors import RequestError
from harmonium.openai.chat import (
    DONE,
    AnswerFormat,
    AnswerOptions,
    AnswerSettings,
    ChatAnswer,
    ChatRequest,
    ChatStream,
    DeclaredTool,
    EngineFinish,
    Sampling,
    ToolChoice,
    chat_byte_stream,
    chat_object_stream,
    chat_request,
    error_event,
)
from harmonium.openai.ids import IdSource, Seam, counting_ids, random_ids
from harmonium.openai.logprobs import TokenLogprob
from harmonium.openai.output import ItemClosed, ItemOpened, ItemText, OutputEvent, OutputFold
from harmonium.openai.prompt import PromptSettings
from harmonium.openai.routing import DESTINATIONS, Destination, Route, route
from harmonium.openai.tool_names import ToolName, ToolNameMap
from harmonium.openai.usage import TokenUsage

__all__ = [
    "DESTINATIONS",
    "DONE",
    "AnswerFormat",
    "AnswerOptions",
    "AnswerSettings",
    "ChatAnswer",
    "ChatRequest",
    "ChatStream",
    "DeclaredTool",
    "Destination",
    "EngineFinish",
    "IdSource",
    "ItemClosed",
    "ItemOpened",
    "ItemText",
    "OutputEvent",
    "OutputFold",
    "PromptSettings",
    "RequestError",
    "Route",
    "Sampling",
    "Seam",
    "TokenLogprob",
    "TokenUsage",
    "ToolChoice",
    "ToolName",
    "ToolNameMap",
    "chat_byte_stream",
    "chat_object_stream",
    "chat_request",
    "counting_ids",
    "error_event",
    "random_ids",
    "route",
]
