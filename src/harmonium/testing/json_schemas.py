"""The strategy for JSON Schemas. Does not know how a schema is printed.

Needs Hypothesis (extra ``testing``).
"""

from __future__ import annotations

from hypothesis import strategies as st

from harmonium.testing.words import texts

Schema = dict[str, object]

_LEAF_TYPES = ("string", "number", "integer", "boolean", "null")
_SMALL_TEXTS = texts(max_size=16)
_KEYS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True),
    st.sampled_from(["a-b", "", "1st", "class", "a b", "naïve", '"quoted"']),
)
_LITERALS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    _SMALL_TEXTS,
)
_ENUMS = st.lists(_SMALL_TEXTS, min_size=1, max_size=4)


def schemas(*, extended: bool = False, max_leaves: int = 12) -> st.SearchStrategy[Schema]:
    """Generate JSON Schemas for the parameters of a tool: objects at the top, nested below.

    Args:
        extended: also draw ``anyOf``, ``allOf``, ``const``, ``enum`` without a type, and ``$ref``
            into ``$defs`` (never a cycle), which openai_harmony prints as ``any``.
        max_leaves: bounds how large a schema grows.

    Example:
        >>> schemas().example()  # doctest: +SKIP
        {'type': 'object', 'properties': {'city': {'type': 'string'}}, 'required': ['city']}

    """
    inner = st.recursive(_leaves(), lambda below: _branches(below, extended), max_leaves=max_leaves)
    top = _objects(inner)
    if not extended:
        return top
    return st.builds(_with_definitions, top, st.fixed_dictionaries({"Shared": _leaves()}))


def _leaves() -> st.SearchStrategy[Schema]:
    typed = st.fixed_dictionaries({"type": st.sampled_from(_LEAF_TYPES)}, optional=_remarks())
    words = st.fixed_dictionaries({"type": st.just("string"), "enum": _ENUMS}, optional=_remarks())
    several = st.fixed_dictionaries(
        {"type": st.lists(st.sampled_from(_LEAF_TYPES), min_size=1, max_size=3, unique=True)}
    )
    return st.one_of(typed, words, several, st.just({}))


def _remarks() -> dict[str, st.SearchStrategy[object]]:
    """Return the keywords that say something about a value without changing its type."""
    return {
        "description": _SMALL_TEXTS,
        "title": _SMALL_TEXTS,
        "default": _LITERALS,
        "examples": st.lists(_LITERALS, max_size=3),
        "nullable": st.booleans(),
    }


def _branches(below: st.SearchStrategy[Schema], extended: bool) -> st.SearchStrategy[Schema]:  # noqa: FBT001  (called by position above)
    variants = st.lists(below, min_size=1, max_size=3)
    parts = st.lists(_objects(below), min_size=1, max_size=3)
    arrays = _keyword("items", below) | st.just(Schema())
    found = [
        _objects(below),
        arrays.map(lambda items: Schema(type="array") | items),
        _keyword("oneOf", variants),
    ]
    if extended:
        found += [
            _keyword("anyOf", variants),
            _keyword("allOf", parts),
            _keyword("const", _LITERALS),
            _keyword("enum", st.lists(_LITERALS, min_size=1, max_size=4)),
            _keyword("$ref", st.just("#/$defs/Shared")),
        ]
    return st.one_of(found)


def _keyword(word: str, values: st.SearchStrategy[object]) -> st.SearchStrategy[Schema]:
    return st.fixed_dictionaries({word: values}, optional=_remarks())


@st.composite
def _objects(draw: st.DrawFn, below: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(_KEYS, below, max_size=4))
    made: Schema = {"type": "object", "properties": properties}
    required = draw(st.lists(st.sampled_from(sorted(properties) or [""]), unique=True))
    if required and properties:
        made["required"] = required
    description = draw(st.none() | _SMALL_TEXTS)
    return made if description is None else made | {"description": description}


def _with_definitions(top: Schema, definitions: dict[str, Schema]) -> Schema:
    return top | {"$defs": definitions}
