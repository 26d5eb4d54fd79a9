"""OpenAI's APIs both ways: requests become conversations, parser events become answers."""

from harmonium.errors import RequestError
from harmonium.openai.answers.context import AnswerContext, IdSource, counting_ids, random_ids
from harmonium.openai.answers.finish import EngineFinish
from harmonium.openai.answers.logprobs import AnswerLogprob
from harmonium.openai.answers.obfuscation import Padding, random_padding
from harmonium.openai.answers.output import (
    ItemClosed,
    ItemOpened,
    ItemText,
    OutputEvent,
    OutputFold,
)
from harmonium.openai.answers.routing import DESTINATIONS, Destination, Route, route
from harmonium.openai.answers.sse import DONE, comment, data_event, error_event, named_event
from harmonium.openai.answers.usage import TokenUsage
from harmonium.openai.chat import (
    AnswerFormat,
    AnswerOptions,
    AnswerSettings,
    ChatAnswer,
    ChatRequest,
    ChatStream,
    SamplingOptions,
    chat_byte_stream,
    chat_object_stream,
    chat_request,
)
from harmonium.openai.completions import (
    CompletionAnswer,
    CompletionRequest,
    CompletionStream,
    CompletionTokenLogprob,
    completion_logprobs,
    completion_request,
)
from harmonium.openai.requests.prompt import PromptSettings
from harmonium.openai.requests.tool_names import ToolName, ToolNameMap
from harmonium.openai.requests.tools import DeclaredTool, ToolChoice
from harmonium.openai.responses import (
    McpServer,
    Page,
    PendingCall,
    ReasoningCipher,
    RequestTools,
    ResponseOptions,
    ResponsesRequest,
    ResponsesSetup,
    ResponseStream,
    ToolResult,
    as_response,
    as_stream_event,
    response_answer,
    response_byte_stream,
    response_event_stream,
    response_object,
    responses_request,
)

__all__ = [
    "DESTINATIONS",
    "DONE",
    "AnswerContext",
    "AnswerFormat",
    "AnswerLogprob",
    "AnswerOptions",
    "AnswerSettings",
    "ChatAnswer",
    "ChatRequest",
    "ChatStream",
    "CompletionAnswer",
    "CompletionRequest",
    "CompletionStream",
    "CompletionTokenLogprob",
    "DeclaredTool",
    "Destination",
    "EngineFinish",
    "IdSource",
    "ItemClosed",
    "ItemOpened",
    "ItemText",
    "McpServer",
    "OutputEvent",
    "OutputFold",
    "Padding",
    "Page",
    "PendingCall",
    "PromptSettings",
    "ReasoningCipher",
    "RequestError",
    "RequestTools",
    "ResponseOptions",
    "ResponseStream",
    "ResponsesRequest",
    "ResponsesSetup",
    "Route",
    "SamplingOptions",
    "TokenUsage",
    "ToolChoice",
    "ToolName",
    "ToolNameMap",
    "ToolResult",
    "as_response",
    "as_stream_event",
    "chat_byte_stream",
    "chat_object_stream",
    "chat_request",
    "comment",
    "completion_logprobs",
    "completion_request",
    "counting_ids",
    "data_event",
    "error_event",
    "named_event",
    "random_ids",
    "random_padding",
    "response_answer",
    "response_byte_stream",
    "response_event_stream",
    "response_object",
    "responses_request",
    "route",
]
