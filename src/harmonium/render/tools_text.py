"""The text of the tools section. Knows nothing of the messages around it.

Source of the layout: both published renderers, by differential test.
"""

from __future__ import annotations

from collections.abc import Sequence

from harmonium.errors import Position, SchemaError
from harmonium.model import ToolDescription, ToolNamespace
from harmonium.render.schema import schema_text
from harmonium.render.text_rules import TextRules, feed_lines


def tools_text(namespaces: Sequence[ToolNamespace], rules: TextRules) -> str:
    """Print the section that tells the model its tools; empty without namespaces.

    Namespaces are ordered by key.

    Raises:
        SchemaError: a tool's parameters cannot be printed, or make the text too long;
            ``position.path`` says which tool's.

    Example:
        >>> print(tools_text([ToolNamespace.functions([ToolDescription("now")])], TextRules()))
        # Tools
        <BLANKLINE>
        ## functions
        <BLANKLINE>
        namespace functions {
        <BLANKLINE>
        type now = () => any;
        <BLANKLINE>
        } // namespace functions

    """
    if not namespaces:
        return ""
    blocks, room = ["# Tools"], rules.limits.tools_chars
    for place, namespace in sorted(enumerate(namespaces), key=lambda pair: pair[1].key):
        try:
            blocks.append(_namespace_text(namespace, rules, room))
        except SchemaError as error:
            error.position = Position(path=f"tools[{place}].{error.position.path}")
            raise
        room -= len(blocks[-1])
    return "\n\n".join(blocks)


def _namespace_text(namespace: ToolNamespace, rules: TextRules, room: int) -> str:
    lines = [f"## {namespace.name}", ""]
    if not namespace.tools:
        return "\n".join(lines + feed_lines(namespace.description or ""))
    parts = ["\n".join(lines), "\n", rules.comment(namespace.description or "")]
    parts.append(f"namespace {namespace.name} {{\n\n")
    for index, tool in enumerate(namespace.tools):
        try:
            parts.append(_tool_text(tool, rules))
            room -= len(parts[-1])
            _check_room(room)
        except SchemaError as error:
            error.position = Position(path=f"tools[{index}].parameters")
            raise
    parts.append(f"}} // namespace {namespace.name}")
    return "".join(parts)


def _check_room(room: int) -> None:
    if room < 0:
        message = "the tools of a message print as too long a text; see Limits.tools_chars"
        raise SchemaError(message, code="schema_too_large")


def _tool_text(tool: ToolDescription, rules: TextRules) -> str:
    comment = rules.comment(tool.description)
    if tool.parameters is None:
        return f"{comment}type {tool.name} = () => any;\n\n"
    return f"{comment}type {tool.name} = (_: {schema_text(tool.parameters, rules)}) => any;\n\n"
