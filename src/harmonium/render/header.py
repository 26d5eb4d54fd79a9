"""Headers printed from plain fields. Knows nothing of contents or of validity.

Fields are taken as they are: whoever checks names does so before, and text never becomes
structure here in any case. Source of the piece boundaries (they decide the tokens): both
published renderers, by differential test.
"""

from __future__ import annotations

from typing import NamedTuple

from harmonium.errors import InvalidMessageError, Position
from harmonium.model import CONSTRAIN_MARK
from harmonium.render.profiles import Profile
from harmonium.render.segments import Origin, Segment, Special, Text


class Header(NamedTuple):
    """The fields of a header; hashable, so that what it prints can be remembered."""

    role: str
    name: str | None = None
    recipient: str | None = None
    channel: str | None = None
    content_type: str | None = None

    @property
    def is_addressed(self) -> bool:
        """Whether the recipient is printed: there is one, and it is not ``all``."""
        return self.recipient is not None and self.recipient != "all"

    @property
    def is_call(self) -> bool:
        """Whether an assistant speaks to somebody in particular."""
        return self.role == "assistant" and self.is_addressed


def author_text(header: Header) -> str:
    """Return the words in the role place: a tool's name alone, else ``role`` or ``role:name``.

    Raises:
        InvalidMessageError: a tool without a name (code ``tool_without_name``).

    """
    if header.role == "tool":
        if header.name is None:
            message = "a tool message needs the tool's name as its author"
            raise InvalidMessageError(
                message, code="tool_without_name", position=Position(path="author.name")
            )
        return header.name
    return header.role if header.name is None else f"{header.role}:{header.name}"


def header_segments(header: Header, profile: Profile, index: int | None = None) -> list[Segment]:
    """Print a header, from ``<|start|>`` to ``<|message|>``.

    Args:
        header: the fields, any strings.
        profile: the order of recipient and channel, and how the content type is printed.
        index: the message's index, for the origins.

    Raises:
        InvalidMessageError: a tool without a name.

    Example:
        >>> from harmonium.render.profiles import GUIDE
        >>> header = Header("assistant", None, "functions.f", "commentary", "json")
        >>> "".join(segment.text for segment in header_segments(header, GUIDE))
        '<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>'

    """
    role, channel = header.role, header.channel
    author = Origin(index, "role", role, channel)
    out: list[Segment] = [Special("start", author), Text(author_text(header), author)]
    to: list[Segment] = []
    if header.is_addressed:
        to.append(Text(f" to={header.recipient}", Origin(index, "recipient", role, channel)))
    on: list[Segment] = []
    if channel is not None:
        place = Origin(index, "channel", role, channel)
        on = [Special("channel", place), Text(channel, place)]
    out += on + to if _prints_channel_first(header, profile) else to + on
    if header.content_type is not None:
        out += _type_segments(header, profile, Origin(index, "content_type", role, channel))
    out.append(Special("message", Origin(index, "content", role, channel)))
    return out


def _prints_channel_first(header: Header, profile: Profile) -> bool:
    if profile.channel_first == "always":
        return True
    if header.channel != "commentary":
        return False
    match profile.channel_first:
        case "never":
            return False
        case "assistant_commentary":
            return header.role == "assistant"
        case "commentary":
            return True
        case "commentary_except_calls":
            return not header.is_call


def _type_segments(header: Header, profile: Profile, origin: Origin) -> list[Segment]:
    given = header.content_type or ""
    bare = given.removeprefix(CONSTRAIN_MARK)
    as_given = profile.constrain == "as_given" or (
        profile.constrain == "always_except_calls" and header.is_call
    )
    if as_given and bare is given:
        return [Text(f" {given}", origin)]
    return [Text(" ", origin), Special("constrain", origin), Text(bare, origin)]
