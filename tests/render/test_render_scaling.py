"""Rendering takes time in proportion to what is rendered, whatever that is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from harmonium.limits import DEFAULT_LIMITS
from harmonium.model import (
    Conversation,
    DeveloperContent,
    Message,
    ToolDescription,
    ToolNamespace,
)
from harmonium.render import (
    RenderOptions,
    TextRules,
    conversation_segments,
    golden_text,
    produced_segments,
    schema_text,
)
from tests.growth import grows_linearly

pytestmark = pytest.mark.slow  # each function is run on a long input, twice and more

WIDE = TextRules(
    limits=replace(
        DEFAULT_LIMITS,
        schema_width=10**6,
        schema_nodes=10**6,
        schema_chars=10**8,
        schema_depth=200,
    )
)


def render(count: int, make: Callable[[int], Message], **options: object) -> None:
    conversation = Conversation([make(index) for index in range(count)])
    segments = conversation_segments(conversation, RenderOptions(**options))
    produced_segments(segments)
    golden_text(segments)


def tools(count: int) -> None:
    described = [ToolDescription(f"f{i}", "d", {"type": "object"}) for i in range(count)]
    spaces = [ToolNamespace(f"n{i}", "d", (tool,)) for i, tool in enumerate(described)]
    content = DeveloperContent("i", [*spaces, ToolNamespace.functions(described)])
    conversation_segments(Conversation([Message.developer(content)]))


def schema(value: object) -> None:
    schema_text(value, WIDE)


def nested(count: int, depth: int) -> object:
    """Make `count` properties, each a nullable object `depth` deep."""
    inner: object = {"type": "string", "nullable": True}
    for _ in range(depth):
        inner = {"type": "object", "properties": {"p": inner}, "nullable": True}
    return {"type": "object", "properties": {f"p{i}": inner for i in range(count)}}


def referring(count: int) -> object:
    definitions = {f"d{i}": {"type": "object", "properties": {"x": {}}} for i in range(count)}
    properties = {f"p{i}": {"$ref": f"#/$defs/d{i}"} for i in range(count)}
    return {"type": "object", "properties": properties, "$defs": definitions}


def merging(count: int) -> object:
    return {"allOf": [{"type": "object", "properties": {f"p{i}": {}}} for i in range(count)]}


def agreeing(count: int) -> object:
    same = {"type": "object", "properties": {"p": {"type": "object", "properties": {"q": {}}}}}
    return {"allOf": [dict(same) for _ in range(count)]}


FAMILIES: dict[str, tuple[Callable[[int], None], int]] = {
    "messages": (lambda n: render(n, lambda i: Message.user(f"m{i}")), 3000),
    "reasoning": (lambda n: render(n, lambda _: Message.assistant("x", channel="analysis")), 3000),
    "answers": (
        lambda n: render(n, lambda _: Message.assistant("x", channel="final"), history="library"),
        3000,
    ),
    "lines of one message": (lambda n: render(1, lambda _: Message.user("a\n" * n)), 60_000),
    "tools": (tools, 1000),
    "properties": (lambda n: schema(nested(n, 0)), 10_000),
    "required": (
        lambda n: schema({"type": "object", "properties": {"a": {}}, "required": ["a"] * n}),
        200_000,
    ),
    "enum": (lambda n: schema({"type": "string", "enum": [str(i) for i in range(n)]}), 30_000),
    "variants": (lambda n: schema({"oneOf": [{"type": "string"}] * n}), 10_000),
    "nested nullables": (lambda n: schema(nested(n, 50)), 100),
    "lines of a description": (
        lambda n: schema({"type": "object", "description": "a\n" * n}),
        200_000,
    ),
    "default": (
        lambda n: schema({"type": "object", "properties": {"a": {"default": [1.5, "x"] * n}}}),
        10_000,
    ),
    "references": (lambda n: schema(referring(n)), 5000),
    "merged objects": (lambda n: schema(merging(n)), 5000),
    "merged properties": (lambda n: schema(agreeing(n)), 3000),
    "depth": (lambda n: [schema(nested(1, n)) for _ in range(20)], 60),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_twice_as_much_takes_about_twice_as_long(family: str) -> None:
    run, size = FAMILIES[family]
    assert grows_linearly(run, size)
