"""Process-wide choice of the library to match and of the parser. Knows nothing of either.

Both choices are the process's, read when something is rendered or a parser is made.
"""

from __future__ import annotations

from typing import Literal, get_args

from harmonium.errors import InvalidInputError, Position

Profile = Literal["oss", "legacy"]
Policy = Literal["oracle", "repair"]


class _Choice:
    profile: Profile = "oss"
    policy: Policy = "oracle"


def set_profile(profile: Profile) -> None:
    """Choose the library to match, from now on and everywhere in the process.

    Args:
        profile: ``oss`` (oss-harmony 0.0.11, the default) or ``legacy`` (openai-harmony 0.0.8).
            They order the header differently when rendering, print content types and large
            numbers differently, and read repeated channel markers differently.

    Raises:
        InvalidInputError: any other word.

    Example:
        >>> set_profile("oss")

    """
    _Choice.profile = _one_of(profile, get_args(Profile), "profile")  # type: ignore[assignment]


def set_policy(policy: Policy) -> None:
    """Choose the parser, from now on and everywhere in the process.

    Args:
        policy: ``oracle`` parses exactly as the library does, its faults included (the default);
            ``repair`` gives harmonium's own parser under the library's API: it never raises on
            tokens and loses no content.

    Raises:
        InvalidInputError: any other word.

    Example:
        >>> set_policy("oracle")

    """
    _Choice.policy = _one_of(policy, get_args(Policy), "policy")  # type: ignore[assignment]


def profile() -> Profile:
    """Return the chosen profile."""
    return _Choice.profile


def policy() -> Policy:
    """Return the chosen policy."""
    return _Choice.policy


def _one_of(value: object, allowed: tuple[str, ...], what: str) -> object:
    if value not in allowed:
        message = f"unknown {what}; allowed are {', '.join(allowed)}"
        raise InvalidInputError(message, code=f"unknown_{what}", position=Position(path=what))
    return value
