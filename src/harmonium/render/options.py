"""The options of a caller when rendering. Does not know how they are carried out."""

from __future__ import annotations

from dataclasses import dataclass, field

from harmonium.errors import InvalidInputError, Position
from harmonium.limits import DEFAULT_LIMITS, Limits
from harmonium.model import Role
from harmonium.render.history import History
from harmonium.render.profiles import Profile, profile_named
from harmonium.render.text_rules import TextRules


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Choose how a conversation is rendered.

    Args:
        next_role: end with ``<|start|>`` and this role, for a completion; None to end with the
            last message.
        training: end an assistant's last message on ``final`` with ``<|return|>``, as a model
            should learn to.
        profile: ``guide``, ``oss``, ``legacy``, ``vllm`` or a Profile.
        history: ``per_turn``, ``library``, ``last`` or ``keep``; see `kept_messages`.
        extensions: print the JSON Schema keywords that published renderers print as ``any``, and
            keep every text of a schema in its place; False prints exactly what they print.
        limits: the bounds on schemas.

    Raises:
        InvalidNameError: an unknown role.
        InvalidInputError: an unknown profile, or `training` together with `next_role`.

    """

    next_role: Role | str | None = None
    training: bool = False
    profile: Profile | str = "guide"
    history: History = "per_turn"
    extensions: bool = True
    limits: Limits = DEFAULT_LIMITS
    dialect: Profile = field(init=False, repr=False, compare=False)
    """The profile itself, looked up."""
    rules: TextRules = field(init=False, repr=False, compare=False)
    """How schemas and descriptions are printed."""

    def __post_init__(self) -> None:
        if self.next_role is not None:
            object.__setattr__(self, "next_role", Role(self.next_role))
        dialect = profile_named(self.profile)
        rules = TextRules(self.extensions, dialect.exponent_sign, self.limits)
        for name, value in (("profile", dialect), ("dialect", dialect), ("rules", rules)):
            object.__setattr__(self, name, value)
        if self.training and self.next_role is not None:
            message = "give next_role (to continue) or training (to learn from), not both"
            raise InvalidInputError(message, position=Position(path="training"))
