"""What it is written in: special tokens, the bundled vocabulary, encodings and their registry."""

from harmonium.tokens.bundle import BUNDLED, export_vocabulary
from harmonium.tokens.download import download_vocabulary
from harmonium.tokens.id_cache import IdCache, Ids, PromptKey
from harmonium.tokens.registry import (
    EncodingSpec,
    encoding_names,
    load_tokenizer,
    register_encoding,
)
from harmonium.tokens.sources import PUBLIC_VOCABULARIES, place_of
from harmonium.tokens.special import HARMONY_FORMAT, SPECIAL_TOKENS, FormatTokens
from harmonium.tokens.table import TokenTable
from harmonium.tokens.tokenizer import Tokenizer

__all__ = [
    "BUNDLED",
    "HARMONY_FORMAT",
    "PUBLIC_VOCABULARIES",
    "SPECIAL_TOKENS",
    "EncodingSpec",
    "FormatTokens",
    "IdCache",
    "Ids",
    "PromptKey",
    "TokenTable",
    "Tokenizer",
    "download_vocabulary",
    "encoding_names",
    "export_vocabulary",
    "load_tokenizer",
    "place_of",
    "register_encoding",
]
