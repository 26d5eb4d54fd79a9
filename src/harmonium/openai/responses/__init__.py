"""The Responses API both ways: requests into conversations, events into responses and streams."""

from harmonium.openai.responses.answer.factories import (
    as_response,
    as_stream_event,
    response_answer,
    response_byte_stream,
    response_event_stream,
    response_object,
)
from harmonium.openai.responses.answer.input_item_list import shown_items
from harmonium.openai.responses.answer.items import PendingCall, ToolResult
from harmonium.openai.responses.answer.stream import ResponseStream
from harmonium.openai.responses.citations import CitationFinder, Page
from harmonium.openai.responses.field_reference import ITEM_KINDS, TOOL_KINDS
from harmonium.openai.responses.options import DIALECTS, ResponseOptions
from harmonium.openai.responses.reasoning_encryption import ReasoningCipher
from harmonium.openai.responses.request.fields import (
    FIELDS,
    INCLUDABLE,
    Field,
    responses_request_schema,
)
from harmonium.openai.responses.request.history_cache import KEPT_BYTES, ParsedHistories
from harmonium.openai.responses.request.history_cache import ParsedHistories as ResponseHistories
from harmonium.openai.responses.request.mcp_servers import ApprovedCall, McpListing, McpServer
from harmonium.openai.responses.request.request import (
    ResponsesRequest,
    ResponsesSetup,
    responses_request,
)
from harmonium.openai.responses.request.tools import RequestTools

__all__ = [
    "DIALECTS",
    "FIELDS",
    "INCLUDABLE",
    "ITEM_KINDS",
    "KEPT_BYTES",
    "TOOL_KINDS",
    "ApprovedCall",
    "CitationFinder",
    "Field",
    "McpListing",
    "McpServer",
    "Page",
    "ParsedHistories",
    "PendingCall",
    "ReasoningCipher",
    "RequestTools",
    "ResponseHistories",
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
    "responses_request_schema",
    "shown_items",
]
