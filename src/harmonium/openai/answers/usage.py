"""Token usage in both APIs' formats. Does not count tokens itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Count the tokens of a request and its answer.

    Args:
        input_tokens: tokens of the prompt, as the engine reports them.
        output_tokens: all tokens generated, headers and stop tokens included.
        reasoning_tokens: those of them that are content on ``analysis``.
        cached_tokens: tokens of the prompt that the engine had in its cache.

    Example:
        >>> TokenUsage(10, 5, 2).chat()["total_tokens"]
        15

    """

    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0

    def chat(self) -> dict[str, object]:
        """Return the ``usage`` object of a chat completion."""
        return {
            "prompt_tokens": self.input_tokens,
            "completion_tokens": self.output_tokens,
            "total_tokens": self.input_tokens + self.output_tokens,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": self.reasoning_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def responses(self) -> dict[str, object]:
        """Return the ``usage`` object of a response."""
        return {
            "input_tokens": self.input_tokens,
            "input_tokens_details": {"cached_tokens": self.cached_tokens, "cache_write_tokens": 0},
            "output_tokens": self.output_tokens,
            "output_tokens_details": {"reasoning_tokens": self.reasoning_tokens},
            "total_tokens": self.input_tokens + self.output_tokens,
        }
