"""Each field of a chat request does what the table of fields says."""

from __future__ import annotations

import typing

import pytest
from openai.types import chat
from openai.types.chat import completion_create_params as params

from harmonium import ReasoningEffort, ToolNamespace
from harmonium.openai import PromptSettings, RequestError, ToolName, chat_request
from harmonium.openai.chat import ANSWER_FIELDS, FIELDS, NESTED_FIELDS
from tests.openai.chat.running import ENCODING, HI, WEATHER, prompt_of, request_of


def _fault(**fields):
    with pytest.raises(RequestError) as caught:
        chat_request({"model": "m", "messages": [HI], **fields}, tolerance="strict")
    return caught.value.param, caught.value.code


def _function(name, **fields):
    return {"type": "function", "function": {"name": name, **fields}}


def _custom(name, **fields):
    return {"type": "custom", "custom": {"name": name, **fields}}


PATCH = _custom("patch", description="Patches.")
TOOLS = [WEATHER, _function("look up", description="Finds.", strict=True), PATCH]


def test_the_table_knows_every_field_of_the_openai_package():
    known = typing.get_type_hints(params.CompletionCreateParamsNonStreaming)
    assert set(FIELDS) == {*known, "stream"}


def _hints(*kinds):
    return {name for kind in kinds for name in typing.get_type_hints(kind)}


def test_the_table_knows_every_field_inside_messages_and_tools():
    said = typing.get_args(chat.ChatCompletionMessageParam)
    parts = typing.get_args(chat.ChatCompletionContentPartParam)
    refusal = chat.ChatCompletionContentPartRefusalParam
    known = {
        *(f"messages[].{name}" for name in _hints(*said)),
        *(f"messages[].content[].{name}" for name in _hints(*parts, refusal) - {"type"}),
        *(
            f"tools[].{name}"
            for name in _hints(*typing.get_args(chat.ChatCompletionToolUnionParam)) - {"type"}
        ),
        *(f"stream_options.{name}" for name in _hints(chat.ChatCompletionStreamOptionsParam)),
    }
    assert set(NESTED_FIELDS) == known


def test_the_table_knows_every_field_of_an_answer():
    whole, chunk = chat.ChatCompletion.model_fields, chat.ChatCompletionChunk.model_fields
    choice = typing.get_args(whole["choices"].annotation)[0].model_fields
    message = chat.ChatCompletionMessage.model_fields
    known = {
        *whole,
        *chunk,
        *(f"choices[].{name}" for name in choice),
        *(f"choices[].message.{name}" for name in message),
    }
    assert set(ANSWER_FIELDS) == known


@pytest.mark.parametrize("kind", ["image_url", "input_audio", "file"])
def test_a_hint_inside_a_part_is_ignored_and_what_is_no_text_is_refused(kind):
    text = {"type": "text", "text": "hi", "prompt_cache_breakpoint": {"mode": "explicit"}}
    assert request_of(messages=[{"role": "user", "content": [text]}]) == request_of()
    part = {"type": kind, kind: {}}
    fault = _fault(messages=[{"role": "user", "content": [text, part]}])
    assert fault == ("messages[0].content[1].type", "unsupported_content")


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_null_is_as_good_as_absent(name):
    if name in {"messages", "model"}:
        assert _fault(**{name: None}) == (name, "missing_required_parameter")
        return
    assert request_of(**{name: None}) == request_of()


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"audio": {"voice": "x"}}, "audio", "unsupported_parameter"),
        ({"frequency_penalty": 3}, "frequency_penalty", "invalid_value"),
        ({"frequency_penalty": "1"}, "frequency_penalty", "invalid_type"),
        ({"function_call": "auto"}, "function_call", "unsupported_parameter"),
        ({"functions": []}, "functions", "unsupported_parameter"),
        ({"logit_bias": {"x": 1}}, "logit_bias", "invalid_value"),
        ({"logit_bias": {"1": 101}}, "logit_bias.1", "invalid_value"),
        ({"logprobs": 1}, "logprobs", "invalid_type"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "invalid_value"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": {}}, "messages", "invalid_type"),
        ({"metadata": 3}, "metadata", "invalid_type"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"metadata": {"k" * 65: "x"}}, "metadata", "invalid_value"),
        ({"metadata": {"a": "v" * 513}}, "metadata.a", "invalid_value"),
        ({"metadata": dict.fromkeys(map(str, range(17)), "x")}, "metadata", "invalid_value"),
        ({"modalities": ["audio"]}, "modalities", "unsupported_parameter"),
        ({"model": ""}, "model", "invalid_value"),
        ({"model": 3}, "model", "invalid_type"),
        ({"moderation": {}}, "moderation", "unsupported_parameter"),
        ({"n": 0}, "n", "invalid_value"),
        ({"n": True}, "n", "invalid_type"),
        ({"parallel_tool_calls": "no"}, "parallel_tool_calls", "invalid_type"),
        ({"prediction": {}}, "prediction", "unsupported_parameter"),
        ({"presence_penalty": float("nan")}, "presence_penalty", "invalid_value"),
        ({"prompt_cache_key": 1}, "prompt_cache_key", "invalid_type"),
        ({"reasoning_effort": "minimal"}, "reasoning_effort", "invalid_value"),
        ({"reasoning_effort": "xhigh"}, "reasoning_effort", "invalid_value"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
        (
            {"response_format": {"type": "json_schema"}},
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a b"}}},
            "response_format.json_schema.name",
            "invalid_value",
        ),
        ({"safety_identifier": 1}, "safety_identifier", "invalid_type"),
        ({"seed": 1.5}, "seed", "invalid_type"),
        ({"service_tier": "gold"}, "service_tier", "invalid_value"),
        ({"stop": ["a"] * 5}, "stop", "invalid_value"),
        ({"stop": [""]}, "stop[0]", "invalid_value"),
        ({"store": "yes"}, "store", "invalid_type"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"stream_options": {}}, "stream_options", "invalid_value"),
        (
            {"stream": True, "stream_options": {"include_obfuscation": 1}},
            "stream_options.include_obfuscation",
            "invalid_type",
        ),
        ({"temperature": -1}, "temperature", "invalid_value"),
        ({"tool_choice": "required"}, "tool_choice", "invalid_value"),
        ({"tool_choice": "any"}, "tool_choice", "invalid_value"),
        ({"tools": [{}]}, "tools[0].type", "missing_required_parameter"),
        ({"tools": [{"type": "browser"}]}, "tools[0].type", "invalid_value"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "missing_required_parameter"),
        ({"tools": [_function("")]}, "tools[0].function.name", "invalid_value"),
        ({"tools": [_function("f", parameters=3)]}, "tools[0].function.parameters", "invalid_type"),
        ({"tools": [_function("f", strict=3)]}, "tools[0].function.strict", "invalid_type"),
        ({"tools": [_function("f"), _function("f")]}, "tools[1].function.name", "duplicate_tool"),
        ({"tools": [_custom("f", format={"type": "x"})]}, "tools[0].custom.format.type",
         "invalid_value"),
        ({"top_logprobs": 1}, "top_logprobs", "invalid_value"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs", "invalid_value"),
        ({"top_p": 1.1}, "top_p", "invalid_value"),
        ({"user": 1}, "user", "invalid_type"),
        ({"verbosity": "high"}, "verbosity", "unsupported_parameter"),
        ({"web_search_options": {}}, "web_search_options", "unsupported_parameter"),
    ],
)  # fmt: skip
def test_a_value_that_is_wrong_or_cannot_be_honoured_is_named(fields, param, code):
    assert _fault(**fields) == (param, code)


def test_the_error_has_openais_shape_and_says_what_is_allowed():
    with pytest.raises(RequestError) as caught:
        chat_request(
            {"model": "m", "messages": [HI], "reasoning_effort": "max"}, tolerance="strict"
        )
    assert caught.value.to_dict() == {
        "error": {
            "message": "reasoning_effort must be one of high, low, medium",
            "type": "invalid_request_error",
            "param": "reasoning_effort",
            "code": "invalid_value",
        }
    }
    assert caught.value.http_status == 400


def test_a_request_that_is_no_object_is_an_error():
    for data in (None, 3, "x", [], [HI]):
        with pytest.raises(RequestError, match="must be a JSON object"):
            chat_request(data)


def test_unknown_fields_are_ignored():
    assert prompt_of(request_of(frobnicate={"x": [1]}, top_k=3)) == prompt_of(request_of())


def test_the_server_decides_identity_date_and_built_in_tools():
    settings = PromptSettings(
        today="2026-01-02", identity="You are X.", builtin_tools=(ToolNamespace.python(),)
    )
    prompt = prompt_of(chat_request({"model": "m", "messages": [HI]}, settings))
    assert prompt.startswith(
        "<|start|>system<|message|>You are X.\nKnowledge cutoff: 2024-06\nCurrent date: 2026-01-02"
    )
    assert "## python" in prompt


@pytest.mark.parametrize("effort", ["low", "medium", "high"])
def test_the_effort_reaches_the_system_message(effort):
    assert f"Reasoning: {effort}\n" in prompt_of(request_of(reasoning_effort=effort))


def test_without_an_effort_the_servers_is_taken():
    settings = PromptSettings(effort=ReasoningEffort.LOW)
    assert "Reasoning: low\n" in prompt_of(chat_request({"model": "m", "messages": [HI]}, settings))


def test_tools_are_printed_under_the_names_harmony_can_carry():
    request = request_of(tools=TOOLS)
    prompt = prompt_of(request)
    assert "// Finds.\ntype look_up = () => any;" in prompt
    assert "// Patches.\ntype patch = (_: string) => any;" in prompt
    assert request.names.declared == ("get_weather", "look_up", "patch")
    assert [tool.strict for tool in request.tools] == [False, True, False]


def test_the_grammar_of_a_custom_tool_is_shown_to_the_model():
    for form in (
        {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: X"}},
        {"type": "grammar", "syntax": "lark", "definition": "start: X"},
    ):
        prompt = prompt_of(request_of(tools=[_custom("f", description="Does.", format=form)]))
        assert "// Does.\n// The input is free text that matches this lark grammar:\n" in prompt
        assert "// start: X\ntype f = (_: string) => any;" in prompt


def test_tool_choice_none_shows_no_tools():
    request = request_of(tools=TOOLS, tool_choice="none")
    assert "# Tools" not in prompt_of(request)
    assert request.tool_choice.mode == "none"


def test_tool_choice_none_shows_none_of_the_servers_tools_either():
    settings = PromptSettings(builtin_tools=(ToolNamespace.python(),))
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    shown = chat_request(body, settings).conversation.messages[0].content[0].tools
    hidden = chat_request(body | {"tool_choice": "none"}, settings).conversation.messages[0]
    assert (shown, hidden.content[0].tools) == (settings.builtin_tools, ())


def test_tool_choice_required_is_handed_to_the_engine():
    choice = request_of(tools=TOOLS, tool_choice="required").tool_choice
    assert (choice.mode, choice.names) == ("required", ("get_weather", "look_up", "patch"))


@pytest.mark.parametrize(
    ("choice", "names"),
    [
        ({"type": "function", "function": {"name": "look up"}}, ("look_up",)),
        ({"type": "custom", "custom": {"name": "patch"}}, ("patch",)),
    ],
)
def test_a_named_tool_is_the_only_one_shown(choice, names):
    request = request_of(tools=TOOLS, tool_choice=choice)
    assert (request.tool_choice.mode, request.tool_choice.names) == ("required", names)
    assert prompt_of(request).count("\ntype ") == 1


def test_allowed_tools_are_the_only_ones_shown():
    allowed = {"mode": "auto", "tools": [PATCH, WEATHER, PATCH]}
    request = request_of(
        tools=TOOLS, tool_choice={"type": "allowed_tools", "allowed_tools": allowed}
    )
    assert (request.tool_choice.mode, request.tool_choice.names) == (
        "auto",
        ("patch", "get_weather"),
    )
    assert "type look_up" not in prompt_of(request)


def test_choosing_a_tool_that_is_not_declared_is_an_error():
    choice = {"type": "function", "function": {"name": "nope"}}
    assert _fault(tools=TOOLS, tool_choice=choice) == ("tool_choice.function.name", "invalid_value")
    listed = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [choice]}}
    assert _fault(tools=TOOLS, tool_choice=listed) == (
        "tool_choice.allowed_tools.tools[0].function.name",
        "invalid_value",
    )


def test_a_json_schema_is_shown_to_the_model_and_kept_for_the_engine():
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    form = {"name": "reply", "description": "A reply.", "schema": schema, "strict": True}
    request = request_of(response_format={"type": "json_schema", "json_schema": form})
    expected = (
        "# Response Formats\n\n## reply\n\n// A reply.\n"
        '{"type":"object","properties":{"a":{"type":"string"}}}<|end|>'
    )
    assert expected in prompt_of(request)
    assert request.answer_format.strict
    assert request.answer_format.shape.schema == schema


def test_a_json_object_is_asked_for_by_a_schema():
    request = request_of(response_format={"type": "json_object"})
    assert '## json_object\n\n{"type":"object"}' in prompt_of(request)
    assert request_of(response_format={"type": "text"}).answer_format is None


def test_what_the_engine_is_asked_for_stands_together():
    sampling = request_of(
        temperature=0.5,
        top_p=1,
        max_tokens=5,
        max_completion_tokens=7,
        stop=["a", "b"],
        seed=-3,
        presence_penalty=1,
        frequency_penalty=-1,
        logit_bias={"5": 2},
    ).sampling
    values = {name: getattr(sampling, name) for name in type(sampling).__dataclass_fields__}
    unset = {"top_k": None, "min_p": None, "repetition_penalty": None}
    assert values == unset | {
        "temperature": 0.5,
        "top_p": 1.0,
        "max_tokens": 7,
        "stop": ("a", "b"),
        "seed": -3,
        "presence_penalty": 1.0,
        "frequency_penalty": -1.0,
        "logit_bias": {5: 2.0},
    }
    assert request_of(max_tokens=5, stop="x").sampling.max_tokens == 5
    assert request_of(stop="x").sampling.stop == ("x",)


def test_what_the_caller_needs_is_kept():
    kept = {"user": "u", "safety_identifier": "s", "store": True, "prompt_cache_key": "k"}
    request = request_of(**kept, stream=True, model="gpt-oss-20b")
    assert dict(request.passthrough) == kept
    assert (request.stream, request.model) == (True, "gpt-oss-20b")


def test_hints_that_change_no_answer_are_taken():
    request_of(
        prompt_cache_retention="24h",
        prompt_cache_options={"mode": "implicit"},
        verbosity="medium",
        modalities=["text"],
    )


def test_a_call_of_the_history_and_a_declared_tool_share_a_name():
    call = {"id": "c", "type": "function", "function": {"name": "look up", "arguments": "{}"}}
    turn = {"role": "assistant", "tool_calls": [call]}
    request = request_of(messages=[HI, turn], tools=TOOLS)
    assert request.conversation.messages[-1].recipient == "functions.look_up"
    assert request.names.tool("functions.look_up") == ToolName("look up")


BAD = {"type": "string"}
for _ in range(70):  # deeper than `Limits.schema_depth`
    BAD = {"type": "array", "items": BAD}


def test_a_schema_that_cannot_be_rendered_is_named():
    tools = [WEATHER, PATCH, _function("bad", parameters=BAD)]
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": tools[1:]}}
    for fields in ({}, {"tool_choice": choice}):
        with pytest.raises(RequestError) as caught:
            request_of(tools=tools, **fields).render(ENCODING)
        assert caught.value.param == "tools[2].function.parameters"
        assert caught.value.code == "schema_too_deep"


def test_an_answer_format_that_cannot_be_rendered_is_named():
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"a": float("nan")}}}
    with pytest.raises(RequestError) as caught:
        request_of(response_format=form).render(ENCODING)
    assert caught.value.param == "response_format.json_schema.schema"


def test_the_rendered_prompt_ends_where_the_assistant_begins():
    ids = request_of().render(ENCODING)
    assert ENCODING.decode(ids).endswith("<|start|>user<|message|>hi<|end|><|start|>assistant")
    assert ids == ENCODING.render(request_of().conversation, next_role="assistant")
