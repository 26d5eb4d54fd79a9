"""JSON objects as Python holds them. One name for each, used by every room."""

from collections.abc import Mapping

JSONObject = dict[str, object]
"""A JSON object of our own making, which may be changed."""

JSONMapping = Mapping[str, object]
"""A JSON object that someone else made, which is only read."""
