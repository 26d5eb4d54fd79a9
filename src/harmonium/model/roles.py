"""Roles, authors and reasoning efforts. Knows nothing of contents or messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harmonium.errors import InvalidMessageError, InvalidNameError
from harmonium.model.names import check_name, check_tool_author


class Role(str, Enum):
    """Name the five roles of Harmony; members are strings (``Role.USER == "user"``)."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    DEVELOPER = "developer"
    TOOL = "tool"

    @classmethod
    def _missing_(cls, value: object) -> Role:  # noqa: ARG003  (Enum passes it)
        allowed = ", ".join(role.value for role in cls)
        message = f"unknown role; allowed are {allowed}"
        raise InvalidNameError(message, code="unknown_role")

    def __str__(self) -> str:
        return self.value


class ReasoningEffort(str, Enum):
    """Name the reasoning efforts gpt-oss was trained on."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @classmethod
    def _missing_(cls, value: object) -> ReasoningEffort:
        if isinstance(value, str) and value.lower() in cls._value2member_map_:
            return cls(value.lower())
        message = "unknown reasoning effort; allowed are low, medium, high"
        raise InvalidNameError(message, code="unknown_effort")

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Author:
    """The author of a message: a role, and for tools (optionally for others) a name.

    Raises:
        InvalidNameError: the role is none of the five, or the name cannot stand in a header.
        InvalidMessageError: a tool without a name.

    Example:
        >>> Author(Role.TOOL, "functions.get_weather").name
        'functions.get_weather'

    """

    role: Role
    name: str | None = None

    def __post_init__(self) -> None:
        if type(self.role) is not Role:
            object.__setattr__(self, "role", Role(self.role))
        if self.role is Role.TOOL:
            if self.name is None:
                message = "a tool message needs the tool's name as its author"
                raise InvalidMessageError(message, code="tool_without_name")
            check_tool_author(self.name)
        elif self.name is not None:
            check_name(self.name, "author name")
