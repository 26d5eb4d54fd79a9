"""Values of the openai package's own types: the smallest ones, each with one field that varies."""

from __future__ import annotations

import types
import typing
from typing import Literal, Required, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

ENOUGH, DEEP = 40, 3


def members(kind):
    """The types that a union of types is made of."""
    if get_origin(kind) in {typing.Union, types.UnionType}:
        return [member for part in get_args(kind) for member in members(part)]
    return members(get_args(kind)[0]) if get_origin(kind) is typing.Annotated else [kind]


def objects(kind, depth=0):
    """Objects of a TypedDict: all that is required, and one field after the other."""
    hints = get_type_hints(kind, include_extras=True)
    fields = {name: values(hint, depth) for name, hint in hints.items()}
    whole = {name: fields[name][0] for name in fields if _is_required(kind, name, hints[name])}
    changed = [{**whole, name: value} for name, found in fields.items() for value in found[:ENOUGH]]
    return [whole, *(found for found in changed if found != whole)]


def _is_required(kind, name, hint):
    """Postponed annotations hide from TypedDict which keys are required."""
    return get_origin(hint) is Required or (kind.__total__ and name in kind.__annotations__)


def values(kind, depth=0):
    """Some values of a type, of every member of a union among them."""
    origin, args = get_origin(kind), get_args(kind)
    if origin in {Required, typing.Annotated}:
        return values(args[0], depth)
    if origin in {typing.Union, types.UnionType}:
        return [value for part in args for value in values(part, depth)]
    if origin is Literal:
        return list(args)
    if is_typeddict(kind):
        return objects(kind, depth + 1)
    if args and origin is not dict:
        inner = values(args[-1], depth + 1)[:ENOUGH] if depth < DEEP else []
        return [[], *([value] for value in inner)]
    return list(SIMPLE.get(kind, [{}]))


SIMPLE = {
    str: ["s"],
    bool: [True, False],
    int: [1],
    float: [0.5],
    object: ["s", {}],
    type(None): [None],
}
