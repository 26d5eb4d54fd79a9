"""The encodings by name: the built-in ones and those a user registers."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType

from harmonium.errors import InvalidInputError, VocabularyError
from harmonium.tokens.sources import PUBLIC_VOCABULARIES, load_file, load_public
from harmonium.tokens.special import HARMONY_FORMAT, SPECIAL_TOKENS, FormatTokens
from harmonium.tokens.split_pattern import CL100K_PATTERN, O200K_PATTERN
from harmonium.tokens.tokenizer import Tokenizer
from harmonium.tokens.vocabulary import ListedVocabulary, Vocabulary

_MAX_ID = 2**32 - 2


@dataclass(frozen=True, slots=True)
class EncodingSpec:
    """Describe an encoding: where its tokens come from, how text is split, what is special.

    Args:
        name: the name it is asked for by.
        vocabulary: the name of a public vocabulary (``o200k_base``, ``cl100k_base``), or the path
            of a ``.tiktoken`` file, or the ranks themselves (token bytes -> rank). All 256 single
            bytes must be there; ranks need not be contiguous.
        pattern: the regular expression that splits text into pieces, as tiktoken takes it.
        special_tokens: text of each special token -> its id.
        format: which of them play the parts of Harmony; None when the encoding is not for Harmony.
        sha256: digest of the file, when `vocabulary` is a path; None leaves it unchecked.

    Raises:
        InvalidInputError: a part has the wrong type, a special token is empty or its id no u32 or
            used twice, or `format` names an id that is no special token (``invalid_encoding``).

    Example:
        >>> ranks = {bytes([value]): value for value in range(256)}
        >>> EncodingSpec("bytes", ranks, r"(?s).", {"<|end|>": 256}).special_tokens["<|end|>"]
        256

    """

    name: str
    vocabulary: str | os.PathLike[str] | Mapping[bytes, int] = field(repr=False)
    pattern: str = field(repr=False)
    special_tokens: Mapping[str, int] = field(default_factory=dict, repr=False)
    format: FormatTokens | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        for fault in self._faults():
            message = f"this encoding cannot be used: {fault}"
            raise InvalidInputError(message, code="invalid_encoding")
        object.__setattr__(self, "special_tokens", MappingProxyType(dict(self.special_tokens)))

    def _faults(self) -> Iterator[str]:
        """Yield what is wrong; later checks rely on the earlier ones."""
        vocabulary: object = self.vocabulary
        if not _is_text(self.name):
            yield "its name must be a string and not empty"
        if not isinstance(vocabulary, os.PathLike | Mapping) and not _is_text(vocabulary):
            yield "its vocabulary must be a public name, a path, or a mapping of bytes to ranks"
        if not _is_text(self.pattern):
            yield "its pattern must be a regular expression and not empty"
        special: object = self.special_tokens
        if not isinstance(special, Mapping) or not all(map(_is_text, special)):
            yield "its special tokens must be a mapping of texts, not empty, to ids"
        ids = list(self.special_tokens.values())
        if not all(type(token) is int and 0 <= token <= _MAX_ID for token in ids):
            yield f"every special token's id must be an integer from 0 to {_MAX_ID}"
        if len(set(ids)) != len(ids):
            yield "two special tokens have the same id"
        if self.format is not None:
            yield from _format_faults(self.format, frozenset(ids))

    def load_vocabulary(self) -> Vocabulary:
        """Load the ordinary tokens.

        Raises:
            VocabularyError: they are unavailable, or share an id with a special token.

        """
        if isinstance(self.vocabulary, Mapping):
            vocabulary: Vocabulary = ListedVocabulary(self.vocabulary)
        elif self.vocabulary in PUBLIC_VOCABULARIES:
            vocabulary = load_public(str(self.vocabulary))
        else:
            vocabulary = load_file(self.vocabulary, self.sha256)
        shared = [token for token in self.special_tokens.values() if vocabulary.find(token)]
        if shared:
            message = (
                f"encoding {self.name!a}: id {shared[0]} is an ordinary and a special token; "
                "give the special token an id of its own"
            )
            raise VocabularyError(message, code="vocabulary_corrupt")
        return vocabulary


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _format_faults(tokens: object, ids: frozenset[int]) -> Iterator[str]:
    if not isinstance(tokens, FormatTokens):
        yield "its format must be a FormatTokens or None"
    parts = {part.name: getattr(tokens, part.name) for part in fields(FormatTokens)}
    strangers = [name for name, token in parts.items() if token not in ids]
    if strangers:
        yield f"its format names ids that are no special tokens, for {', '.join(strangers)}"
    if len(set(parts.values())) != len(parts):
        yield "its format uses one id for two parts"


_BUILT_IN = (
    EncodingSpec("o200k_harmony", "o200k_base", O200K_PATTERN, SPECIAL_TOKENS, HARMONY_FORMAT),
    EncodingSpec(
        "o200k_base",
        "o200k_base",
        O200K_PATTERN,
        {"<|endoftext|>": 199_999, "<|endofprompt|>": 200_018},
    ),
    EncodingSpec(
        "cl100k_base",
        "cl100k_base",
        CL100K_PATTERN,
        {
            "<|endoftext|>": 100_257,
            "<|fim_prefix|>": 100_258,
            "<|fim_middle|>": 100_259,
            "<|fim_suffix|>": 100_260,
            "<|endofprompt|>": 100_276,
        },
    ),
)
_ALIASES = {"HarmonyGptOss": "o200k_harmony"}

_lock = threading.Lock()
_specs: dict[str, EncodingSpec] = {spec.name: spec for spec in _BUILT_IN}
_tokenizers: dict[str, Tokenizer] = {}


def encoding_names() -> list[str]:
    """List the encodings that `load_tokenizer` knows.

    Example:
        >>> "o200k_harmony" in encoding_names()
        True

    """
    with _lock:
        return sorted(_specs)


def register_encoding(spec: EncodingSpec) -> None:
    """Add an encoding of your own, for `load_tokenizer`.

    Registering an equal spec again changes nothing.

    Raises:
        InvalidInputError: `spec` is no EncodingSpec (``invalid_encoding``), or another encoding
            has that name (``encoding_exists``).

    """
    if not isinstance(spec, EncodingSpec):
        message = f"an encoding must be an EncodingSpec, not {type(spec).__name__}"
        raise InvalidInputError(message, code="invalid_encoding")
    with _lock:
        known = _specs.get(_ALIASES.get(spec.name, spec.name))
        if known is not None and known != spec:
            message = f"another encoding is called {spec.name!a}; choose another name"
            raise InvalidInputError(message, code="encoding_exists")
        _specs[spec.name] = spec


def load_tokenizer(name: str = "o200k_harmony") -> Tokenizer:
    """Return the tokenizer of an encoding, always the same object for the same name.

    Nothing is read until the tokenizer is used: bytes of tokens need the vocabulary, text needs
    the encoder too.

    Args:
        name: one of `encoding_names`; ``HarmonyGptOss`` means ``o200k_harmony``.

    Raises:
        VocabularyError: there is no such encoding (``unknown_encoding``).

    Example:
        >>> load_tokenizer("o200k_harmony").count("hello world")
        2

    """
    asked = str(name)
    found = _tokenizers.get(asked)
    if found is not None:
        return found
    with _lock:
        spec = _specs.get(_ALIASES.get(asked, asked))
        if spec is None:
            message = f"there is no such encoding; known are {', '.join(sorted(_specs))}"
            raise VocabularyError(message, code="unknown_encoding")
        if spec.name not in _tokenizers:
            _tokenizers[spec.name] = Tokenizer(
                spec.name,
                pattern=spec.pattern,
                special_tokens=spec.special_tokens,
                load_vocabulary=spec.load_vocabulary,
                format=spec.format,
            )
        return _tokenizers.setdefault(asked, _tokenizers[spec.name])
