"""The object most users need: an encoding that encodes, renders and parses.

It only puts the rooms together; what happens is theirs.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Literal

from harmonium.errors import InvalidInputError, Position, VocabularyError
from harmonium.model import Conversation, Message, Role, conversation_from_dict
from harmonium.parse import Lexicon, Parser, Policy, parse_messages
from harmonium.render import (
    History,
    Profile,
    RenderOptions,
    Segment,
    conversation_ids,
    conversation_segments,
)
from harmonium.tokens import FormatTokens, Tokenizer, load_tokenizer

Sayable = Conversation | Iterable[Message] | Mapping[str, object]
"""What can be rendered: a conversation, messages, or a conversation's JSON as parsed."""

_NONE: frozenset[str] = frozenset()


class Encoding:
    """Turn conversations into token ids and token ids into messages, in one vocabulary.

    Immutable, and safe to share between threads. Made by `load_encoding`. The encoder is built
    when text is first encoded: parsing and decoding start without it.

    Example:
        >>> import harmonium
        >>> encoding = harmonium.load_encoding()
        >>> chat = [harmonium.Message.user("hi")]
        >>> encoding.decode(encoding.render(chat, next_role="assistant"))
        '<|start|>user<|message|>hi<|end|><|start|>assistant'

    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._lexicon: Lexicon | None = None

    def __repr__(self) -> str:
        return f"<Encoding {self.name!r}>"

    @property
    def name(self) -> str:
        """The encoding's name, such as ``o200k_harmony``."""
        return self.tokenizer.name

    def __copy__(self) -> Encoding:
        """Return itself: it never changes."""
        return self

    def __deepcopy__(self, _: object) -> Encoding:
        """Return itself: it never changes."""
        return self

    def __reduce__(self) -> tuple[object, ...]:
        """Return what pickling needs: its name, by which the other process loads it."""
        return load_encoding, (self.name,)

    @property
    def format(self) -> FormatTokens:
        """Which token id plays which part of Harmony.

        Raises:
            VocabularyError: the encoding has no such tokens (code ``no_format_tokens``).

        """
        if self.tokenizer.format is None:
            message = f"encoding {self.name} has no Harmony tokens; use o200k_harmony"
            raise VocabularyError(message, code="no_format_tokens")
        return self.tokenizer.format

    @property
    def special_tokens(self) -> Mapping[str, int]:
        """Text of every special token -> its id."""
        return self.tokenizer.special_tokens

    @property
    def n_vocab(self) -> int:
        """One more than the largest id."""
        return self.tokenizer.n_vocab

    @property
    def stop_tokens(self) -> frozenset[int]:
        """The ids that end a message: ``<|return|>``, ``<|end|>``, ``<|call|>``."""
        return self.format.stop

    @property
    def stop_tokens_for_assistant_actions(self) -> frozenset[int]:
        """The ids an engine should stop at: ``<|return|>`` and ``<|call|>``."""
        return self.format.stop_for_assistant_actions

    def is_special_token(self, token: int) -> bool:
        """Return whether `token` is the id of a special token."""
        return self.tokenizer.is_special_token(token)

    def encode(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = _NONE,
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[int]:
        """Encode text; see `Tokenizer.encode`.

        Raises:
            SpecialTokenError: the text spells a special token that is not allowed.

        """
        return self.tokenizer.encode(
            text, allowed_special=allowed_special, disallowed_special=disallowed_special
        )

    def encode_ordinary(self, text: str) -> list[int]:
        """Encode text, with special tokens spelt in it as the plain text they are."""
        return self.tokenizer.encode_ordinary(text)

    def count(self, text: str) -> int:
        """Count the tokens of text, as `encode_ordinary` would give them."""
        return self.tokenizer.count(text)

    def decode(self, ids: Iterable[int], errors: str = "replace") -> str:
        """Decode ids to text, special tokens to their names.

        Raises:
            UnknownTokenError: an id the encoding does not have; ``position.token`` says where.

        """
        return self.tokenizer.decode(ids, errors)

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """Decode ids to bytes, exactly; errors as for `decode`."""
        return self.tokenizer.decode_bytes(ids)

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token; errors as for `decode`."""
        return self.tokenizer.token_bytes(token)

    def render(
        self,
        conversation: Sayable,
        next_role: Role | str | None = None,
        training: bool = False,  # noqa: FBT001, FBT002  (positional in the documented signature)
        profile: Profile | str = "guide",
        history: History = "per_turn",
    ) -> list[int]:
        """Render a conversation to token ids.

        Args:
            conversation: a Conversation, messages, or a conversation's parsed JSON.
            next_role: whose message is to be generated; ends the ids with ``<|start|>`` and it.
            training: end an assistant's last ``final`` message with ``<|return|>``. The default
                history leaves out the reasoning of a finished turn, also of the last one: give
                ``history="keep"`` to learn from it.
            profile: ``guide``, ``oss``, ``legacy``, ``vllm`` or a `Profile`.
            history: which past reasoning is dropped: ``per_turn``, ``library``, ``last`` or
                ``keep``.

        Raises:
            SchemaError: a tool's JSON Schema cannot be printed.
            InvalidInputError: an unknown profile, history or role, or no conversation.

        """
        try:
            options = _options(next_role, training, profile, history)
        except TypeError:  # what cannot be hashed is none of these; RenderOptions says so
            options = RenderOptions(next_role, training, profile, history)
        return conversation_ids(as_conversation(conversation), self.tokenizer, options)

    def render_segments(
        self,
        conversation: Sayable,
        next_role: Role | str | None = None,
        training: bool = False,  # noqa: FBT001, FBT002  (as `render`)
        profile: Profile | str = "guide",
        history: History = "per_turn",
    ) -> list[Segment]:
        """Return what `render` encodes: special tokens and texts, each with its origin."""
        options = RenderOptions(next_role, training, profile, history)
        return conversation_segments(as_conversation(conversation), options)

    def parser(
        self,
        role: Role | str | None = Role.ASSISTANT,
        policy: Policy = "repair",
        tools: Iterable[str] = (),
    ) -> Parser:
        """Build a parser for one stream of token ids; see `Parser`."""
        return Parser(self.lexicon, role=role, policy=policy, tools=tools)

    def parse(
        self,
        ids: Iterable[int],
        role: Role | str | None = Role.ASSISTANT,
        policy: Policy = "repair",
        tools: Iterable[str] = (),
    ) -> list[Message]:
        """Return the messages of a whole stream; the fold of what `parser` would say of it.

        Raises:
            ParseError: policy ``strict`` and the ids deviate from Harmony.
            InvalidInputError: something in `ids` is no integer.

        """
        return parse_messages(self.lexicon, ids, role=role, policy=policy, tools=tools)

    @property
    def lexicon(self) -> Lexicon:
        """The encoding as parsers see it; made when first needed."""
        if self._lexicon is None:
            tokenizer = self.tokenizer
            self._lexicon = Lexicon(tokenizer.table, tokenizer.special_tokens, self.format)
        return self._lexicon


_options = functools.lru_cache(maxsize=64)(RenderOptions)
"""How servers render does not change; checking it takes as long as rendering a short text."""


def as_conversation(said: object) -> Conversation:
    """Return a conversation for whatever can stand for one.

    Args:
        said: a Conversation, an iterable of messages, parsed JSON in either form, or an object
            whose ``to_dict()`` gives such JSON (openai_harmony's conversations).

    Raises:
        InvalidInputError: it is none of these.

    """
    if isinstance(said, Conversation):
        return said
    if type(said) is list and set(map(type, said)) == {Message}:
        return Conversation(said)
    if hasattr(said, "to_dict"):
        said = said.to_dict()
    if isinstance(said, Mapping):
        return conversation_from_dict(said)
    if isinstance(said, Iterable) and not isinstance(said, str | bytes):
        items = list(said)
        if all(isinstance(item, Mapping) for item in items):
            return conversation_from_dict(items)
        return Conversation(tuple(items))
    message = f"a conversation is needed, not {type(said).__name__}"
    raise InvalidInputError(message, position=Position(path="conversation"))


_encodings: dict[Tokenizer, Encoding] = {}
_lock = threading.Lock()


def load_encoding(name: str = "o200k_harmony") -> Encoding:
    """Return the encoding of that name; the same object every time.

    Args:
        name: ``o200k_harmony`` (bundled), or another that is registered.

    Raises:
        VocabularyError: no encoding has that name (code ``unknown_encoding``), or its vocabulary
            is unavailable.

    Example:
        >>> load_encoding().count("hello world")
        2

    """
    tokenizer = load_tokenizer(name)
    with _lock:
        return _encodings.setdefault(tokenizer, Encoding(tokenizer))
