"""Chat Completions both ways: requests into conversations, events into answers and chunks."""

from harmonium.openai.answers.sse import DONE, error_event
from harmonium.openai.chat.answer.choice import ChoiceDelta, ChoiceFold
from harmonium.openai.chat.answer.stream import (
    AnswerOptions,
    ChatAnswer,
    ChatStream,
    chat_byte_stream,
    chat_object_stream,
)
from harmonium.openai.chat.field_reference import ANSWER_FIELDS, NESTED_FIELDS
from harmonium.openai.chat.request.fields import (
    FIELDS,
    SERVER_FIELDS,
    AnswerFormat,
    Field,
    chat_request_schema,
)
from harmonium.openai.chat.request.history_cache import ParsedHistories as ChatHistories
from harmonium.openai.chat.request.request import (
    AnswerSettings,
    ChatRequest,
    SamplingOptions,
    chat_request,
)

__all__ = [
    "ANSWER_FIELDS",
    "DONE",
    "FIELDS",
    "NESTED_FIELDS",
    "SERVER_FIELDS",
    "AnswerFormat",
    "AnswerOptions",
    "AnswerSettings",
    "ChatAnswer",
    "ChatHistories",
    "ChatRequest",
    "ChatStream",
    "ChoiceDelta",
    "ChoiceFold",
    "Field",
    "SamplingOptions",
    "chat_byte_stream",
    "chat_object_stream",
    "chat_request",
    "chat_request_schema",
    "error_event",
]
