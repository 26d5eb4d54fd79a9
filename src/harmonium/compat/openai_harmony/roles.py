"""Own the names openai_harmony has for roles and reasoning efforts; plain enums, no models."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType


class Role(str, Enum):
    """Name the five roles; unlike harmonium's own, ``str()`` gives ``Role.USER``."""

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
    """Name the reasoning efforts, capitalised as openai_harmony writes them in JSON."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"


ROLE_OF: Mapping[str, Role] = MappingProxyType({role.value: role for role in Role})
"""Role by its word: looking it up takes a fifth of asking the class."""
