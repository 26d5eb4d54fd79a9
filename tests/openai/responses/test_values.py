"""All that the openai package's types allow is taken, or refused for what it is."""

from __future__ import annotations

from openai.types.responses.response_create_params import ResponseCreateParamsBase
from openai.types.responses.response_input_item_param import ResponseInputItemParam
from openai.types.responses.tool_param import ToolParam

from harmonium.openai import RequestError, responses_request
from harmonium.openai.responses import FIELDS, ITEM_KINDS, TOOL_KINDS
from tests.openai.responses.running import ENCODING, WEATHER, setup_of
from tests.openai.values import members, objects

HI = {"role": "user", "content": "hi"}
ASKED = {"server_label": "a", "name": "b", "arguments": "{}"}
CALLED = [
    HI,
    {"type": "function_call", "call_id": "s", "name": "f", "arguments": "{}"},
    {"type": "mcp_approval_request", "id": "s", **ASKED},
]
"""What outputs and approvals answer, whose ids are all ``s``."""

NOT_READ = {("content[0].type", "unsupported_content"), ("output[0].type", "unsupported_content")}
OF_ITEMS = NOT_READ | {
    ("call_id", "missing_required_parameter"),
    ("encrypted_content", "invalid_encrypted_content"),
    ("outputs[0]", "unsupported_parameter"),
    ("error.content", "invalid_type"),
}
OF_TOOLS = {
    (name, "unsupported_parameter")
    for name in (
        "async", "allowed_callers", "defer_loading", "connector_id", "tunnel_id",
        "container.file_ids", "container.network_policy", "search_content_types[0]",
        "tools[0].async", "tools[0].allowed_callers", "tools[0].defer_loading",
    )
} | {("tools[0].parameters", "invalid_type")}  # fmt: skip
OF_FIELDS = {
    ("previous_response_id", "previous_response_not_found"),
    ("prompt_cache_options.comparison_response_id", "unsupported_parameter"),
    ("prompt_cache_options.prewarm", "unsupported_parameter"),
    ("reasoning.effort", "invalid_value"),
    ("reasoning.generate_summary", "unsupported_parameter"),
    ("reasoning.mode", "unsupported_parameter"),
    ("reasoning.summary", "unsupported_parameter"),
    ("text.verbosity", "unsupported_parameter"),
    ("tool_choice", "invalid_value"),
    ("tool_choice.name", "invalid_value"),
    ("tool_choice.tools[0].type", "missing_required_parameter"),
    ("tool_choice.type", "invalid_value"),
    *(
        (field.name, "unsupported_parameter")
        for field in FIELDS
        if field.effect.startswith("refused unless")
    ),
}


def refusals(bodies, place=""):
    """What is refused of requests that are all valid, and with which code."""
    found = set()
    for body in bodies:
        try:
            setup = setup_of(find_item=lambda _: HI, tolerance="strict")
            responses_request({"model": "m", **body}, setup).render(ENCODING)
        except RequestError as error:
            param = (error.position.path or "").removeprefix(place).removeprefix(".")
            found.add((param, error.code))
    return found


def _is_read(kinds, value):
    return not kinds.get(str(value.get("type")), "").startswith("refused")


def test_every_item_of_the_published_types_is_read_or_refused_for_what_it_holds():
    items = [item for kind in members(ResponseInputItemParam) for item in objects(kind)]
    read = [item for item in items if _is_read(ITEM_KINDS, item)]
    bodies = [{"input": [*CALLED, item]} for item in read]
    assert len(read) > 100
    assert refusals(bodies, f"input[{len(CALLED)}]") == OF_ITEMS


def test_every_tool_of_the_published_types_is_offered_or_refused_for_what_it_asks():
    tools = [tool for kind in members(ToolParam) for tool in objects(kind)]
    read = [tool for tool in tools if _is_read(TOOL_KINDS, tool)]
    bodies = [{"input": "hi", "tools": [tool]} for tool in read]
    assert len(read) > 80
    assert refusals(bodies, "tools[0]") == OF_TOOLS


def test_every_field_of_the_published_type_is_taken_or_refused_for_what_it_asks():
    tools = {"tools": [WEATHER, {"type": "web_search"}]}
    fields = objects(ResponseCreateParamsBase)
    bodies = [{**body, "input": "hi", **tools} for body in fields]
    assert len(bodies) > 80
    assert refusals(bodies) == OF_FIELDS
