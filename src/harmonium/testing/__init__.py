"""What users need to test their own code: strategies, malformed outputs, damage, the span check.

The strategies need the extra ``testing`` (Hypothesis) and load on first use, as the model of
damage does; the rest needs nothing. May import any public part of harmonium; only the demo engine
imports it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from harmonium.testing.corpus import MalformedCase, Recovered, malformed_cases
from harmonium.testing.spans import assert_covers, owners

if TYPE_CHECKING:
    from harmonium.testing.damage import (
        DAMAGE_KINDS,
        DamagedCase,
        Fault,
        Verdict,
        cut_cases,
        damaged_case,
        damaged_cases,
        judge,
        valid_case,
    )
    from harmonium.testing.damage.strategy import damaged_completions
    from harmonium.testing.dialogue import conversations, messages
    from harmonium.testing.json_schemas import schemas
    from harmonium.testing.streams import token_streams
    from harmonium.testing.words import names, texts

__all__ = [
    "DAMAGE_KINDS",
    "DamagedCase",
    "Fault",
    "MalformedCase",
    "Recovered",
    "Verdict",
    "assert_covers",
    "conversations",
    "cut_cases",
    "damaged_case",
    "damaged_cases",
    "damaged_completions",
    "judge",
    "malformed_cases",
    "messages",
    "names",
    "owners",
    "schemas",
    "texts",
    "token_streams",
    "valid_case",
]

_STRATEGIES = {
    "conversations": "dialogue",
    "damaged_completions": "damage.strategy",
    "messages": "dialogue",
    "names": "words",
    "schemas": "json_schemas",
    "texts": "words",
    "token_streams": "streams",
}
_DAMAGE = frozenset(
    {
        "DAMAGE_KINDS",
        "DamagedCase",
        "Fault",
        "Verdict",
        "cut_cases",
        "damaged_case",
        "damaged_cases",
        "judge",
        "valid_case",
    }
)


def __getattr__(name: str) -> object:
    """Load a strategy or the model of damage on first use: importing this package costs nothing."""
    if name not in _STRATEGIES and name not in _DAMAGE:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    if name in _STRATEGIES:
        _require_hypothesis(name)
    module = importlib.import_module(f"harmonium.testing.{_STRATEGIES.get(name, 'damage')}")
    globals()[name] = getattr(module, name)
    return globals()[name]


def _require_hypothesis(name: str) -> None:
    try:
        importlib.import_module("hypothesis")
    except ModuleNotFoundError as error:
        message = f"harmonium.testing.{name} needs Hypothesis: pip install 'harmonium[testing]'"
        raise ModuleNotFoundError(message, name=error.name) from None


def __dir__() -> list[str]:
    """List what loads on first use as well, loaded or not."""
    return sorted(__all__)
