"""Differences between the two generations of the server functions, and which one is chosen.

Nothing else in this room asks for a number: it is handed `Rules` and follows them. Where these
functions are older or laxer than `harmonium.openai`, this is the place that says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from harmonium.errors import InvalidInputError, Position

Generation = Literal[1, 2]


@dataclass(frozen=True, slots=True)
class Rules:
    """Behaviour of one generation; the defaults are those of the second.

    Attributes:
        commentary_for_custom_tools_alone: the system message names the ``commentary`` channel
            only when there are custom tools.
        hides_analysis_alone: all text that is not on ``analysis`` is the visible answer, calls
            and texts on unknown channels included.
        takes_harmony_entries: previous messages may be in Harmony's own dict form.
        prefixes_names_twice: a tool's name that has ``functions.`` already gets another.
        result_recipient: to whom the results among the previous messages are addressed.
        instructing_role: the role whose Responses input items are prefixed ``Instructions:``.
        one_reasoning_part: a reasoning item must have one part, and its text has no channel.
        shows_preambles: ``commentary`` without a recipient is a message, not reasoning.
        matches_builtin_prefixes: any recipient that begins like a built-in tool is one.

    """

    commentary_for_custom_tools_alone: bool = False
    hides_analysis_alone: bool = False
    takes_harmony_entries: bool = True
    prefixes_names_twice: bool = False
    result_recipient: str | None = "assistant"
    instructing_role: str = "developer"
    one_reasoning_part: bool = False
    shows_preambles: bool = True
    matches_builtin_prefixes: bool = False


SECOND = Rules()
FIRST = Rules(
    commentary_for_custom_tools_alone=True,
    hides_analysis_alone=True,
    takes_harmony_entries=False,
    prefixes_names_twice=True,
    result_recipient=None,
    instructing_role="system",
    one_reasoning_part=True,
    shows_preambles=False,
    matches_builtin_prefixes=True,
)

_RULES: Mapping[Generation, Rules] = MappingProxyType({1: FIRST, 2: SECOND})


class _Choice:
    rules: Rules = SECOND


def set_generation(generation: Generation) -> None:
    """Choose the behaviour of the functions that exist in both generations.

    Holds from now on and everywhere in the process. These are `get_system_message`,
    `parse_chat_output` and `construct_harmony_previous_input_messages`; every other function
    behaves the same in both, or stands in one alone.

    Args:
        generation: 1 (one module of helpers for both APIs) or 2 (the Responses part rewritten,
            the default).

    Raises:
        InvalidInputError: any other number.

    Example:
        >>> set_generation(2)

    """
    if generation not in get_args(Generation) or isinstance(generation, bool):
        message = "unknown generation; allowed are 1, 2"
        raise InvalidInputError(
            message, code="unknown_generation", position=Position(path="generation")
        )
    _Choice.rules = _RULES[generation]


def current() -> Rules:
    """Return the chosen generation's rules."""
    return _Choice.rules
