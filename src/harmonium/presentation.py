"""The home of public classes and functions in docs and tracebacks. Does not know what they do.

Docs, tracebacks and pickles name a thing by its ``__module__``; for public names that is the
package they are imported from, not the file they happen to stand in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import FunctionType
from typing import get_type_hints


def rehome_public_names(names: Mapping[str, object], home: str) -> None:
    """Make classes and functions say that they come from `home`.

    Annotations are looked up in the module a class says it comes from, where those of another
    file mean nothing: they are resolved before, so that `typing.get_type_hints`, pydantic and
    the like go on working.
    """
    for thing in names.values():
        if isinstance(thing, type):
            _resolve_annotations(thing)
        if isinstance(thing, type | FunctionType):
            thing.__module__ = home


def _resolve_annotations(kind: type) -> None:
    if "__annotations__" not in vars(kind):
        return
    hints = get_type_hints(kind, include_extras=True)
    kind.__annotations__ = {name: hints[name] for name in kind.__annotations__}
    if is_dataclass(kind):
        for field in fields(kind):
            field.type = hints[field.name]
