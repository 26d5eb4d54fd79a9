"""HarmonyError, the one exception of openai_harmony. Our own tree is in `harmonium.errors`."""

from __future__ import annotations


class HarmonyError(RuntimeError):
    """What openai_harmony raises for broken tokens, broken headers and special text."""


def decoding_failure(error: UnicodeDecodeError) -> HarmonyError:
    """Build the error for ill-formed UTF-8, with openai_harmony's text."""
    if error.reason == "unexpected end of data":
        fault = f"incomplete utf-8 byte sequence from index {error.start}"
    else:
        length = error.end - error.start
        fault = f"invalid utf-8 sequence of {length} bytes from index {error.start}"
    return HarmonyError(f"Could not decode tokens: Invalid utf-8 sequence: {fault}")


class Detour(Exception):  # noqa: N818  (no error: go through JSON)
    """Raised for a value that must go through JSON."""
