"""Response formats and whole prompts, as the published format guide prints them."""

from __future__ import annotations

from harmonium.model import (
    Conversation,
    DeveloperContent,
    Message,
    ReasoningEffort,
    ResponseFormat,
    SystemContent,
    ToolDescription,
    ToolNamespace,
)
from harmonium.render import RenderOptions, conversation_segments, plain_text

SHOPPING = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"type": "string"}}, "limit": 1.0},
}


def developer_text(content: DeveloperContent) -> str:
    text = plain_text(conversation_segments(Conversation([Message.developer(content)])))
    return text.removeprefix("<|start|>developer<|message|>").removesuffix("<|end|>")


def test_a_response_format_is_a_heading_comments_and_one_line_of_json() -> None:
    shopping = ResponseFormat("shopping_list", SHOPPING, "What to buy.\nIn order.")
    assert developer_text(DeveloperContent("Help.", response_formats=[shopping])) == (
        "# Instructions\n\nHelp.\n\n# Response Formats\n\n## shopping_list\n\n"
        "// What to buy.\n// In order.\n"
        '{"type":"object","properties":{"items":{"type":"array","items":{"type":"string"}},'
        '"limit":1.0}}'
    )


def test_response_formats_stand_behind_the_tools_under_one_heading() -> None:
    tools = [ToolNamespace.functions([ToolDescription("now")])]
    formats = [ResponseFormat("a", {}), ResponseFormat("b", {"const": "é\u2028"})]
    assert developer_text(DeveloperContent(None, tools, formats)) == (
        "# Tools\n\n## functions\n\nnamespace functions {\n\ntype now = () => any;\n\n"
        "} // namespace functions\n\n"
        "# Response Formats\n\n## a\n\n{}\n\n"
        '## b\n\n{"const":"é\\u2028"}'
    )


def test_numbers_of_a_response_format_keep_their_value() -> None:
    value = 3719475682154362.0  # one that the published renderers misread
    formats = [ResponseFormat("a", {"default": value})]
    assert f'{{"default":{value!r}}}' in developer_text(DeveloperContent(None, (), formats))


def test_empty_developer_content_is_empty() -> None:
    assert developer_text(DeveloperContent()) == ""


def test_a_whole_prompt_with_functions() -> None:
    weather = ToolDescription(
        "get_current_weather",
        "Gets the current weather in the provided location.",
        {
            "type": "object",
            "properties": {
                "location": {"type": "string", "description": "City and state"},
                "format": {
                    "type": "string",
                    "enum": ["celsius", "fahrenheit"],
                    "default": "celsius",
                },
            },
            "required": ["location"],
        },
    )
    conversation = Conversation(
        [
            Message.system(
                SystemContent(
                    reasoning_effort=ReasoningEffort.HIGH, conversation_start_date="2025-06-28"
                )
            ),
            Message.developer(
                DeveloperContent(
                    "Use a friendly tone.",
                    (
                        ToolNamespace.functions(
                            [ToolDescription("get_location", "Gets the location."), weather]
                        ),
                    ),
                )
            ),
            Message.user("What is the weather like in SF?"),
        ]
    )
    options = RenderOptions(next_role="assistant")
    assert plain_text(conversation_segments(conversation, options)) == (
        "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
        "Knowledge cutoff: 2024-06\n"
        "Current date: 2025-06-28\n"
        "\n"
        "Reasoning: high\n"
        "\n"
        "# Valid channels: analysis, commentary, final. Channel must be included for every "
        "message.\n"
        "Calls to these tools must go to the commentary channel: 'functions'.<|end|>"
        "<|start|>developer<|message|># Instructions\n"
        "\n"
        "Use a friendly tone.\n"
        "\n"
        "# Tools\n"
        "\n"
        "## functions\n"
        "\n"
        "namespace functions {\n"
        "\n"
        "// Gets the location.\n"
        "type get_location = () => any;\n"
        "\n"
        "// Gets the current weather in the provided location.\n"
        "type get_current_weather = (_: {\n"
        "// City and state\n"
        "location: string,\n"
        'format?: "celsius" | "fahrenheit", // default: celsius\n'
        "}) => any;\n"
        "\n"
        "} // namespace functions<|end|>"
        "<|start|>user<|message|>What is the weather like in SF?<|end|>"
        "<|start|>assistant"
    )
