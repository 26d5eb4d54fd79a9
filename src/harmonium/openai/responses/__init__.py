"""The Responses API both ways: requests into conversations, events into responses and streams."""

from harmonium.openai.responses.answers import (
    as_response,
    as_stream_event,
    response_answer,
    response_byte_stream,
    response_event_stream,
    response_object,
)
from harmonium.openai.responses.citations import CitationFinder, Page
from harmonium.openai.responses.dialogue import KEPT_BYTES, Dialogues
from harmonium.openai.responses.encryption import ReasoningCipher
from harmonium.openai.responses.fields import FIELDS, INCLUDABLE, Field
from harmonium.openai.responses.frames import sse_frame
from harmonium.openai.responses.items import PendingCall, ToolResult
from harmonium.openai.responses.kinds import ITEM_KINDS, TOOL_KINDS
from harmonium.openai.responses.listing import shown_items
from harmonium.openai.responses.mcp import ApprovedCall, McpListing, McpServer
from harmonium.openai.responses.options import DIALECTS, ResponseOptions
from harmonium.openai.responses.request import ResponsesRequest, ResponsesSetup, responses_request
from harmonium.openai.responses.stream import ResponseStream
from harmonium.openai.responses.tools import RequestTools

__all__ = [
    "DIALECTS",
    "FIELDS",
    "INCLUDABLE",
    "ITEM_KINDS",
    "KEPT_BYTES",
    "TOOL_KINDS",
    "ApprovedCall",
    "CitationFinder",
    "Dialogues",
    "Field",
    "McpListing",
    "McpServer",
    "Page",
    "PendingCall",
    "ReasoningCipher",
    "RequestTools",
    "ResponseOptions",
    "ResponseStream",
    "ResponsesRequest",
    "ResponsesSetup",
    "ToolResult",
    "as_response",
    "as_stream_event",
    "response_answer",
    "response_byte_stream",
    "response_event_stream",
    "response_object",
    "responses_request",
    "shown_items",
    "sse_frame",
]
