"""Roles and reasoning efforts as openai_harmony names them: plain enums, no pydantic models."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class Role(str, Enum):
    """The five roles. Unlike harmonium's own, ``str()`` returns ``Role.USER``."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"
    DEVELOPER = "developer"
    TOOL = "tool"

    @classmethod
    def _missing_(cls, value: object) -> Role:
        message = f"Unknown role: {value!r}"
        raise ValueError(message)


class ReasoningEffort(str, Enum):
    """The reasoning efforts, capitalised as openai_harmony writes them in JSON."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


ROLE_OF: Mapping[str, Role] = MappingProxyType({role.value: role for role in Role})
"""Role by its word: looking it up takes a fifth of asking the class."""
