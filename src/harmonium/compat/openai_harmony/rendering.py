"""Rendering through harmonium's renderer, and the published error texts. No JSON here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from harmonium.compat.openai_harmony.failures import HarmonyError
from harmonium.compat.openai_harmony.process_settings import profile
from harmonium.errors import InvalidMessageError
from harmonium.limits import Limits
from harmonium.model import DeveloperContent, SystemContent
from harmonium.render import (
    FlatMessage,
    IdWriter,
    LazySettings,
    MessageAdapter,
    RenderOptions,
    cached_ids,
)
from harmonium.render.history import first_kept
from harmonium.tokens import Tokenizer

M = TypeVar("M")

_BOUNDLESS = 1 << 62
_LIMITS = Limits(
    schema_depth=_BOUNDLESS,
    schema_width=_BOUNDLESS,
    schema_nodes=_BOUNDLESS,
    schema_chars=_BOUNDLESS,
    tools_chars=_BOUNDLESS,
)
"""Schemas have come through JSON, or might have: they are finite and not nested too deeply."""


def render_conversation(
    messages: Sequence[M], kind: MessageAdapter[M], tokenizer: Tokenizer, options: RenderOptions
) -> list[int]:
    """Render a conversation as the chosen library does.

    Args:
        messages: what was said.
        kind: how such messages are handled.
        tokenizer: encodes and remembers.
        options: see `options_of`.

    Raises:
        RuntimeError: a tool without a name, or settings in a message of another role; for a
            completion it is a HarmonyError.

    """
    try:
        return cached_ids(messages, kind, tokenizer, options)
    except InvalidMessageError:
        said, _ = kind.read(messages)
        boundary = first_kept([header for header, _ in said], options.history)
        kept = [
            one for at, one in enumerate(said) if at >= boundary or one[0].channel != "analysis"
        ]
        error = RuntimeError if options.next_role is None else HarmonyError
        raise error(_refusal(kept)) from None


def render_message(
    said: FlatMessage, tokenizer: Tokenizer, *, has_function_tools: bool = False
) -> list[int]:
    """Render one message as the chosen library does.

    Raises:
        RuntimeError: a tool without a name, or settings in a message of another role.

    """
    options = options_of()
    writer = IdWriter(tokenizer, options, has_function_tools=has_function_tools)
    try:
        writer.write([said])
    except InvalidMessageError:
        raise RuntimeError(_refusal([said])) from None
    return writer.ids


def options_of(
    *, next_role: str | None = None, training: bool = False, drop_analysis: bool = True
) -> RenderOptions:
    """Return the render options of the chosen library.

    Args:
        next_role: whose message is to be generated.
        training: end an assistant's last ``final`` message with ``<|return|>``.
        drop_analysis: leave out the reasoning of finished turns.

    """
    return _options(profile(), next_role, training, drop_analysis)


@lru_cache(maxsize=64)
def _options(
    profile_name: str,
    next_role: str | None,
    training: bool,  # noqa: FBT001
    drop_analysis: bool,  # noqa: FBT001
) -> RenderOptions:
    return RenderOptions(
        next_role=next_role,
        training=training,
        profile=profile_name,
        history="library" if drop_analysis else "keep",
        extensions=False,
        limits=_LIMITS,
    )


def _refusal(said: list[FlatMessage]) -> str:
    """Build the library's error for the first message that cannot be rendered."""
    for header, contents in said:
        if header.role == "tool" and header.name is None:
            return "Tools should have a name!"
        for content in contents:
            kind = type(content.make() if isinstance(content, LazySettings) else content)
            home = _HOMES.get(kind, header.role)
            if home != header.role:
                places = f"{home} messages, found in {header.role.capitalize()}"
                return f"{kind.__name__} may only appear in {places}"
    return "this conversation cannot be rendered"


_HOMES: Mapping[type, str] = MappingProxyType(
    {SystemContent: "system", DeveloperContent: "developer"}
)
