"""Fast construction of a Message from what a parser has read. Knows nothing of tokens."""

from __future__ import annotations

from collections.abc import Callable

from harmonium.compat.openai_harmony.contents import Author, TextContent
from harmonium.compat.openai_harmony.messages import Message
from harmonium.compat.openai_harmony.roles import ROLE_OF
from harmonium.compat.openai_harmony.stream import FinishedMessage


def as_message(said: FinishedMessage) -> Message:
    """Turn a parsed message into a Message."""
    role, name, recipient, channel, content_type = said.header
    return _message(
        {
            "author": _author({"role": ROLE_OF[role], "name": name}),
            "content": [_text({"text": said.text})],
            "channel": channel,
            "recipient": recipient,
            "content_type": content_type,
        }
    )


# A model's validator makes it in two thirds of the time that calling its class takes.
_author: Callable[[object], Author] = Author.__pydantic_validator__.validate_python
_text: Callable[[object], TextContent] = TextContent.__pydantic_validator__.validate_python
_message: Callable[[object], Message] = Message.__pydantic_validator__.validate_python
