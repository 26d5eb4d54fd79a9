"""The names of ``openai_harmony``, over harmonium: same signatures, same tokens, same errors.

Made to be imported in its place, directly or through `harmonium.compat.install`. `set_profile`
chooses which published library it equals, ``oss`` (oss-harmony 0.0.11, the default) or ``legacy``
(openai-harmony 0.0.8); `set_policy` whether it parses as that library does, or with harmonium's
repairs. Needs pydantic: ``pip install "harmonium[compat]"``.

Example:
    >>> from harmonium.compat.openai_harmony import Message, Role, load_harmony_encoding
    >>> encoding = load_harmony_encoding("HarmonyGptOss")
    >>> encoding.decode(encoding.render(Message.from_role_and_content(Role.USER, "hi")))
    '<|start|>user<|message|>hi<|end|>'

"""

# ruff: noqa: F401  (openai_harmony has names outside its __all__, and so has this module)

from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from harmonium.compat.openai_harmony import bindings as openai_harmony
from harmonium.compat.openai_harmony.bindings import PyHarmonyEncoding as _PyHarmonyEncoding
from harmonium.compat.openai_harmony.bindings import PyStreamableParser as _PyStreamableParser
from harmonium.compat.openai_harmony.bindings import (
    load_harmony_encoding as _load_harmony_encoding,
)
from harmonium.compat.openai_harmony.encoding import (
    HarmonyEncoding,
    HarmonyEncodingName,
    _special_token_regex,
    load_harmony_encoding,
    raise_disallowed_special_token,
)
from harmonium.compat.openai_harmony.failures import HarmonyError
from harmonium.compat.openai_harmony.process_settings import set_policy, set_profile
from harmonium.compat.openai_harmony.roles import ReasoningEffort, Role
from harmonium.compat.openai_harmony.streaming import StreamableParser, StreamState

if TYPE_CHECKING:
    from harmonium.compat.openai_harmony.contents import (
        Author,
        ChannelConfig,
        Content,
        DeveloperContent,
        SystemContent,
        TextContent,
        ToolDescription,
        ToolNamespaceConfig,
    )
    from harmonium.compat.openai_harmony.messages import (
        Conversation,
        Message,
        RenderConversationConfig,
        RenderOptions,
    )

T = TypeVar("T")

_MODELS = {
    "contents": (
        "Author",
        "ChannelConfig",
        "Content",
        "DeveloperContent",
        "SystemContent",
        "TextContent",
        "ToolDescription",
        "ToolNamespaceConfig",
    ),
    "messages": ("Conversation", "Message", "RenderConversationConfig", "RenderOptions"),
}
"""Pydantic models, by the file they stand in: loaded when one is first asked for."""

__all__ = [
    "Author",
    "Content",
    "Conversation",
    "DeveloperContent",
    "HarmonyEncoding",
    "HarmonyEncodingName",
    "HarmonyError",
    "Message",
    "Role",
    "StreamState",
    "StreamableParser",
    "SystemContent",
    "TextContent",
    "ToolDescription",
    "load_harmony_encoding",
]


def __getattr__(name: str) -> object:
    for file, names in _MODELS.items():
        if name in names:
            module = import_module(f"{__name__}.{file}")
            globals().update({model: getattr(module, model) for model in names})
            return globals()[name]
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODELS["contents"], *_MODELS["messages"]})
