"""Deferred loading of the pydantic models, until the first message is met.

Half of what importing openai_harmony costs is pydantic and its models. Whoever only encodes text,
or streams and reads deltas, does without.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from harmonium.compat.openai_harmony.messages import Message
    from harmonium.compat.openai_harmony.stream import FinishedMessage
    from harmonium.render import FlatMessage, MessageAdapter


class Models(NamedTuple):
    """What can be done with messages that are pydantic models."""

    messages_of: Callable[[object], list[object]]
    flat_message_of: Callable[[object], FlatMessage]
    as_message: Callable[[FinishedMessage], Message]
    kind: MessageAdapter[object]


@cache
def models() -> Models:
    """Load the models, the first time.

    Raises:
        ImportError: pydantic is not installed.

    """
    from harmonium.compat.openai_harmony.change_detection import MESSAGES  # noqa: PLC0415
    from harmonium.compat.openai_harmony.conversion import (  # noqa: PLC0415  (see above)
        flat_message_of,
        messages_of,
    )
    from harmonium.compat.openai_harmony.message_builder import as_message  # noqa: PLC0415

    return Models(messages_of, flat_message_of, as_message, MESSAGES)
