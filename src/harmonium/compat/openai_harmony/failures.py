"""Own HarmonyError, openai_harmony's one exception; harmonium's own tree is in harmonium.errors."""

from __future__ import annotations


class HarmonyError(RuntimeError):
    """Report what openai_harmony reports this way: broken tokens, broken headers, special text."""


def decoding_failure(error: UnicodeDecodeError) -> HarmonyError:
    """Describe ill-formed UTF-8 in openai_harmony's words."""
    if error.reason == "unexpected end of data":
        fault = f"incomplete utf-8 byte sequence from index {error.start}"
    else:
        length = error.end - error.start
        fault = f"invalid utf-8 sequence of {length} bytes from index {error.start}"
    return HarmonyError(f"Could not decode tokens: Invalid utf-8 sequence: {fault}")


class Detour(Exception):  # noqa: N818  (no error: go through JSON)
    """Say that a value must go through JSON."""
