"""Building prompts: the encoding, and the system, developer and user messages."""

import time
from datetime import date
from inspect import signature

import pytest
from openai.types.responses import FunctionTool

from harmonium.compat.openai_harmony import (
    Conversation,
    Message,
    ReasoningEffort,
    Role,
    StreamableParser,
    ToolDescription,
    ToolNamespaceConfig,
)
from harmonium.compat.vllm import (
    BUILTIN_TOOL_TO_MCP_SERVER_LABEL,
    MCP_BUILTIN_TOOLS,
    REASONING_EFFORT,
    create_tool_definition,
    get_developer_message,
    get_encoding,
    get_stop_tokens_for_assistant_actions,
    get_streamable_parser_for_assistant,
    get_system_message,
    get_user_message,
    has_custom_tools,
    render_for_completion,
    set_sources,
)
from tests.compat.vllm.said import Model, message

PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}
CHAT_TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather.", "parameters": PARAMETERS},
}
RESPONSES_TOOL = FunctionTool(
    type="function",
    name="get_weather",
    description="The weather.",
    parameters=PARAMETERS,
    strict=True,
)
WEATHER = ToolDescription(name="get_weather", description="The weather.", parameters=PARAMETERS)


class Namespace:
    """An object with attributes and no ``model_dump``."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


def system(**given):
    (content,) = get_system_message(**given).content
    return content


def developer(**given):
    (content,) = get_developer_message(**given).content
    return content


def test_the_constants_are_those_that_servers_know():
    assert sorted(MCP_BUILTIN_TOOLS) == ["code_interpreter", "container", "web_search_preview"]
    assert BUILTIN_TOOL_TO_MCP_SERVER_LABEL == {
        "python": "code_interpreter",
        "browser": "web_search_preview",
        "container": "container",
    }
    assert REASONING_EFFORT == {
        "high": ReasoningEffort.HIGH,
        "medium": ReasoningEffort.MEDIUM,
        "low": ReasoningEffort.LOW,
    }


def test_the_encoding_is_shared():
    assert get_encoding() is get_encoding()
    assert get_encoding().name == "HarmonyGptOss"


def test_the_stop_tokens_are_return_and_call():
    assert sorted(get_stop_tokens_for_assistant_actions()) == [200002, 200012]


def test_the_parser_expects_the_assistants_header():
    parser = get_streamable_parser_for_assistant()
    assert isinstance(parser, StreamableParser)
    assert parser.current_role == Role.ASSISTANT


def test_a_parser_is_made_anew_at_each_call():
    get_streamable_parser_for_assistant().process(200005)
    assert get_streamable_parser_for_assistant().tokens == []


def test_rendering_is_that_of_a_conversation_for_the_assistants_completion():
    messages = [get_system_message(), get_user_message("hi")]
    expected = get_encoding().render_conversation_for_completion(
        Conversation.from_messages(messages), Role.ASSISTANT
    )
    assert render_for_completion(messages) == expected
    assert get_encoding().decode(expected).endswith("hi<|end|><|start|>assistant")


@pytest.mark.parametrize("types", [set(), {"container"}, set(MCP_BUILTIN_TOOLS)])
def test_built_in_tools_are_not_custom(types):
    assert has_custom_tools(types) is False


@pytest.mark.parametrize("types", [{"function"}, {"container", "others"}, {"web_search"}])
def test_any_other_tool_is_custom(types):
    assert has_custom_tools(types) is True


@pytest.mark.usefixtures("counted")
def test_a_system_message_has_its_defaults_where_nothing_is_given():
    said = get_system_message()
    assert said.author.role == Role.SYSTEM
    assert said.channel is None
    (content,) = said.content
    assert content.model_identity == "You are ChatGPT, a large language model trained by OpenAI."
    assert content.reasoning_effort == ReasoningEffort.MEDIUM
    assert content.conversation_start_date == "2025-08-05"
    assert content.tools is None


def test_the_date_is_todays_on_this_machine():
    before = time.strftime("%Y-%m-%d")
    found = system().conversation_start_date
    assert before <= found <= time.strftime("%Y-%m-%d")


def test_the_clock_can_be_given():
    set_sources(today=lambda: date(1999, 1, 2))
    assert system().conversation_start_date == "1999-01-02"


def test_a_given_date_is_taken_as_it_is():
    assert system(start_date="2024-02-29").conversation_start_date == "2024-02-29"


@pytest.mark.parametrize("word", ["high", "medium", "low"])
def test_the_effort_is_one_of_three(word):
    assert system(reasoning_effort=word).reasoning_effort.value.lower() == word


@pytest.mark.parametrize("word", ["minimal", "High", "", "none"])
def test_another_effort_is_an_error_that_names_the_three(word):
    with pytest.raises(ValueError, match="high, medium, low"):
        get_system_message(reasoning_effort=word)


def test_the_identity_is_replaced():
    assert system(model_identity="You are Ann.").model_identity == "You are Ann."


def test_descriptions_are_tool_namespaces():
    container = ToolNamespaceConfig(name="container", tools=[])
    content = system(
        browser_description=ToolNamespaceConfig.browser(),
        python_description=ToolNamespaceConfig.python(),
        container_description=container,
    )
    assert content.tools == {
        "browser": ToolNamespaceConfig.browser(),
        "python": ToolNamespaceConfig.python(),
        "container": container,
    }


def test_the_parameters_of_a_system_message_have_their_names_and_order():
    assert list(signature(get_system_message).parameters) == [
        "model_identity",
        "reasoning_effort",
        "start_date",
        "browser_description",
        "python_description",
        "container_description",
        "instructions",
        "with_custom_tools",
    ]
    assert get_system_message("Me.", "low", "2020-01-01") == get_system_message(
        start_date="2020-01-01", reasoning_effort="low", model_identity="Me."
    )


@pytest.mark.parametrize("custom", [True, False])
def test_second_all_three_channels_are_valid(custom):
    config = system(with_custom_tools=custom).channel_config
    assert config.valid_channels == ["analysis", "commentary", "final"]
    assert config.channel_required


@pytest.mark.usefixtures("first")
def test_first_commentary_is_valid_with_custom_tools_alone():
    assert system(with_custom_tools=True).channel_config.valid_channels == [
        "analysis",
        "commentary",
        "final",
    ]
    without = system(with_custom_tools=False).channel_config
    assert without.valid_channels == ["analysis", "final"]
    assert without.channel_required


def test_instructions_are_the_developer_messages():
    assert system(instructions="Be brief.").model_identity == system().model_identity
    assert developer(instructions="Be brief.").instructions == "Be brief."


@pytest.mark.usefixtures("system_instructions")
def test_instructions_join_the_identity_when_the_environment_says_so():
    content = system(model_identity="You are Ann.", instructions="Be brief.")
    assert content.model_identity == "You are Ann.\nBe brief."
    assert developer(instructions="Be brief.").instructions is None


@pytest.mark.usefixtures("system_instructions")
def test_instructions_stand_alone_when_there_is_no_identity():
    assert system(model_identity="", instructions="Be brief.").model_identity == "Be brief."


@pytest.mark.parametrize("value", ["0", "", "true"])
def test_the_environment_says_so_by_the_digit_one_alone(monkeypatch, value):
    monkeypatch.setenv("HARMONIUM_SYSTEM_INSTRUCTIONS", value)
    assert developer(instructions="Be brief.").instructions == "Be brief."


def test_a_developer_message_may_be_empty():
    said = get_developer_message()
    assert said.author.role == Role.DEVELOPER
    assert said.content[0].instructions is None
    assert said.content[0].tools is None


@pytest.mark.parametrize("kind", ["web_search_preview", "code_interpreter", "container"])
def test_built_in_tools_are_skipped(kind):
    assert developer(tools=[{"type": kind}, Namespace(type=kind)]).tools is None


@pytest.mark.parametrize("tool", [CHAT_TOOL, RESPONSES_TOOL])
def test_functions_go_to_the_functions_namespace(tool):
    (space,) = developer(tools=[{"type": "container"}, tool]).tools.values()
    assert space == ToolNamespaceConfig(name="functions", description=None, tools=[WEATHER])


@pytest.mark.parametrize("kind", ["mcp", "custom", "web_search", None, ["function"]])
def test_a_tool_of_any_other_type_is_an_error_that_names_it(kind):
    with pytest.raises(ValueError, match=r"tool type .* not supported") as caught:
        get_developer_message(tools=[Namespace(type=kind)])
    assert str(caught.value) == f"tool type {kind} not supported"


def test_chat_tools_keep_their_fields_under_function():
    assert create_tool_definition(CHAT_TOOL) == WEATHER
    inner = Namespace(**CHAT_TOOL["function"])
    assert create_tool_definition(Namespace(type="function", function=inner)) == WEATHER


def test_responses_tools_keep_their_fields_on_the_object():
    assert create_tool_definition(RESPONSES_TOOL) == WEATHER
    assert create_tool_definition(RESPONSES_TOOL.model_dump()) == WEATHER


def test_a_missing_description_is_empty():
    tool = FunctionTool(type="function", name="now", strict=False)
    assert create_tool_definition(tool) == ToolDescription(name="now", description="")


@pytest.mark.parametrize("tool", [{"type": "function"}, {"type": "function", "function": {}}, 7])
def test_a_function_without_a_name_is_an_error(tool):
    with pytest.raises(ValueError, match="no name"):
        create_tool_definition(tool)


def test_a_user_message_is_its_text():
    assert get_user_message("hi") == Message.from_role_and_content(Role.USER, "hi")
    assert get_user_message(content="") == message("user", "")


def test_a_model_is_read_by_its_attributes_not_by_its_dump():
    with pytest.raises(ValueError, match="tool type None not supported"):
        get_developer_message(tools=[Model(type="function")])
