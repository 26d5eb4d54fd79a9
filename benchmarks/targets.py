"""The targets, as data: ratios to other contenders and to the limit, never seconds."""

# ruff: noqa: RUF001  (the sign for times)

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.contenders import (
    BARE,
    COMPAT,
    FLOOR,
    OPENAI,
    OSS,
    OWN,
    PLAIN,
    Contender,
)

Quantity = Literal["speed", "load", "memory"]


@dataclass(frozen=True, slots=True)
class Target:
    """Promise that `contender` is at least `factor` times as good as `baseline` at a case.

    Good is fast for ``speed`` (cases) and ``load`` (start-ups), small for ``memory``. A factor
    below 1 allows that much: 1 / 1.3 means at most 1.3 times the time. The case of a load or of
    memory is what the process must be ready for. ``reached`` is what was last measured where the
    target is still ahead: the guard holds that much until it is.
    """

    quantity: Quantity
    case: str
    factor: float
    contender: Contender = COMPAT
    baseline: Contender = OSS
    reached: float | None = None

    @property
    def floor(self) -> float:
        """The ratio the guard insists on: part of the target, or of what was reached so far."""
        return TOLERANCE * (self.factor if self.reached is None else self.reached)

    @property
    def name(self) -> str:
        """Name the target, readably and for ever the same."""
        what = self.case if self.quantity == "speed" else f"{self.quantity} to {self.case}"
        return f"{what}: {self.contender.title} to {self.baseline.title}"

    @property
    def promise(self) -> str:
        """Return the factor in words: ``at least 12x`` or ``at most 1.3x``."""
        if self.quantity == "memory" or self.factor < 1:
            return f"at most {1 / self.factor:.3g}×"
        return f"at least {self.factor:g}×"


TARGETS = (
    Target("speed", "render", 12, reached=5),
    Target("speed", "render grown", 150, reached=110),
    Target("speed", "render message", 10, reached=5.5),
    Target("speed", "parse", 25, reached=17),
    Target("speed", "parse short", 25, reached=15),
    Target("speed", "stream", 10, reached=7),
    Target("speed", "stream content", 40, reached=15),
    Target("load", "encode", 1),
    Target("load", "parse", 4, reached=2),
    Target("memory", "encode", 1 / 1.25),
    Target("memory", "parse", 2),
    Target("speed", "stream", 25, OWN, reached=4),
    Target("speed", "parse", 40, OWN, reached=17),
    Target("speed", "render", 1 / 1.3, OWN, BARE),
    Target("speed", "parse", 1 / 2, OWN, BARE),
    Target("speed", "chat prompt", 10, OPENAI, PLAIN, reached=4.4),
    Target("speed", "chat prompt grown", 100, OPENAI, PLAIN),
    Target("speed", "chat chunks", 1 / 2.5, OPENAI, FLOOR),
    Target("speed", "responses events", 1 / 2.5, OPENAI, FLOOR),
)

EXPONENT = 1.15
"""How fast time may grow: n units of input may take time proportional to n to this power."""

TOLERANCE = 0.7
"""The part of a target that the guard in CI insists on: its machines are shared and few."""
