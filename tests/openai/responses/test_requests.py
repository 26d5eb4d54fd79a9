"""What each field of a Responses request does, and how a wrong one is named."""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response, response_create_params

from harmonium import Message, ReasoningEffort, ToolNamespace
from harmonium.openai import (
    AnswerContext,
    PromptSettings,
    RequestError,
    ResponsesSetup,
    response_answer,
    responses_request,
)
from harmonium.openai.responses import FIELDS, INCLUDABLE
from tests.openai.responses.running import ENCODING, WEATHER, prompt_of, request_of, setup_of

NAMES = [field.name for field in FIELDS]
OWN = {"previous_input_messages", "presence_penalty", "frequency_penalty", "stream"}


def refusal_of(setup=None, **fields):
    """The error's place and code."""
    with pytest.raises(RequestError) as caught:
        request_of(replace(setup or setup_of(), tolerance="strict"), **fields)
    assert caught.value.http_status == 400
    body = caught.value.to_dict()["error"]
    assert body["type"] == "invalid_request_error"
    return body["param"], body["code"]


def developer_of(request):
    return request.conversation.messages[1].content[0]


def test_the_table_knows_every_field_of_the_published_type():
    published = get_type_hints(response_create_params.ResponseCreateParamsBase)
    assert set(NAMES) == set(published) | OWN
    assert sorted(set(NAMES)) == NAMES


def test_every_field_has_a_requirement_of_its_own():
    manifest = Path(__file__).parents[2] / "data" / "openai_requirements_responses.toml"
    names = {entry["id"] for entry in tomllib.loads(manifest.read_text("utf-8"))["requirement"]}
    assert {f"responses.field.{name}" for name in NAMES} - names == set()


def test_a_request_needs_an_input():
    with pytest.raises(RequestError) as caught:
        responses_request({"model": "m"})
    assert (caught.value.param, caught.value.code) == ("input", "missing_required_parameter")


@pytest.mark.parametrize("body", [None, 3, "text", [], [1]])
def test_a_request_is_an_object(body):
    with pytest.raises(RequestError):
        responses_request(body)


def test_unknown_fields_are_ignored():
    assert request_of(top_k=3, frobnicate={}).conversation == request_of().conversation


@pytest.mark.parametrize(
    "name",
    [
        "access_programs",
        "background_options",
        "context_management",
        "conversation",
        "image",
        "moderation",
        "prompt",
    ],
)
def test_a_field_that_cannot_be_honoured_is_refused_by_name(name):
    assert refusal_of(**{name: {"id": "x"}}) == (name, "unsupported_parameter")
    assert request_of(**{name: None}).values[name] is None


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("temperature", 0, 2),
        ("top_p", 0, 1),
        ("presence_penalty", -2, 2),
        ("frequency_penalty", -2, 2),
        ("top_logprobs", 0, 20),
    ],
)
def test_numbers_have_their_bounds(name, low, high):
    assert (request_of(**{name: low}).values[name], request_of(**{name: high}).values[name]) == (
        low,
        high,
    )
    assert refusal_of(**{name: low - 1}) == (name, "invalid_value")
    assert refusal_of(**{name: high + 1}) == (name, "invalid_value")
    assert refusal_of(**{name: "1"}) == (name, "invalid_type")
    assert refusal_of(**{name: True}) == (name, "invalid_type")


@pytest.mark.parametrize("name", ["max_output_tokens", "max_tool_calls"])
def test_limits_are_one_or_more(name):
    assert request_of(**{name: 1}).values[name] == 1
    assert refusal_of(**{name: 0}) == (name, "invalid_value")
    assert refusal_of(**{name: 1.5}) == (name, "invalid_type")


@pytest.mark.parametrize("name", ["background", "store", "stream", "parallel_tool_calls"])
def test_flags_are_true_or_false(name):
    assert request_of(**{name: True}).values[name] is True
    assert request_of(**{name: False}).values[name] is False
    assert refusal_of(**{name: "yes"}) == (name, "invalid_type")


@pytest.mark.parametrize(
    "name",
    ["model", "user", "safety_identifier", "prompt_cache_key", "previous_response_id"],
)
def test_words_are_repeated(name):
    request = request_of(setup_of(previous=[]), **{name: "word"})
    stream = response_answer(request, AnswerContext(0))
    assert stream.response[name] == "word"
    assert refusal_of(**{name: 3}) == (name, "invalid_type")


def test_a_response_that_is_not_stored_here_cannot_be_gone_on_from():
    found = refusal_of(previous_response_id="resp_1")
    assert found == ("previous_response_id", "previous_response_not_found")


def test_metadata_has_its_bounds():
    assert request_of(metadata={"a": "b"}).values["metadata"] == {"a": "b"}
    assert refusal_of(metadata={str(n): "" for n in range(17)})[0] == "metadata"
    assert refusal_of(metadata={"k" * 65: ""})[0] == "metadata"
    assert refusal_of(metadata={"k": "v" * 513})[0] == "metadata.k"
    assert refusal_of(metadata={"k": 1}) == ("metadata.k", "invalid_type")


def test_truncation_tier_retention_and_stream_options():
    assert request_of(truncation="auto").values["truncation"] == "auto"
    assert refusal_of(truncation="some") == ("truncation", "invalid_value")
    assert request_of(service_tier="flex").values["service_tier"] == "default"
    assert refusal_of(service_tier="gold") == ("service_tier", "invalid_value")
    for hint in ("in_memory", "24h"):
        assert request_of(prompt_cache_retention=hint).conversation == request_of().conversation
    assert refusal_of(prompt_cache_retention="1h")[0] == "prompt_cache_retention"
    assert refusal_of(stream_options={"include_obfuscation": 1}) == (
        "stream_options.include_obfuscation",
        "invalid_type",
    )


def test_hints_to_a_cache_change_nothing_and_what_is_more_is_refused():
    hints = {"mode": "explicit", "ttl": "30m", "prewarm": False}
    request = request_of(prompt_cache_options=hints)
    assert request.conversation == request_of().conversation
    for name, value in (("prewarm", True), ("comparison_response_id", "resp_1")):
        found = refusal_of(prompt_cache_options={**hints, name: value})
        assert found == (f"prompt_cache_options.{name}", "unsupported_parameter")


def test_who_changes_an_answer_changes_no_other():
    setup = setup_of(defaults={"metadata": {"served": "here"}})
    for known in (setup_of(), setup):
        first, second = (
            response_answer(request_of(known), AnswerContext(0)).response for _ in range(2)
        )
        first["metadata"]["mine"] = "x"
        assert "mine" not in second["metadata"]
        assert "mine" not in request_of(known).values["metadata"]


def test_defaults_of_the_server_stand_in_for_absent_fields():
    setup = setup_of(defaults={"temperature": 0.5})
    assert request_of(setup).values["temperature"] == 0.5
    assert request_of(setup, temperature=1).values["temperature"] == 1


def test_include_knows_its_words():
    request = request_of(include=list(INCLUDABLE))
    assert request.include == set(INCLUDABLE)
    assert refusal_of(include=["everything"]) == ("include[0]", "invalid_value")
    assert refusal_of(include="reasoning.encrypted_content") == ("include", "invalid_type")


def test_sealed_reasoning_is_refused_without_a_key():
    fields = {"include": ["reasoning.encrypted_content"]}
    assert refusal_of(ResponsesSetup(), **fields) == ("include[0]", "unsupported_parameter")


@pytest.mark.parametrize("effort", ["low", "medium", "high"])
def test_the_effort_stands_in_the_prompt(effort):
    request = request_of(reasoning={"effort": effort, "summary": "auto"})
    assert f"Reasoning: {effort}\n" in prompt_of(request)
    assert request.values["reasoning"] == {"effort": effort, "summary": None}


def test_the_servers_effort_is_used_when_none_is_asked_for():
    setup = setup_of(prompt=PromptSettings(effort=ReasoningEffort.LOW, today="2025-06-28"))
    for fields in ({}, {"reasoning": {}}):
        request = request_of(setup, **fields)
        assert "Current date: 2025-06-28\n\nReasoning: low\n" in prompt_of(request)
        assert request.values["reasoning"]["effort"] == "low"


@pytest.mark.parametrize("effort", ["none", "minimal", "xhigh", "max", 3])
def test_an_unknown_effort_is_refused_naming_the_known(effort):
    with pytest.raises(RequestError, match="low") as caught:
        request_of(replace(setup_of(), tolerance="strict"), reasoning={"effort": effort})
    assert caught.value.param == "reasoning.effort"


@pytest.mark.parametrize(
    ("name", "value"),
    [("summary", "concise"), ("generate_summary", "detailed"), ("mode", "pro")],
)
def test_what_reasoning_cannot_be_is_refused(name, value):
    assert refusal_of(reasoning={name: value}) == (f"reasoning.{name}", "unsupported_parameter")


def test_all_past_reasoning_is_kept_when_asked_for():
    said = [
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [
            {"type": "reasoning_text", "text": "Thinking."}]},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "and?"},
    ]  # fmt: skip
    assert "Thinking." not in prompt_of(request_of(input=said))
    assert "Thinking." in prompt_of(request_of(input=said, reasoning={"context": "all_turns"}))
    kept = {context: _echoed(context) for context in ("auto", "current_turn", "all_turns", None)}
    assert kept == {
        "auto": "current_turn",
        "current_turn": "current_turn",
        "all_turns": "all_turns",
        None: None,
    }
    assert refusal_of(reasoning={"context": "some"}) == ("reasoning.context", "invalid_value")


def _echoed(context):
    return request_of(reasoning={"context": context}).values["reasoning"].get("context")


def test_a_schema_becomes_a_response_format():
    form = {"type": "json_schema", "name": "sum", "schema": {"type": "object"}, "strict": True}
    request = request_of(text={"format": form, "verbosity": "medium"})
    assert developer_of(request).response_formats[0].name == "sum"
    assert request.response_format.schema == {"type": "object"}
    assert request.values["text"] == {
        "format": {**form, "description": None},
        "verbosity": "medium",
    }
    assert '# Response Formats\n\n## sum\n\n{"type":"object"}' in prompt_of(request)


def test_any_object_or_plain_text_may_be_asked_for():
    request = request_of(text={"format": {"type": "json_object"}})
    assert request.response_format.schema == {"type": "object"}
    assert request_of(text={"format": {"type": "text"}}).response_format is None


@pytest.mark.parametrize(
    ("text", "param"),
    [
        ({"verbosity": "low"}, "text.verbosity"),
        ({"format": {"type": "xml"}}, "text.format.type"),
        ({"format": {}}, "text.format.type"),
        ({"format": {"type": "json_schema", "name": "x"}}, "text.format.schema"),
        ({"format": {"type": "json_schema", "name": "a b", "schema": {}}}, "text.format.name"),
    ],
)
def test_a_wrong_format_is_named(text, param):
    assert refusal_of(text=text)[0] == param


# Instructions


def test_instructions_and_tools_stand_in_one_developer_message():
    request = request_of(instructions="Be brief.", tools=[WEATHER])
    content = developer_of(request)
    assert content.instructions == "Be brief."
    assert [tool.name for tool in content.tools[0].tools] == ["get_weather"]


def test_leading_instructions_of_the_input_join_the_tools():
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    request = request_of(input=said, tools=[WEATHER])
    assert developer_of(request).instructions == "Be brief."
    assert len(request.conversation) == 3


def test_the_newest_instructions_win():
    before = [{"role": "developer", "content": "Old."}, {"role": "user", "content": "hi"}]
    request = request_of(setup_of(previous=before), instructions="New.", input="and?")
    assert developer_of(request).instructions == "New."
    assert (
        request.conversation.messages[2]
        == request_of(input=[{"role": "user", "content": "x"}, before[0]]).conversation.messages[-1]
    )


def test_the_newest_tools_win():
    listed = {"type": "mcp_list_tools", "id": "m", "server_label": "s", "tools": [{"name": "t"}]}
    request = request_of(setup_of(previous=[listed]), tools=[WEATHER])
    assert [space.name for space in developer_of(request).tools] == ["functions"]


# Tools


def test_built_in_tools_get_the_namespaces_the_models_know():
    request = request_of(tools=[{"type": "web_search_preview"}, {"type": "code_interpreter"}])
    content = request.conversation.messages[0].content[0]
    assert content.tools == (ToolNamespace.browser(), ToolNamespace.python())
    assert request.tools.parser_tools == (
        "browser.search",
        "browser.open",
        "browser.find",
        "python",
    )


def test_a_container_needs_a_server_that_has_one():
    assert refusal_of(tools=[{"type": "container"}]) == ("tools", "unsupported_parameter")
    space = ToolNamespace("container", "A shell.")
    request = request_of(setup_of(built_in={"container": space}), tools=[{"type": "container"}])
    assert request.conversation.messages[0].content[0].tools == (space,)
    Response.model_validate(response_answer(request, AnswerContext(0)).response)


def test_custom_tools_take_free_text_and_tell_their_grammar():
    form = {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}
    request = request_of(tools=[{"type": "custom", "name": "run", "format": form}])
    (tool,) = developer_of(request).tools[0].tools
    assert tool.parameters == {"type": "string"}
    assert tool.description.endswith('this lark grammar:\nstart: "a"')


def test_tools_of_a_namespace_are_functions_and_its_description_is_told():
    tools = [{"type": "function", "name": "get"}, {"type": "custom", "name": "get"}]
    space = {"type": "namespace", "name": "crm", "description": "Clients.", "tools": tools}
    offered = developer_of(request_of(tools=[space])).tools[0].tools
    assert [tool.name for tool in offered] == ["crm__get", "crm__get_2"]
    assert offered[0].description == "Namespace crm: Clients."


MCP = {"type": "mcp", "server_label": "notes", "server_description": "Notes."}
LISTED = [
    {"name": "find", "inputSchema": {"type": "object"}, "description": "Finds."},
    {"name": "drop"},
]


def test_an_mcp_server_is_a_namespace_of_its_tools():
    request = request_of(setup_of(mcp_tools={"notes": LISTED}), tools=[WEATHER, MCP])
    space = developer_of(request).tools[1]
    assert (space.name, space.description) == ("notes", "Notes.")
    assert [tool.name for tool in space.tools] == ["find", "drop"]
    assert space.tools[0].parameters == {"type": "object"}
    assert "notes.find" not in request.tools.parser_tools


def test_an_mcp_servers_tools_can_be_limited():
    setup = setup_of(mcp_tools={"notes": LISTED})
    for allowed in (["find"], {"tool_names": ["find"]}):
        request = request_of(setup, tools=[{**MCP, "allowed_tools": allowed}])
        assert [tool.name for tool in developer_of(request).tools[0].tools] == ["find"]


def test_listed_tools_of_the_input_are_known():
    listed = {"type": "mcp_list_tools", "id": "m", "server_label": "notes", "tools": LISTED}
    request = request_of(tools=[MCP], input=[listed, {"role": "user", "content": "hi"}])
    assert [tool.name for tool in developer_of(request).tools[0].tools] == ["find", "drop"]


def test_no_secret_of_an_mcp_server_is_repeated():
    tool = {**MCP, "server_url": "https://x", "authorization": "s3cret", "headers": {"a": "s3cret"}}
    response = response_answer(request_of(tools=[tool]), AnswerContext(0)).response
    assert "s3cret" not in json.dumps(response)


@pytest.mark.parametrize(
    ("tool", "param"),
    [
        ({"type": "file_search", "vector_store_ids": []}, "tools[0].type"),
        ({"type": "image_generation"}, "tools[0].type"),
        ({"name": "f"}, "tools[0].type"),
        ({"type": "function"}, "tools[0].name"),
        ({"type": "function", "name": ""}, "tools[0].name"),
        ({"type": "function", "name": "f", "parameters": 3}, "tools[0].parameters"),
        ({"type": "function", "name": "f", "strict": "yes"}, "tools[0].strict"),
        ({"type": "custom", "name": "f", "format": {"type": "x"}}, "tools[0].format.type"),
        ({"type": "namespace", "name": "n", "tools": [{"type": "mcp"}]}, "tools[0].tools[0].type"),
        ({"type": "mcp"}, "tools[0].server_label"),
        ({**MCP, "connector_id": "connector_gmail"}, "tools[0].connector_id"),
        ({**MCP, "server_label": ""}, "tools[0].server_label"),
        ({**MCP, "tunnel_id": "t"}, "tools[0].tunnel_id"),
        ({**MCP, "require_approval": "sometimes"}, "tools[0].require_approval"),
        ({**MCP, "require_approval": {"always": 3}}, "tools[0].require_approval.always"),
        ({**MCP, "allowed_tools": {"read_only": "yes"}}, "tools[0].allowed_tools.read_only"),
        ({**MCP, "headers": {"a": 3}}, "tools[0].headers.a"),
        ({**WEATHER, "defer_loading": True}, "tools[0].defer_loading"),
        ({**WEATHER, "async": True}, "tools[0].async"),
        ({**WEATHER, "allowed_callers": ["programmatic"]}, "tools[0].allowed_callers"),
        ({"type": "web_search", "filters": 3}, "tools[0].filters"),
        (
            {"type": "web_search", "filters": {"blocked_domains": ["x"]}},
            "tools[0].filters.blocked_domains",
        ),
        (
            {"type": "web_search", "user_location": {"type": "exact"}},
            "tools[0].user_location.type",
        ),
        ({"type": "web_search", "search_context_size": 3}, "tools[0].search_context_size"),
        (
            {"type": "web_search", "search_content_types": ["image"]},
            "tools[0].search_content_types[0]",
        ),
        (
            {"type": "code_interpreter", "container": {"type": "auto", "network_policy": {}}},
            "tools[0].container.network_policy",
        ),
        (
            {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}},
            "tools[0].container.file_ids",
        ),
    ],
)
def test_a_tool_that_cannot_be_is_named(tool, param):
    assert refusal_of(tools=[tool])[0] == param


@pytest.mark.parametrize("kind", ["function", "custom"])
def test_a_tool_that_is_spelt_as_in_chat_is_told_how_it_is_spelt_here(kind):
    with pytest.raises(RequestError, match="beside type") as caught:
        request_of(tools=[{"type": kind, kind: {"name": "f"}}])
    assert caught.value.param == "tools[0].name"


def test_a_tool_is_declared_once():
    assert refusal_of(tools=[WEATHER, WEATHER]) == ("tools[1].name", "duplicate_tool")
    assert refusal_of(tools=[MCP, MCP]) == ("tools[1].server_label", "duplicate_tool")


def test_every_kind_of_tool_and_choice_is_repeated_as_the_openai_package_knows_it():
    tools = [
        WEATHER,
        {"type": "custom", "name": "run", "format": {"type": "text"}},
        {"type": "namespace", "name": "crm", "description": "", "tools": [WEATHER]},
        {"type": "web_search"},
        {"type": "code_interpreter", "container": "c_1"},
        MCP,
    ]
    choices = [
        "auto",
        "required",
        {"type": "function", "name": "get_weather"},
        {"type": "custom", "name": "run"},
        {"type": "web_search"},
        {"type": "code_interpreter"},
        {"type": "mcp", "server_label": "notes", "name": "find"},
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "web_search"}]},
    ]
    setup = setup_of(mcp_tools={"notes": LISTED})
    for choice in choices:
        response = response_answer(
            request_of(setup, tools=tools, tool_choice=choice), AnswerContext(0)
        )
        Response.model_validate(response.response, strict=True)


DEEP = {"type": "string"}
for _ in range(70):  # deeper than `Limits.schema_depth`
    DEEP = {"type": "array", "items": DEEP}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [{"type": "web_search"}, {**WEATHER, "parameters": DEEP}]}, "tools[1]"),
        (
            {"tools": [WEATHER, {"type": "namespace", "name": "n", "tools": [
                {"type": "function", "name": "f", "parameters": DEEP}]}]},
            "tools[1].tools[0]",
        ),
        (
            {"text": {"format": {"type": "json_schema", "name": "x", "schema": {
                "const": float("nan")}}}},
            "text.format.schema",
        ),
    ],
)  # fmt: skip
def test_a_schema_that_cannot_be_rendered_is_named(fields, param):
    with pytest.raises(RequestError) as caught:
        request_of(**fields).render(ENCODING)
    assert caught.value.param == param


# The choice of tools


def test_a_choice_hides_the_tools_it_leaves_out():
    other = {"type": "function", "name": "other"}
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [other]}
    tools = [WEATHER, other, {"type": "web_search"}]
    request = request_of(tools=tools, tool_choice=allowed)
    assert [tool.name for tool in developer_of(request).tools[0].tools] == ["other"]
    assert request.conversation.messages[0].content[0].tools == ()
    assert (request.tool_choice.mode, request.tool_choice.names) == ("auto", ("other",))


@pytest.mark.parametrize(
    ("choice", "mode", "names"),
    [
        (None, "auto", ("get_weather", "run", "browser", "notes.find", "notes.drop")),
        ("none", "none", ()),
        ("required", "required", ("get_weather", "run", "browser", "notes.find", "notes.drop")),
        ({"type": "function", "name": "get_weather"}, "required", ("get_weather",)),
        ({"type": "custom", "name": "run"}, "required", ("run",)),
        ({"type": "web_search_preview"}, "required", ("browser",)),
        ({"type": "mcp", "server_label": "notes"}, "required", ("notes.find", "notes.drop")),
    ],
)
def test_the_choice_says_what_may_be_called(choice, mode, names):
    tools = [WEATHER, {"type": "custom", "name": "run"}, {"type": "web_search"}, MCP]
    request = request_of(setup_of(mcp_tools={"notes": LISTED}), tools=tools, tool_choice=choice)
    assert (request.tool_choice.mode, request.tool_choice.names) == (mode, names)


@pytest.mark.parametrize(
    ("choice", "param"),
    [
        ("always", "tool_choice"),
        ({"type": "function", "name": "unknown"}, "tool_choice"),
        ({"type": "custom", "name": "get_weather"}, "tool_choice"),
        ({"type": "code_interpreter"}, "tool_choice"),
        ({"type": "file_search"}, "tool_choice.type"),
        ({"type": "mcp", "server_label": "x"}, "tool_choice"),
        ({"type": "allowed_tools", "mode": "none", "tools": []}, "tool_choice.mode"),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, "tool_choice"),
        ({}, "tool_choice.type"),
        (3, "tool_choice"),
    ],
)
def test_a_choice_of_what_is_not_there_is_refused(choice, param):
    assert refusal_of(tools=[WEATHER], tool_choice=choice)[0] == param


def test_a_call_cannot_be_required_without_tools():
    assert refusal_of(tools=[], tool_choice="required") == ("tool_choice", "invalid_value")


# Whatever comes in

LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.sampled_from(["message", "function", "user", "auto", "text", "function_call", "reasoning"]),
)  # fmt: skip
KEYS = st.sampled_from(
    ["type", "role", "content", "name", "id", "call_id", "output", "arguments", "text", "action",
     "encrypted_content", "tools", "format", "schema", "parameters", "server_label", "input",
     "code", "outputs", "summary", "effort", "mode", "author", "tool_calls", "function",
     "approval_request_id", "approve", "reason", "require_approval", "allowed_tools", "container",
     "filters", "user_location", "headers", "annotations", "namespace"]
)  # fmt: skip
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["message", "reasoning", "function_call", "function_call_output", "custom_tool_call",
     "custom_tool_call_output", "mcp_call", "mcp_list_tools", "web_search_call",
     "mcp_approval_request", "mcp_approval_response", "code_interpreter_call", "item_reference",
     "computer_call"]
)  # fmt: skip
ITEMS = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    KINDS,
    st.dictionaries(KEYS, JUNK, max_size=6),
)
TOOL_KINDS = st.sampled_from(
    ["function", "custom", "namespace", "mcp", "web_search", "code_interpreter", "container", "x"]
)
TOOLS = st.builds(
    lambda kind, fields: {**fields, "type": kind},
    TOOL_KINDS,
    st.dictionaries(KEYS, JUNK, max_size=5),
)
BODIES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(NAMES, JUNK)
    | {
        "input": st.lists(ITEMS, max_size=3) | st.just("hi") | JUNK,
        "tools": st.lists(TOOLS, max_size=3) | JUNK,
        "previous_input_messages": st.lists(st.dictionaries(KEYS, JUNK, max_size=5), max_size=2),
    },
)
ALONE = st.one_of(
    st.lists(ITEMS, min_size=1, max_size=2).map(lambda items: {"input": items}),
    st.lists(TOOLS, min_size=1, max_size=2).map(lambda tools: {"input": "hi", "tools": tools}),
    st.sampled_from(NAMES).flatmap(lambda name: JUNK.map(lambda junk: {"input": "hi", name: junk})),
)


def _made(body):
    """The request and no error, or the declared error alone; any other error is raised."""
    try:
        return responses_request(body, setup_of()), None
    except RequestError as error:
        return None, error


STEP = re.compile(r"(?:^|\.)([^.\[\]]+)|\[(\d+)\]")


def _leads_into(path, body):
    """Whether a JSON path leads to something in the body, or to what is missing in it."""
    *most, last = STEP.findall(path)
    for name, index in most:
        body = body[int(index)] if index else body[name]
    return isinstance(body, dict) if last[0] else int(last[1]) < len(body)


@given(BODIES | ALONE)
@settings(max_examples=800)
def test_random_json_makes_a_request_or_the_declared_error(body):
    request, error = _made(body)
    if error is not None:
        json.dumps(error.to_dict())
        assert error.param is None or _leads_into(error.param, body)
    else:
        assert isinstance(request.conversation.messages[0], Message)
        Response.model_validate(response_answer(request, AnswerContext(0)).response)


@given(ALONE)
@settings(max_examples=300)
def test_a_request_that_is_taken_is_rendered_or_the_declared_error_says_why_not(body):
    request, _ = _made(body)
    if request is not None:
        with contextlib.suppress(RequestError):
            assert request.render(ENCODING)
