# ruff: noqa: INP001  (a script, not a package)
"""Extension of griffe: examples of docstrings as code blocks, no checks of dataclasses.

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
    """A fence around each example of each docstring, and no ``__post_init__``."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Rewrite the docstring of one module, class, function or attribute."""
        if obj.docstring:
            text = inspect.cleandoc(obj.docstring.value)
            obj.docstring.value = _EXAMPLE.sub(r"\1```pycon\n\g<0>\n\1```", text)

    def on_class_members(self, *, cls: griffe.Class, **_: object) -> None:
        """Leave out the checks of dataclasses, which nobody calls."""
        cls.members.pop("__post_init__", None)
