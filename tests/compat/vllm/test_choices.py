"""The room's own knobs: generation, clock, chance; and its names."""

import re

import pytest

from harmonium.compat import vllm
from harmonium.compat.vllm import generation
from tests.compat.vllm.said import assistant


@pytest.mark.parametrize("wrong", [0, 3, "1", None, True])
def test_another_generation_is_an_error_that_names_the_two(wrong):
    with pytest.raises(ValueError, match="allowed are 1, 2"):
        vllm.set_generation(wrong)


def test_the_second_generation_is_the_default_and_chosen_again():
    assert generation.current() is generation.SECOND
    vllm.set_generation(1)
    assert generation.current() is generation.FIRST
    vllm.set_generation(2)
    assert generation.current() is generation.SECOND


def test_names_of_one_generation_alone_do_not_heed_the_choice():
    said = assistant("x", channel="commentary")
    before = [
        vllm.parse_output_message(said)[0].type,
        vllm.harmony_to_response_output(said)[0].type,
    ]
    vllm.set_generation(1)
    after = [vllm.parse_output_message(said)[0].type, vllm.harmony_to_response_output(said)[0].type]
    assert before == after == ["reasoning", "message"]


def test_the_two_generations_differ_in_every_rule():
    first, second = generation.FIRST, generation.SECOND
    same = [name for name in second.__slots__ if getattr(first, name) == getattr(second, name)]
    assert same == []


def test_ids_are_random_and_a_calls_two_ids_share_the_random_part():
    said = assistant("1", "2", channel="commentary", to="functions.f")
    calls = vllm.harmony_to_response_output(said)
    for call in calls:
        assert re.fullmatch("fc_[0-9a-f]{32}", call.id)
        assert call.call_id == call.id.replace("fc_", "call_")
    assert len({call.id for call in calls}) == 2


PUBLISHED = """
    BUILTIN_TOOL_TO_MCP_SERVER_LABEL MCP_BUILTIN_TOOLS REASONING_EFFORT
    auto_drop_analysis_messages construct_harmony_previous_input_messages create_tool_definition
    flatten_chat_text_content get_developer_message get_encoding
    get_stop_tokens_for_assistant_actions get_streamable_parser_for_assistant get_system_message
    get_user_message harmony_to_response_output has_custom_tools
    parse_chat_input_to_harmony_message parse_chat_inputs_to_harmony_messages parse_chat_output
    parse_input_to_harmony_message parse_output_into_messages parse_output_message
    parse_remaining_state parse_response_input parser_state_to_response_output
    render_for_completion response_input_to_harmony response_previous_input_to_harmony
"""


def test_every_name_of_both_generations_is_here_beside_two_of_ours():
    assert set(vllm.__all__) == {*PUBLISHED.split(), "set_generation", "set_sources"}
