"""Segments as text for people: plain text with markers, and debug files.

A golden file is stable and diffable: one line a line of text, each with the message and the
field it belongs to, every invisible character escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from harmonium.render.segments import Segment, Special

_FIELD_WIDTH = 12
_INVISIBLE = re.compile(
    r"[\\\x00-\x1f\x7f-\xa0\xad\u061c\u115f\u1160\u1680\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u3000\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
    r"| \Z"
)
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\"}


def plain_text(segments: Iterable[Segment]) -> str:
    """Join the texts, special tokens spelled as o200k_harmony spells them.

    For reading alone: text that spells a marker looks like one.

    Example:
        >>> from harmonium.model import Conversation, Message
        >>> from harmonium.render import conversation_segments
        >>> plain_text(conversation_segments(Conversation([Message.user("hi")])))
        '<|start|>user<|message|>hi<|end|>'

    """
    return "".join(segment.text for segment in segments)


def golden_text(segments: Iterable[Segment]) -> str:
    r"""Print segments for a golden file; ends with a line feed unless there are none.

    Each line is the message's index (``-`` for the prompt of the next message), the field, and
    what is printed there: ``<`` for a special token, ``|`` for text, which goes on over as many
    lines as it has, each ended by ``\n`` as an escape.

    Example:
        >>> from harmonium.model import Conversation, Message
        >>> from harmonium.render import conversation_segments
        >>> print(golden_text(conversation_segments(Conversation([Message.user("a\nb")]))))
          0 role         < <|start|>
          0 role         | user
          0 content      < <|message|>
          0 content      | a\n
          0 content      | b
          0 end          < <|end|>
        <BLANKLINE>

    """
    return "".join(line for segment in segments for line in _lines(segment))


def _lines(segment: Segment) -> list[str]:
    origin = segment.origin
    number = "-" if origin.message is None else str(origin.message)
    head = f"{number:>3} {origin.field:<{_FIELD_WIDTH}}"
    if isinstance(segment, Special):
        return [f"{head} < {segment.text}\n"]
    texts = re.findall(r"[^\n]*\n|[^\n]+", segment.text) or [""]
    return [f"{head} | {_INVISIBLE.sub(_escape, text)}\n" for text in texts]


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code < 0x100:  # noqa: PLR2004
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"  # noqa: PLR2004
