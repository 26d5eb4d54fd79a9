"""The special tokens of o200k_harmony. Knows nothing of vocabularies or messages.

Source: the gpt-oss tokenizer, as openai-harmony 0.0.8 and oss-harmony 0.0.11 expose it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

FIRST_SPECIAL = 199_998
LAST_SPECIAL = 201_088

_NAMED = {
    199_998: "<|startoftext|>",
    199_999: "<|endoftext|>",
    200_002: "<|return|>",
    200_003: "<|constrain|>",
    200_005: "<|channel|>",
    200_006: "<|start|>",
    200_007: "<|end|>",
    200_008: "<|message|>",
    200_012: "<|call|>",
}

SPECIAL_TOKENS: Mapping[str, int] = MappingProxyType(
    {
        _NAMED.get(token, f"<|reserved_{token}|>"): token
        for token in range(FIRST_SPECIAL, LAST_SPECIAL + 1)
    }
)
"""Text of every special token of o200k_harmony -> its id."""


@dataclass(frozen=True, slots=True)
class FormatTokens:
    """The token ids of the Harmony format in an encoding.

    The defaults are those of o200k_harmony; give your own for an encoding of your own.
    """

    start: int = 200_006
    end: int = 200_007
    message: int = 200_008
    channel: int = 200_005
    constrain: int = 200_003
    call: int = 200_012
    return_: int = 200_002

    @property
    def stop(self) -> frozenset[int]:
        """The tokens that end a message: return, end, call."""
        return frozenset({self.return_, self.end, self.call})

    @property
    def stop_for_assistant_actions(self) -> frozenset[int]:
        """The tokens at which generation stops: return and call."""
        return frozenset({self.return_, self.call})


HARMONY_FORMAT = FormatTokens()
