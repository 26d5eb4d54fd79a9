"""HarmonyEncoding and its loader. The work is done in `bindings` and `rendering`."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TYPE_CHECKING, Literal

from harmonium.compat.openai_harmony import bindings
from harmonium.compat.openai_harmony.failures import Detour, HarmonyError
from harmonium.compat.openai_harmony.models import models
from harmonium.compat.openai_harmony.rendering import (
    options_of,
    render_conversation,
    render_message,
)

if TYPE_CHECKING:
    from harmonium.compat.openai_harmony.messages import (
        Conversation,
        Message,
        RenderConversationConfig,
        RenderOptions,
    )
    from harmonium.compat.openai_harmony.roles import Role
    from harmonium.render import RenderOptions as Options


class HarmonyEncodingName(str, Enum):
    """The names of the encodings."""

    HARMONY_GPT_OSS = "HarmonyGptOss"

    def __str__(self) -> str:
        return str(self.value)


@functools.lru_cache(maxsize=64)
def _special_token_regex(tokens: frozenset[str]) -> re.Pattern[str]:
    return re.compile(f"({'|'.join(re.escape(token) for token in tokens)})")


def raise_disallowed_special_token(token: str) -> None:
    """Raise for text that spells a special token.

    Raises:
        HarmonyError: always.

    """
    message = (
        f"Encountered text corresponding to disallowed special token {token!r}.\n"
        "If you want this text to be encoded as a special token, "
        f"pass it to `allowed_special`, e.g. `allowed_special={{'{token}', ...}}`.\n"
        "If you want this text to be encoded as normal text, disable the check for this token "
        f"by passing `disallowed_special=(enc.special_tokens_set - {{'{token}'}})`.\n"
        "To disable this check for all special tokens, pass `disallowed_special=()`.\n"
    )
    raise HarmonyError(message)


class HarmonyEncoding:
    """Render conversations, parse completions, encode and decode text.

    Get one from `load_harmony_encoding`.
    """

    def __init__(self, inner: bindings.PyHarmonyEncoding) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        """The encoding's name."""
        return self._inner.name

    @functools.cached_property
    def special_tokens_set(self) -> set[str]:
        """The texts of all special tokens."""
        return set(self._inner.special_tokens())

    def render_conversation_for_completion(
        self,
        conversation: Conversation,
        next_turn_role: Role,
        config: RenderConversationConfig | None = None,
    ) -> list[int]:
        """Render a conversation and the start of the next message.

        Args:
            conversation: what was said.
            next_turn_role: who speaks next.
            config: whether to drop analysis of finished turns; it is dropped by default.

        Raises:
            RuntimeError: a tool without a name, or settings in a message of another role.
            ValueError: a field that was assigned something it cannot hold.

        """
        drop = config is None or config.auto_drop_analysis
        role = str(next_turn_role.value)
        return self._rendered(
            conversation,
            lambda: options_of(next_role=bindings.known_role(role), drop_analysis=drop),
            lambda: self._inner.render_conversation_for_completion(
                conversation_json=conversation.to_json(),
                next_turn_role=role,
                config={"auto_drop_analysis": drop},
            ),
        )

    def render_conversation(
        self, conversation: Conversation, config: RenderConversationConfig | None = None
    ) -> list[int]:
        """Render a conversation; arguments and errors as for a completion."""
        drop = config is None or config.auto_drop_analysis
        return self._rendered(
            conversation,
            lambda: options_of(drop_analysis=drop),
            lambda: self._inner.render_conversation(
                conversation_json=conversation.to_json(), config={"auto_drop_analysis": drop}
            ),
        )

    def render_conversation_for_training(
        self, conversation: Conversation, config: RenderConversationConfig | None = None
    ) -> list[int]:
        """Render a conversation whose last answer ends with ``<|return|>``."""
        drop = config is None or config.auto_drop_analysis
        return self._rendered(
            conversation,
            lambda: options_of(training=True, drop_analysis=drop),
            lambda: self._inner.render_conversation_for_training(
                conversation_json=conversation.to_json(), config={"auto_drop_analysis": drop}
            ),
        )

    def _rendered(
        self,
        conversation: Conversation,
        options: Callable[[], Options],
        through_json: Callable[[], list[int]],
    ) -> list[int]:
        known = models()
        try:
            messages = known.messages_of(conversation)
            return render_conversation(messages, known.kind, self._inner.tokenizer, options())
        except Detour:
            return through_json()

    def render(self, message: Message, render_options: RenderOptions | None = None) -> list[int]:
        """Render one message."""
        functions = render_options is not None and render_options.conversation_has_function_tools
        tokenizer = self._inner.tokenizer
        try:
            said = models().flat_message_of(message)
            return render_message(said, tokenizer, has_function_tools=functions)
        except Detour:
            return self._inner.render(
                message_json=message.to_json(),
                render_options={"conversation_has_function_tools": functions},
            )

    def parse_messages_from_completion_tokens(
        self, tokens: Sequence[int], role: Role | None = None, *, strict: bool = True
    ) -> list[Message]:
        """Parse a whole completion.

        Args:
            tokens: the ids.
            role: who speaks first, when the prompt has said so; None when the ids say it.
            strict: False takes a stop token inside a header for the message's end.

        Raises:
            HarmonyError: the ids are no messages (policy ``oracle`` alone).
            TypeError: `tokens` are no integers.
            OverflowError: an id is negative or has more than 32 bits.

        """
        known = None if role is None else str(role.value)
        return list(map(models().as_message, self._inner.parsed(list(tokens), known, strict)))

    def decode_utf8(self, tokens: Sequence[int]) -> str:
        """Decode ids to text.

        Raises:
            HarmonyError: an unknown id, or bytes that are no UTF-8.

        """
        return self._inner.decode_utf8(list(tokens))

    def encode(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = set(),
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[int]:
        """Encode text.

        Args:
            text: any text; lone surrogates become U+FFFD.
            allowed_special: special tokens whose text becomes their id, or ``"all"``.
            disallowed_special: texts that must not occur; ``"all"`` means each special token
                that is not allowed, ``()`` none.

        Raises:
            HarmonyError: a disallowed text occurs.

        """
        if allowed_special == "all":
            allowed_special = self.special_tokens_set
        if disallowed_special == "all":
            disallowed_special = self.special_tokens_set - set(allowed_special)
        if disallowed_special:
            found = _special_token_regex(frozenset(disallowed_special)).search(text)
            if found:
                raise_disallowed_special_token(found.group())
        try:
            return self._inner.encode(text, list(allowed_special))
        except UnicodeEncodeError:
            mended = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return self._inner.encode(mended, list(allowed_special))

    def decode(self, tokens: Sequence[int], errors: str = "replace") -> str:
        """Decode ids to text; `errors` as for ``bytes.decode``.

        Raises:
            HarmonyError: an unknown id.

        """
        return self._inner.decode_bytes(list(tokens)).decode("utf-8", errors=errors)

    def is_special_token(self, token: int) -> bool:
        """Return whether an id is that of a special token."""
        return self._inner.is_special_token(token)

    def stop_tokens(self) -> list[int]:
        """List the ids that end a message."""
        return self._inner.stop_tokens()

    def stop_tokens_for_assistant_actions(self) -> list[int]:
        """List the ids at which generation stops."""
        return self._inner.stop_tokens_for_assistant_actions()


def load_harmony_encoding(name: str | HarmonyEncodingName) -> HarmonyEncoding:
    """Load an encoding by name; there is one, ``HarmonyGptOss``.

    Raises:
        ValueError: any other name.
        HarmonyError: its vocabulary is unavailable.

    """
    return HarmonyEncoding(bindings.load_harmony_encoding(_as_name(name)))


def _as_name(name: object) -> str:
    return name if isinstance(name, str) else str(name)
