"""Encoding and decoding in one encoding. Knows nothing of names, files or messages.

The byte-pair merging is tiktoken's. Its encoder is built when text is first encoded, so that
parsing and decoding never pay for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from harmonium.errors import InvalidInputError, UnknownTokenError, VocabularyError
from harmonium.tokens.id_cache import IdCache
from harmonium.tokens.special import FormatTokens
from harmonium.tokens.special_text import finder_of, refuse_special_text
from harmonium.tokens.split_pattern import LONG_TEXT, O200K_PATTERN, safe_pattern
from harmonium.tokens.table import TokenTable
from harmonium.tokens.vocabulary import PackedVocabulary, Vocabulary

if TYPE_CHECKING:
    import tiktoken

_NONE: frozenset[str] = frozenset()


class Tokenizer:
    """Turn text into token ids and back, as tiktoken does, on any text.

    Immutable, and safe to share between threads. Made by `load_tokenizer`.

    Args:
        name: the encoding's name.
        pattern: how text is split into pieces before merging.
        special_tokens: text of each special token -> its id.
        load_vocabulary: gives the ordinary tokens; called at most once, when first needed.
        format: which special token plays which part of Harmony; None when the encoding has none.

    Example:
        >>> from harmonium.tokens import load_tokenizer
        >>> tokenizer = load_tokenizer("o200k_harmony")
        >>> tokenizer.encode("hello world")
        [24912, 2375]
        >>> tokenizer.decode([24912, 2375])
        'hello world'

    """

    def __init__(
        self,
        name: str,
        *,
        pattern: str,
        special_tokens: Mapping[str, int],
        load_vocabulary: Callable[[], Vocabulary],
        format: FormatTokens | None = None,  # noqa: A002  (the word of the domain)
    ) -> None:
        self.name = name
        self.format = format
        self.special_tokens: Mapping[str, int] = MappingProxyType(dict(special_tokens))
        self.special_tokens_set = frozenset(self.special_tokens)
        self._special_ids = frozenset(self.special_tokens.values())
        self._pattern = pattern
        self._load_vocabulary = load_vocabulary
        self._lock = threading.RLock()
        self._vocabulary: Vocabulary | None = None
        self._table: TokenTable | None = None
        self._encoder: tiktoken.Encoding | None = None
        self.cache = IdCache()

    def __repr__(self) -> str:
        return f"<Tokenizer {self.name!r}>"

    # ---- what there is

    @property
    def vocabulary(self) -> Vocabulary:
        """The ordinary tokens, loaded at the first use.

        Raises:
            VocabularyError: the vocabulary is unavailable.

        """
        with self._lock:
            if self._vocabulary is None:
                self._vocabulary = self._load_vocabulary()
            return self._vocabulary

    @property
    def table(self) -> TokenTable:
        """The way from ids to bytes: all that parsing needs, without the encoder.

        Raises:
            VocabularyError: the vocabulary is unavailable.

        """
        if self._table is None:
            with self._lock:
                if self._table is None:
                    self._table = TokenTable(self.vocabulary, self.special_tokens)
        return self._table

    @property
    def max_token_value(self) -> int:
        """The largest id of all tokens, special ones included."""
        return max(self.vocabulary.max_rank, *self._special_ids, 0)

    @property
    def n_vocab(self) -> int:
        """One more than the largest id; ids below it may be unused."""
        return self.max_token_value + 1

    def is_special_token(self, token: int) -> bool:
        """Return whether the id is that of a special token.

        Raises:
            InvalidInputError: `token` is no integer.

        """
        if type(token) is not int and (isinstance(token, bool) or not hasattr(token, "__index__")):
            message = f"a token id must be an integer, not {type(token).__name__}"
            raise InvalidInputError(message)
        return token in self._special_ids

    # ---- text to ids

    def encode(
        self,
        text: str,
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = _NONE,
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[int]:
        """Encode text, special tokens by explicit leave only.

        Lone surrogates become U+FFFD, surrogate pairs the character they stand for.

        Args:
            text: any text.
            allowed_special: the special tokens whose text becomes their id, or ``"all"``.
            disallowed_special: the texts that must not occur; ``"all"`` means every special token
                that is not allowed, ``()`` lets them pass as plain text.

        Raises:
            SpecialTokenError: a disallowed text occurs (``disallowed_special``).
            InvalidInputError: `text` is no string.

        Source: the rules of ``tiktoken.Encoding.encode``.

        """
        _check_text(text)
        all_special = self.special_tokens_set
        allowed = all_special if allowed_special == "all" else _as_set(allowed_special)
        if disallowed_special == "all":
            refuse_special_text(text, all_special - allowed if allowed else all_special)
        else:
            refuse_special_text(text, _as_set(disallowed_special))
        if not allowed:
            return self._encode_plain(text)
        found: list[int] = []
        for plain, special in finder_of(allowed & all_special).cut(text):
            found += self._encode_plain(plain)
            if special:
                found.append(self.special_tokens[special])
        return found

    def encode_ordinary(self, text: str) -> list[int]:
        """Encode text, all of it as plain text: no special id can come out.

        Raises:
            InvalidInputError: `text` is no string.

        Example:
            >>> from harmonium.tokens import load_tokenizer
            >>> load_tokenizer("o200k_harmony").encode_ordinary("<|end|>")
            [27, 91, 419, 91, 29]

        """
        _check_text(text)
        return self._encode_plain(text)

    def encode_batch(
        self,
        texts: Iterable[str],
        *,
        allowed_special: Literal["all"] | AbstractSet[str] = _NONE,
        disallowed_special: Literal["all"] | Collection[str] = "all",
    ) -> list[list[int]]:
        """Encode many texts, each as `encode` does."""
        return [
            self.encode(
                text, allowed_special=allowed_special, disallowed_special=disallowed_special
            )
            for text in texts
        ]

    def count(self, text: str) -> int:
        """Count the tokens of text, all of it taken as plain text.

        Raises:
            InvalidInputError: `text` is no string.

        """
        return len(self.encode_ordinary(text))

    def encode_single_token(self, text_or_bytes: str | bytes) -> int:
        """Return the id of the one token that is exactly this, special tokens included.

        Raises:
            UnknownTokenError: no token is.
            InvalidInputError: it is neither text nor bytes.

        """
        if isinstance(text_or_bytes, str):
            special = self.special_tokens.get(text_or_bytes)
            if special is not None:
                return special
            wanted = text_or_bytes.encode("utf-8", "surrogatepass")
        elif isinstance(text_or_bytes, bytes):
            wanted = text_or_bytes
        else:
            _check_text(text_or_bytes)
        try:
            return self._ready_encoder().encode_single_token(wanted)
        except KeyError:
            message = f"these {len(wanted)} bytes are no single token; use encode for longer text"
            raise UnknownTokenError(message) from None

    # ---- ids to text

    def decode(self, tokens: Iterable[int], errors: str = "replace") -> str:
        """Decode ids to text, special tokens as their text.

        Args:
            tokens: the ids.
            errors: what to do with bytes that are no UTF-8, as in ``bytes.decode``.

        Raises:
            UnknownTokenError: an id is not in the encoding; the position tells which.
            InvalidInputError: `tokens` is no sequence of ids.
            UnicodeDecodeError: with ``errors="strict"``, when the bytes are no UTF-8.

        """
        return self.table.join(tokens).decode("utf-8", errors)

    def decode_bytes(self, tokens: Iterable[int]) -> bytes:
        """Decode ids to bytes; see `decode`."""
        return self.table.join(tokens)

    def decode_batch(self, batch: Iterable[Iterable[int]], errors: str = "replace") -> list[str]:
        """Decode many sequences of ids, each as `decode` does."""
        return [self.decode(tokens, errors) for tokens in batch]

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of one token.

        Raises:
            UnknownTokenError: the id is not in the encoding.

        """
        return self.table.join((token,))

    # ---- the encoder (the one seam where another one could stand)

    def _encode_plain(self, text: str) -> list[int]:
        encoder = self._encoder or self._ready_encoder()
        try:
            if len(text) <= LONG_TEXT or not self._splits_as_o200k:
                return encoder.encode_ordinary(text)
            return self._encode_long(text, encoder)
        except BaseException as error:
            _explain(error)
            raise

    def _encode_long(self, text: str, encoder: tiktoken.Encoding) -> list[int]:
        from harmonium.tokens.long_text import LongTextEncoder  # noqa: PLC0415  (compiles patterns)

        merge = getattr(encoder, "_encode_single_piece", None)  # tiktoken shows it nowhere else
        if merge is None:
            return encoder.encode_ordinary(text)
        by_pieces = LongTextEncoder(encoder.encode_ordinary, merge, self.table.join)
        return by_pieces.encode(_whole_characters(text))

    @property
    def _splits_as_o200k(self) -> bool:
        """Return whether `LongTextEncoder` may be used: its pattern, and only short tokens."""
        return self._pattern == O200K_PATTERN and isinstance(self.vocabulary, PackedVocabulary)

    def _ready_encoder(self) -> tiktoken.Encoding:
        if self._encoder is None:
            with self._lock:
                if self._encoder is None:
                    self._encoder = self._build_encoder()
        return self._encoder

    def _build_encoder(self) -> tiktoken.Encoding:
        import tiktoken  # noqa: PLC0415  (parsing must not load it)

        try:
            return tiktoken.Encoding(
                self.name,
                pat_str=safe_pattern(self._pattern),
                mergeable_ranks=self.vocabulary.ranks(),
                special_tokens=dict(self.special_tokens),
            )
        except ValueError as error:
            message = f"encoding {self.name!a}: tiktoken refuses its pattern or tokens: {error}"
            raise VocabularyError(message, code="vocabulary_corrupt") from error


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        message = f"text must be a string, not {type(text).__name__}"
        raise InvalidInputError(message)


def _as_set(texts: object) -> frozenset[str]:
    if isinstance(texts, str) or not isinstance(texts, Collection):
        message = "allowed_special and disallowed_special take a set of strings, or 'all'"
        raise InvalidInputError(message)
    return frozenset(texts)


def _whole_characters(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, as tiktoken does."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _explain(error: BaseException) -> None:
    """Turn a panic of the Rust core, which is no Exception, into an error of ours."""
    if type(error).__name__ == "PanicException":
        message = "tiktoken cannot encode this text; split it into shorter ones"
        raise InvalidInputError(message, code="unencodable_text") from error
