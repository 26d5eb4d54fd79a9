"""The register of faults: a code, a sentence, where it was seen, and the edit it makes.

Does not know what a damaged completion should be read as.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from harmonium.testing.damage.pieces import Draft

Edit = Callable[[Draft], bool]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of damage.

    Args:
        code: its stable name.
        summary: what is wrong with the output, in one sentence.
        seen: the public report or the group of `malformed_cases` it was learnt from; empty for
            a relative of one that was.
        edit: what damages a draft; it returns False where there is nothing of this kind to damage.

    """

    code: str
    summary: str
    seen: str
    edit: Edit


_FAULTS: dict[str, Fault] = {}


def fault(seen: str = "") -> Callable[[Edit], Edit]:
    """Register the edit below as a fault: its name is the code, its docstring the summary."""

    def register(edit: Edit) -> Edit:
        code = str(getattr(edit, "__name__", ""))
        _FAULTS[code] = Fault(code, inspect.getdoc(edit) or "", seen, edit)
        return edit

    return register


def registered() -> Mapping[str, Fault]:
    """Return all faults registered so far, by code."""
    return MappingProxyType(dict(sorted(_FAULTS.items())))
