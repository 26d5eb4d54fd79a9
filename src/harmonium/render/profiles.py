"""The variants of Harmony in use, as three options each. Knows nothing of messages.

Published renderers print the same message in different ways. A profile says which way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

from harmonium.errors import InvalidInputError, Position

ChannelFirst = Literal[
    "never", "assistant_commentary", "commentary", "commentary_except_calls", "always"
]
Constrain = Literal["always", "as_given", "always_except_calls"]
ProfileName = Literal["guide", "oss", "legacy", "vllm"]


@dataclass(frozen=True, slots=True)
class Profile:
    """Choose how headers and numbers are printed; make your own with `dataclasses.replace`.

    Args:
        name: what to call it.
        channel_first: which messages print the channel before the recipient: none of them,
            the assistant's on ``commentary``, everybody's on ``commentary``, everybody's on
            ``commentary`` except the assistant's with a recipient, or all of them (as models
            call the built-in tools on ``analysis``; no published renderer does it).
        constrain: when ``<|constrain|>`` precedes a content type: always; only where the given
            type begins with ``<|constrain|>`` (else the type is plain text); or always except
            in an assistant's message with a recipient, where it is as given.
        exponent_sign: print large floats in schema defaults as ``1e+300`` instead of ``1e300``.

    Raises:
        InvalidInputError: a knob has a value it does not know.

    Example:
        >>> from dataclasses import replace
        >>> replace(PROFILES["guide"], name="mine", channel_first="never").constrain
        'always'

    """

    name: str
    channel_first: ChannelFirst = "assistant_commentary"
    constrain: Constrain = "always"
    exponent_sign: bool = True

    def __post_init__(self) -> None:
        for knob, allowed in (
            ("channel_first", get_args(ChannelFirst)),
            ("constrain", get_args(Constrain)),
            ("exponent_sign", (True, False)),
        ):
            if getattr(self, knob) not in allowed:
                message = f"unknown {knob}; allowed are {', '.join(map(str, allowed))}"
                raise InvalidInputError(message, position=Position(path=knob))


GUIDE = Profile("guide")
OSS = Profile("oss", channel_first="commentary")
LEGACY = Profile("legacy", channel_first="never", constrain="as_given", exponent_sign=False)
VLLM = Profile("vllm", channel_first="commentary_except_calls", constrain="always_except_calls")

PROFILES: Mapping[str, Profile] = MappingProxyType(
    {profile.name: profile for profile in (GUIDE, OSS, LEGACY, VLLM)}
)
"""``guide``: OpenAI's published format guide, and what the models emit. ``oss``: oss-harmony
0.0.11. ``legacy``: openai-harmony 0.0.8 and the models' chat template. ``vllm``: vLLM 0.33."""


def profile_named(profile: str | Profile) -> Profile:
    """Return the profile of that name; a Profile is returned as it is.

    Raises:
        InvalidInputError: no profile has that name (code ``unknown_profile``).

    Example:
        >>> profile_named("legacy").channel_first
        'never'

    """
    if isinstance(profile, Profile):
        return profile
    found = PROFILES.get(str(profile))
    if found is None:
        message = f"unknown profile; give a Profile or one of {', '.join(PROFILES)}"
        raise InvalidInputError(message, code="unknown_profile", position=Position(path="profile"))
    return found
