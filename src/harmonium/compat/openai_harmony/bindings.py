"""The names of the compiled module: arguments, results and errors, over this room's parts.

Few call it directly (it is ``openai_harmony.openai_harmony`` there), but the public classes are
thin over it and their ``_inner`` is one of its objects. JSON text goes in and comes out.
"""

from __future__ import annotations

import json
from typing import Any

from harmonium.compat.openai_harmony.arguments import (
    allowed_special_of,
    flag_of,
    option_of,
    optional_text_of,
    text_of,
    token_of,
    tokens_of,
)
from harmonium.compat.openai_harmony.builtin import tool_namespace_fields
from harmonium.compat.openai_harmony.failures import HarmonyError
from harmonium.compat.openai_harmony.fast_completion import read_at_sight
from harmonium.compat.openai_harmony.json_messages import conversation_from_json, message_from_json
from harmonium.compat.openai_harmony.process_settings import policy, profile
from harmonium.compat.openai_harmony.quirks import ROLES, Header
from harmonium.compat.openai_harmony.rendering import (
    options_of,
    render_conversation,
    render_message,
)
from harmonium.compat.openai_harmony.repaired_stream import RepairedStream
from harmonium.compat.openai_harmony.state_names import PyStreamState
from harmonium.compat.openai_harmony.stream import (
    FinishedMessage,
    OracleStream,
    Reading,
    Stream,
    decoded,
    unknown_token,
)
from harmonium.encoding import load_encoding
from harmonium.errors import UnknownTokenError, VocabularyError
from harmonium.parse import Parser
from harmonium.render import flat_message_of
from harmonium.render.prompt_cache import MESSAGES
from harmonium.tokens import Tokenizer

__all__ = [
    "HarmonyError",
    "PyHarmonyEncoding",
    "PyStreamState",
    "PyStreamableParser",
    "get_tool_namespace_config",
    "load_harmony_encoding",
]

_NAME = "HarmonyGptOss"


def load_harmony_encoding(name: str) -> PyHarmonyEncoding:
    """Load an encoding; there is one, ``HarmonyGptOss``.

    Raises:
        ValueError: any other name.
        HarmonyError: its vocabulary is unavailable.

    """
    return PyHarmonyEncoding(name)


def get_tool_namespace_config(tool: str) -> dict[str, Any]:
    """Return the built-in namespace ``browser`` or ``python`` as dicts.

    Raises:
        ValueError: any other name.

    """
    return tool_namespace_fields(text_of(tool, "tool"))


class PyHarmonyEncoding:
    """Render, parse, encode and decode; see `HarmonyEncoding`, which is thin over it."""

    __slots__ = ("_encoding", "_readings", "_tokenizer", "name")

    def __init__(self, name: str) -> None:
        if text_of(name, "name") != _NAME:
            message = f"Invalid HarmonyEncodingName: {name}"
            raise ValueError(message)
        self.name = _NAME
        self._encoding = load_encoding("o200k_harmony")
        self._tokenizer = self._encoding.tokenizer
        self._readings: dict[tuple[str | None, bool, bool], Reading] = {}
        try:
            self._tokenizer.vocabulary  # noqa: B018  (load it now: the library fails here too)
        except VocabularyError as error:
            message = f"error downloading or loading vocab file: {error}"
            raise HarmonyError(message) from error

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer beneath; harmonium's own."""
        return self._tokenizer

    def render(self, message_json: str, render_options: dict[str, Any] | None) -> list[int]:
        """Render one message from JSON."""
        text = text_of(message_json, "message_json")
        key = "conversation_has_function_tools"
        functions = option_of(render_options, key, "render_options", default=False)
        said = flat_message_of(message_from_json(text))
        return render_message(said, self._tokenizer, has_function_tools=functions)

    def render_conversation(
        self, conversation_json: str, config: dict[str, Any] | None
    ) -> list[int]:
        """Render a conversation from JSON."""
        text = text_of(conversation_json, "conversation_json")
        drop = _drops_analysis(config)
        said = conversation_from_json(text).messages
        options = options_of(drop_analysis=drop)
        return render_conversation(said, MESSAGES, self._tokenizer, options)

    def render_conversation_for_training(
        self, conversation_json: str, config: dict[str, Any] | None
    ) -> list[int]:
        """Render a conversation from JSON, for training."""
        text = text_of(conversation_json, "conversation_json")
        drop = _drops_analysis(config)
        said = conversation_from_json(text).messages
        options = options_of(training=True, drop_analysis=drop)
        return render_conversation(said, MESSAGES, self._tokenizer, options)

    def render_conversation_for_completion(
        self, conversation_json: str, next_turn_role: str, config: dict[str, Any] | None
    ) -> list[int]:
        """Render a conversation from JSON and the start of the next message."""
        text = text_of(conversation_json, "conversation_json")
        role = text_of(next_turn_role, "next_turn_role")
        drop = _drops_analysis(config)
        said = conversation_from_json(text).messages
        options = options_of(next_role=known_role(role), drop_analysis=drop)
        return render_conversation(said, MESSAGES, self._tokenizer, options)

    def parse_messages_from_completion_tokens(
        self,
        tokens: list[int],
        role: str | None,
        strict: bool | None,  # noqa: FBT001  (theirs)
    ) -> str:
        """Parse a whole completion and return its messages as JSON."""
        return _as_json([_message_fields(said) for said in self.parsed(tokens, role, strict)])

    def parsed(self, tokens: object, role: object, strict: object) -> list[FinishedMessage]:
        """Parse a whole completion, without JSON."""
        if policy() == "oracle" and isinstance(tokens, list):
            found = read_at_sight(self._reading(role, strict), tokens)
            if found is not None:
                return found
        ids = tokens_of(tokens)
        stream = self.stream(role, strict)
        for token in ids:
            stream.process(token)
        stream.close()
        return stream.messages.shown()

    def _reading(self, role: object, strict: object) -> Reading:
        known = known_role(optional_text_of(role, "role"))
        key = (known, flag_of(strict, "strict", default=True), profile() == "oss")
        if key not in self._readings:
            self._readings[key] = Reading(
                self._tokenizer.table,
                self._encoding.lexicon,
                self._encoding.format,
                self._tokenizer.encode_ordinary,
                *key,
            )
        return self._readings[key]

    def stream(self, role: object, strict: object) -> Stream:
        """Build the parser that the policy asks for."""
        if policy() == "oracle":
            return OracleStream(self._reading(role, strict))
        known = known_role(optional_text_of(role, "role"))
        flag_of(strict, "strict", default=True)
        return RepairedStream(self._make_parser, self._tokenizer.encode_ordinary, known)

    def _make_parser(self, role: str | None) -> Parser:
        return self._encoding.parser(role=role, policy="repair")

    def decode_utf8(self, tokens: list[int]) -> str:
        """Decode ids to text.

        Raises:
            HarmonyError: an unknown id, or bytes that are no UTF-8.

        """
        return decoded(self._tokenizer.table, tokens_of(tokens))

    def decode_bytes(self, tokens: list[int]) -> bytes:
        """Decode ids to bytes.

        Raises:
            HarmonyError: an unknown id.

        """
        ids = tokens_of(tokens)
        try:
            return self._tokenizer.table.join(ids)
        except UnknownTokenError as error:
            raise HarmonyError(unknown_token(error, ids)) from None

    def encode(self, text: str, allowed_special: list[str] | None) -> list[int]:
        """Encode text; special tokens only where allowed."""
        text_of(text, "text")
        known = self._tokenizer.special_tokens_set
        allowed = known.intersection(allowed_special_of(allowed_special))
        if not allowed:
            return self._tokenizer.encode_ordinary(text)
        return self._tokenizer.encode(text, allowed_special=allowed, disallowed_special=())

    def special_tokens(self) -> list[str]:
        """List the texts of the special tokens."""
        return list(self._tokenizer.special_tokens)

    def is_special_token(self, token: int) -> bool:
        """Return whether an id is that of a special token."""
        return self._tokenizer.is_special_token(token_of(token))

    def stop_tokens(self) -> list[int]:
        """List the ids that end a message."""
        return sorted(self._encoding.stop_tokens)

    def stop_tokens_for_assistant_actions(self) -> list[int]:
        """List the ids at which generation stops."""
        return sorted(self._encoding.stop_tokens_for_assistant_actions)


class PyStreamableParser:
    """Parse token by token; see `StreamableParser`, which is thin over it."""

    __slots__ = ("stream",)

    def __init__(
        self,
        encoding: PyHarmonyEncoding,
        role: str | None,
        strict: bool | None,  # noqa: FBT001  (theirs)
    ) -> None:
        if not isinstance(encoding, PyHarmonyEncoding):
            found = type(encoding).__name__
            message = (
                f"argument 'encoding': '{found}' object cannot be converted to 'PyHarmonyEncoding'"
            )
            raise TypeError(message)
        self.stream = encoding.stream(role, strict)

    def process(self, token: int) -> None:
        """Process the next token."""
        self.stream.process(token_of(token))

    def process_eos(self) -> None:
        """Process the end of the stream."""
        self.stream.close()

    @property
    def current_content(self) -> str:
        """The open message's text so far."""
        return self.stream.text

    @property
    def current_role(self) -> str | None:
        """The open message's role, or the one expected next."""
        header = self.stream.header
        return self.stream.next_role if header is None else header.role

    @property
    def current_content_type(self) -> str | None:
        """The open message's content type."""
        header = self.stream.header
        return None if header is None else header.content_type

    @property
    def current_recipient(self) -> str | None:
        """The open message's recipient."""
        header = self.stream.header
        return None if header is None else header.recipient

    @property
    def current_channel(self) -> str | None:
        """The open message's channel."""
        header = self.stream.header
        return None if header is None else header.channel

    @property
    def last_content_delta(self) -> str | None:
        """The text that the last token added."""
        return self.stream.delta

    @property
    def messages(self) -> str:
        """The finished messages, as JSON."""
        return _as_json([_message_fields(said) for said in self.stream.messages.shown()])

    @property
    def tokens(self) -> list[int]:
        """All tokens so far."""
        return self.stream.tokens.shown()

    @property
    def state(self) -> str:
        """The parser's state, as JSON."""
        return _as_json(state_fields(self.stream))


def state_fields(stream: Stream) -> dict[str, Any]:
    """Describe a parser's state."""
    if stream.state == "Header":
        return {"state": "Header", "header_tokens": stream.header_tokens.shown()}
    header = stream.header
    if stream.state == "ExpectStart" or header is None:
        return {"state": "ExpectStart"}
    return {
        "state": "Content",
        "header": {
            "author": _author_fields(header),
            "recipient": header.recipient,
            "channel": header.channel,
            "content_type": header.content_type,
        },
        "content_tokens": stream.content_tokens,
    }


def _author_fields(header: Header) -> dict[str, str]:
    if header.name is None:
        return {"role": header.role}
    return {"role": header.role, "name": header.name}


def _message_fields(said: FinishedMessage) -> dict[str, Any]:
    header = said.header
    fields: dict[str, str | None] = {
        **_author_fields(header),
        "recipient": header.recipient,
        "content": said.text,
        "channel": header.channel,
        "content_type": header.content_type,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _drops_analysis(config: object) -> bool:
    return option_of(config, "auto_drop_analysis", "config", default=True)


def known_role(role: str | None) -> str | None:
    if role is not None and role not in ROLES:
        message = f"unknown role: {role}"
        raise ValueError(message)
    return role
