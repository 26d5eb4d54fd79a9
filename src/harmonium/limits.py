"""Own every bound of the product, each with its reason; know nothing of who applies it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound the work and memory that any input can cause.

    Counts are inclusive maxima. Pass your own instance where a function takes ``limits``.
    """

    name_chars: int = 256
    """A name. The longest tool name OpenAI accepts is 64; names with a namespace need more."""

    header_tokens: int = 512
    """A message header while parsing. Real headers take under 30 tokens; models that fall into
    a loop inside a header have produced tens of thousands."""

    json_depth: int = 128
    """Nesting of conversation JSON. Well under the recursion limit of the json module."""

    schema_depth: int = 64
    """Nesting of one tool's JSON Schema after references are followed. Real ones stay under 20."""

    schema_width: int = 2_000
    """Properties, variants or enum values at one place of a schema."""

    schema_nodes: int = 20_000
    """Places of one schema that are rendered, references expanded: stops ``$ref`` bombs."""

    schema_chars: int = 1_000_000
    """Text one schema may render to: more than any context window holds."""

    vocabulary_bytes: int = 64 * 1024 * 1024
    """A vocabulary file, read or downloaded. The largest public one has under 4 MB."""


DEFAULT_LIMITS = Limits()
