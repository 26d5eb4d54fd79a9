"""OpenAI's APIs both ways: requests become conversations, parser events become answers."""

from harmonium.errors import RequestError
from harmonium.openai.ids import IdSource, Seam, counting_ids, random_ids
from harmonium.openai.output import ItemClosed, ItemOpened, ItemText, OutputEvent, OutputFold
from harmonium.openai.routing import DESTINATIONS, Destination, Route, route
from harmonium.openai.tool_names import ToolName, ToolNameMap
from harmonium.openai.usage import TokenUsage

__all__ = [
    "DESTINATIONS",
    "Destination",
    "IdSource",
    "ItemClosed",
    "ItemOpened",
    "ItemText",
    "OutputEvent",
    "OutputFold",
    "RequestError",
    "Route",
    "Seam",
    "TokenUsage",
    "ToolName",
    "ToolNameMap",
    "counting_ids",
    "random_ids",
    "route",
]
