"""Every bound of the product, each with its reason. Knows nothing of who applies it."""

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

    tools_chars: int = 1_000_000
    """Text all tools of one message may render to, for the same reason: a hundred schemas that
    expand their references take seconds otherwise."""

    vocabulary_bytes: int = 64 * 1024 * 1024
    """A vocabulary file, read or downloaded. The largest public one has under 4 MB."""

    engine_connect_seconds: float = 5.0
    """To open a connection to an engine. Engines stand in the same network."""

    engine_first_token_seconds: float = 300.0
    """Until an engine's first token. A full queue and a prompt of 128k tokens take minutes."""

    engine_idle_seconds: float = 60.0
    """Between two chunks of an engine: a second is long, a minute is a stall."""

    engine_total_seconds: float = 3_600.0
    """One generation. 128k tokens at 40 a second take just under an hour."""

    engine_probe_seconds: float = 5.0
    """One question about an engine's health or capabilities: it must not wait for generations."""

    engine_close_seconds: float = 0.5
    """To tell an engine that a generation is no longer wanted; the connection closes anyway."""

    engine_line_bytes: int = 4 * 1024 * 1024
    """One line of an engine's stream. A chunk of 1,000 tokens with 20 alternatives each takes
    under 2 MB; the cumulative output of 131,072 tokens just over 1 MB."""

    engine_body_bytes: int = 1024 * 1024
    """An answer of an engine that is no stream: its models, its settings."""

    engine_error_chars: int = 2_000
    """What is kept of an engine's own words about an error."""


DEFAULT_LIMITS = Limits()
