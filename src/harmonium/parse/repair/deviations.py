"""The deviations from Harmony that the parser knows, by stable code.

The same codes stand in ``ParseError.code`` (policy ``strict``) and ``Repaired.code`` (``repair``).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DEVIATIONS: Mapping[str, str] = MappingProxyType(
    {
        "discarded_header": "a header that never became a message: it was begun again or stopped",
        "empty_message": "a message without start token, content and recipient",
        "extra_words": "words in a header that mean nothing there",
        "garbled_channel": "a channel name with signs, letters or a word too many or too few",
        "garbled_recipient": "a recipient with signs behind or inside the name",
        "garbled_role": "a role word repeated or run together with another word",
        "header_too_long": "a header longer than the limit",
        "header_space": "white space in a header where there should be none, or none where one",
        "misplaced_channel": "a channel name in the role or content-type place",
        "misplaced_recipient": "a tool's name without to=, or outside the recipient place",
        "misplaced_type": "a content type before the end of the header",
        "missing_end": "a new message begins inside the content of another",
        "missing_header": "text where a header should be",
        "missing_message": "content that follows its header without a message token",
        "missing_role": "a header without a role",
        "missing_start": "a message that begins without a start token",
        "recipient_is_role": "an assistant message addressed to a role",
        "repeated_channel": "a second channel in one header",
        "repeated_recipient": "a second recipient in one header",
        "repeated_type": "a second content type in one header",
        "spelt_tokens": "output whose special tokens came as ordinary text",
        "stray_marker": "a header token inside content",
        "stray_stop": "a stop token where no message is open",
        "stray_text": "text between two messages",
        "stripped_tokens": "output whose special tokens were removed",
        "truncated_header": "the stream ended inside a header",
        "unknown_channel": "a channel that is none of analysis, commentary, final",
        "unknown_role": "a role that is none of the five and no tool",
        "unknown_token": "an id outside the vocabulary, or a special token without a meaning here",
        "unknown_type": "a content type that is not known",
        "unprefixed_recipient": "a declared tool addressed without functions.",
        "wrong_stop": "a stop token that does not fit the message",
    }
)
