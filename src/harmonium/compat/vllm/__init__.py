"""The functions that inference servers call, over `harmonium.compat.openai_harmony`'s objects.

Two generations of them: the first is one module of helpers for both of OpenAI's APIs, in the
second the Responses part was rewritten under new names. All names of both are here;
`set_generation` chooses for the few that stand in both and differ. New code is better served by
`harmonium.openai`, which decides better where these are older. Needs pydantic and OpenAI's
package: ``pip install "harmonium[compat,openai]"``.

Example:
    >>> from harmonium.compat.vllm import get_user_message, render_for_completion
    >>> from harmonium.compat.vllm import get_encoding
    >>> get_encoding().decode(render_for_completion([get_user_message("hi")]))
    '<|start|>user<|message|>hi<|end|><|start|>assistant'

"""

try:
    from harmonium.compat.vllm.chat import (
        auto_drop_analysis_messages,
        parse_chat_input_to_harmony_message,
        parse_chat_inputs_to_harmony_messages,
    )
    from harmonium.compat.vllm.entries import flatten_chat_text_content
    from harmonium.compat.vllm.generation import set_generation
    from harmonium.compat.vllm.history import (
        construct_harmony_previous_input_messages,
        parse_input_to_harmony_message,
        parse_response_input,
        response_input_to_harmony,
        response_previous_input_to_harmony,
    )
    from harmonium.compat.vllm.output import (
        harmony_to_response_output,
        parse_output_message,
        parse_remaining_state,
        parser_state_to_response_output,
    )
    from harmonium.compat.vllm.prompt import (
        BUILTIN_TOOL_TO_MCP_SERVER_LABEL,
        MCP_BUILTIN_TOOLS,
        REASONING_EFFORT,
        create_tool_definition,
        get_developer_message,
        get_system_message,
        get_user_message,
        has_custom_tools,
    )
    from harmonium.compat.vllm.sources import set_sources
    from harmonium.compat.vllm.tokens import (
        get_encoding,
        get_stop_tokens_for_assistant_actions,
        get_streamable_parser_for_assistant,
        parse_chat_output,
        parse_output_into_messages,
        render_for_completion,
    )
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] not in {"openai", "pydantic"}:
        raise
    _told = (
        "harmonium.compat.vllm gives objects of the openai package, which is not installed: "
        "pip install 'harmonium[compat,openai]'"
    )
    raise ModuleNotFoundError(_told, name=missing.name) from missing

__all__ = [
    "BUILTIN_TOOL_TO_MCP_SERVER_LABEL",
    "MCP_BUILTIN_TOOLS",
    "REASONING_EFFORT",
    "auto_drop_analysis_messages",
    "construct_harmony_previous_input_messages",
    "create_tool_definition",
    "flatten_chat_text_content",
    "get_developer_message",
    "get_encoding",
    "get_stop_tokens_for_assistant_actions",
    "get_streamable_parser_for_assistant",
    "get_system_message",
    "get_user_message",
    "harmony_to_response_output",
    "has_custom_tools",
    "parse_chat_input_to_harmony_message",
    "parse_chat_inputs_to_harmony_messages",
    "parse_chat_output",
    "parse_input_to_harmony_message",
    "parse_output_into_messages",
    "parse_output_message",
    "parse_remaining_state",
    "parse_response_input",
    "parser_state_to_response_output",
    "render_for_completion",
    "response_input_to_harmony",
    "response_previous_input_to_harmony",
    "set_generation",
    "set_sources",
]
