"""The text of developer settings. Knows nothing of the message around it."""

from __future__ import annotations

from dataclasses import replace

from harmonium.errors import Position, SchemaError
from harmonium.model import DeveloperContent, ResponseFormat
from harmonium.render.json_literals import json_literal
from harmonium.render.text_rules import TextRules
from harmonium.render.tools_text import tools_text


def developer_text(content: DeveloperContent, rules: TextRules) -> str:
    """Print instructions, tools and response formats, leaving out what is absent.

    Response formats follow the published format guide; the published renderers have none.

    Raises:
        SchemaError: a schema cannot be printed; ``position.path`` says which.

    Example:
        >>> print(developer_text(DeveloperContent("Answer briefly."), TextRules()))
        # Instructions
        <BLANKLINE>
        Answer briefly.

    """
    sections: list[str] = []
    if content.instructions is not None:
        sections.append(f"# Instructions\n\n{content.instructions}")
    if content.tools:
        sections.append(tools_text(content.tools, rules))
    if content.response_formats:
        sections.append("# Response Formats")
    for index, item in enumerate(content.response_formats):
        try:
            sections.append(_format_text(item, rules))
        except SchemaError as error:
            error.position = Position(path=f"response_formats[{index}].schema")
            raise
    return "\n\n".join(sections)


def _format_text(item: ResponseFormat, rules: TextRules) -> str:
    hardened = replace(rules, extensions=True, as_read=False)
    about = hardened.comment(item.description or "")
    return f"## {item.name}\n\n{about}{json_literal(item.schema, hardened)}"
