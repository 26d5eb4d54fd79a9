"""Padding that hides the lengths of stream chunks. Knows nothing of streams.

Who watches an encrypted connection sees the sizes of its packets, and could guess the text from
those of single tokens. Both APIs let a client ask for an ``obfuscation`` beside every piece.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from json.encoder import encode_basestring_ascii

Padding = Callable[[int], str]
"""Return that many unpredictable characters, of those that JSON does not escape."""

_STEP = 16


def random_padding(count: int) -> str:
    """Return `count` random letters, digits, ``-`` and ``_``.

    >>> len(random_padding(7))
    7
    """
    return secrets.token_urlsafe(count)[:count]


def obfuscation(text: str, padding: Padding) -> str:
    """Return what pads a text, as written in ASCII JSON, to the next multiple of 16 bytes.

    It is never empty, so that a text of 16 bytes looks like one of 17.

    Example:
        >>> obfuscation("hello", lambda count: "x" * count)
        'xxxxxxxxxxx'

    """
    return padding(_STEP - (len(encode_basestring_ascii(text)) - 2) % _STEP)
