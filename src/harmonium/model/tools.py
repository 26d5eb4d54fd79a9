"""Tools, their namespaces and response formats. Knows nothing of how they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from harmonium.model.checks import as_tuple, check_schema, check_text
from harmonium.model.names import check_name


@dataclass(frozen=True, slots=True)
class ToolDescription:
    """Describe one tool to the model.

    Args:
        name: the tool's name inside its namespace, one word.
        description: free text, any number of lines.
        parameters: a JSON Schema object for the arguments, or None for a tool without arguments.
            It is kept by reference and never changed; do not change it either.

    Raises:
        InvalidNameError: the name could leave its place in the tools block.
        InvalidInputError: the description is no string or the parameters are no mapping.

    Example:
        >>> ToolDescription("get_weather", "Current weather.").parameters is None
        True

    """

    name: str
    description: str = ""
    parameters: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "tool name")
        check_text(self.description, "tool description")
        if self.parameters is not None:
            check_schema(self.parameters, "tool parameters")

    def __hash__(self) -> int:
        """Hash by name and description: schemas are mappings and have no hash."""
        return hash((self.name, self.description))


@dataclass(frozen=True, slots=True)
class ToolNamespace:
    """Group tools under a name, as the models were trained to see them.

    Args:
        name: the namespace as printed, such as ``functions``.
        description: free text above the tools, or None.
        tools: the tools, in the order printed.
        key: the key that orders namespaces and marks ``functions``; the name unless given
            (openai_harmony keeps namespaces in a mapping whose keys can differ from the names).

    Raises:
        InvalidNameError: the name or key is not one word.

    Example:
        >>> ToolNamespace.functions([ToolDescription("now")]).name
        'functions'

    """

    name: str
    description: str | None = None
    tools: Sequence[ToolDescription] = ()
    key: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "tool namespace")
        check_name(self.key or self.name, "tool namespace key")
        if self.description is not None:
            check_text(self.description, "tool namespace description")
        object.__setattr__(self, "key", self.key or self.name)
        object.__setattr__(self, "tools", as_tuple(self.tools, ToolDescription, "tools"))

    @classmethod
    def functions(cls, tools: Iterable[ToolDescription]) -> ToolNamespace:
        """Build the ``functions`` namespace, where an application's own tools belong."""
        return cls("functions", None, tuple(tools))

    @classmethod
    def browser(cls) -> ToolNamespace:
        """Build the built-in ``browser`` namespace, in the words the models were trained on."""
        from harmonium.model.builtin_tools import BROWSER  # noqa: PLC0415  (it imports this module)

        return BROWSER

    @classmethod
    def python(cls) -> ToolNamespace:
        """Build the built-in ``python`` namespace, in the words the models were trained on."""
        from harmonium.model.builtin_tools import PYTHON  # noqa: PLC0415  (it imports this module)

        return PYTHON


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """Ask for a final answer of a given JSON Schema (``# Response Formats`` in the prompt).

    Args:
        name: one word.
        schema: a JSON Schema object; kept by reference.
        description: free text, or None.

    Raises:
        InvalidNameError: the name is not one word.
        InvalidInputError: the schema is no mapping or the description no string.

    """

    name: str
    schema: Mapping[str, object]
    description: str | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "response format name")
        check_schema(self.schema, "response format schema")
        if self.description is not None:
            check_text(self.description, "response format description")

    def __hash__(self) -> int:
        """Hash by name and description: schemas are mappings and have no hash."""
        return hash((self.name, self.description))
