"""What users need to test their own code: strategies, the malformed corpus, the span check.

The strategies need the extra ``testing`` (Hypothesis) and load on first use; the corpus and the
span check need nothing. May import any public part of harmonium; only the demo engine imports it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from harmonium.testing.corpus import MalformedCase, Recovered, malformed_cases
from harmonium.testing.spans import assert_covers, owners

if TYPE_CHECKING:
    from harmonium.testing.dialogue import conversations, messages
    from harmonium.testing.json_schemas import schemas
    from harmonium.testing.streams import token_streams
    from harmonium.testing.words import names, texts

__all__ = [
    "MalformedCase",
    "Recovered",
    "assert_covers",
    "conversations",
    "malformed_cases",
    "messages",
    "names",
    "owners",
    "schemas",
    "texts",
    "token_streams",
]

_STRATEGIES = {
    "conversations": "dialogue",
    "messages": "dialogue",
    "names": "words",
    "schemas": "json_schemas",
    "texts": "words",
    "token_streams": "streams",
}


def __getattr__(name: str) -> object:
    """Load a strategy on first use, so that this package imports without Hypothesis."""
    if name not in _STRATEGIES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        importlib.import_module("hypothesis")
    except ModuleNotFoundError as error:
        message = f"harmonium.testing.{name} needs Hypothesis: pip install 'harmonium[testing]'"
        raise ModuleNotFoundError(message, name=error.name) from None
    module = importlib.import_module(f"harmonium.testing.{_STRATEGIES[name]}")
    globals()[name] = getattr(module, name)
    return globals()[name]


def __dir__() -> list[str]:
    """List the strategies as well, loaded or not."""
    return sorted(__all__)
