# ruff: noqa: INP001  (a script, not a package)
"""Extension of griffe that makes the examples of docstrings code blocks of their own.

Our docstrings show examples as doctests between paragraphs; a Markdown reader takes ``>>>`` for a
nested quotation and ``[a][0]`` for a link. Does not run them: the house tests do.
"""

from __future__ import annotations

import inspect
import re

import griffe

# From a prompt to the next empty line: the example and what it prints.
_EXAMPLE = re.compile(r"^( *)>>> .*(?:\n *\S.*)*", re.MULTILINE)


class DocstringExamples(griffe.Extension):
    """Puts a fence around each example of each docstring."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Rewrite the docstring of one module, class, function or attribute."""
        if obj.docstring:
            text = inspect.cleandoc(obj.docstring.value)
            obj.docstring.value = _EXAMPLE.sub(r"\1```pycon\n\g<0>\n\1```", text)
