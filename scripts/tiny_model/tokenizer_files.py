"""Our tokenizer as files that transformers, vLLM and llama.cpp's converter read.

The vocabulary is the package's own. Byte-pair encoding by ranks, as tiktoken does it, and by
merges, as `tokenizers` does it, give the same ids when each token is merged from the two parts
that ranks below its own leave of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from harmonium.tokens import SPECIAL_TOKENS
from harmonium.tokens.bundle import load_bundled
from harmonium.tokens.split_pattern import O200K_PATTERN
from scripts.tiny_model.shape import VOCABULARY

_PRINTABLE = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
END_OF_PROMPT = {"<|endofprompt|>": 200_018}
"""The one name that the published tokenizer gives where the format has a reserved token."""


def byte_letters() -> list[str]:
    """Return the letter that stands for each byte: itself where it can be seen, else one past 255.

    Source: the byte-level alphabet of GPT-2, which the ``ByteLevel`` step of tokenizers uses.
    """
    unseen = iter(range(0x100, 0x200))
    return [chr(byte if byte in _PRINTABLE else next(unseen)) for byte in range(256)]


def parts_below(token: bytes, ranks: dict[bytes, int]) -> tuple[bytes, bytes] | None:
    """Return the two parts a token is merged from; None for one that is never made by merging."""
    parts = [token[at : at + 1] for at in range(len(token))]
    limit = ranks[token]
    while len(parts) > 2:  # noqa: PLR2004  (a merge has two sides)
        pairs = [ranks.get(a + b, limit) for a, b in pairwise(parts)]
        best = min(range(len(pairs)), key=pairs.__getitem__)
        if pairs[best] >= limit:
            return None
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return (parts[0], parts[1]) if len(parts) == 2 else None  # noqa: PLR2004


def tokenizer_json() -> dict[str, Any]:
    """Return ``tokenizer.json``: the vocabulary, its merges, the pattern, the special tokens."""
    ranks = load_bundled("o200k_base").ranks()
    letters = byte_letters()

    def spell(token: bytes) -> str:
        return "".join(letters[byte] for byte in token)

    merges = (parts_below(token, ranks) for token in ranks)
    cut = {"type": "Split", "pattern": {"Regex": O200K_PATTERN}, "behavior": "Isolated"}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added(text, token) for text, token in special_tokens()],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [cut | {"invert": False}, _byte_level(trim_offsets=False)],
        },
        "post_processor": _byte_level(trim_offsets=False),
        "decoder": _byte_level(trim_offsets=True),
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": True,
            "vocab": {spell(token): rank for token, rank in ranks.items()},
            "merges": [[spell(left), spell(right)] for left, right in filter(None, merges)],
        },
    }


def special_tokens() -> Iterator[tuple[str, int]]:
    """Return each special token's text and id, up to the last that the model has a row for."""
    renamed = {token: text for text, token in END_OF_PROMPT.items()}
    for text, token in SPECIAL_TOKENS.items():
        if token < VOCABULARY:
            yield renamed.get(token, text), token


def _added(text: str, token: int) -> dict[str, Any]:
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"id": token, "content": text, **plain, "special": True}


def _byte_level(*, trim_offsets: bool) -> dict[str, Any]:
    return {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": trim_offsets,
        "use_regex": False,
    }


def write_tokenizer(folder: Path) -> None:
    """Write ``tokenizer.json`` and ``tokenizer_config.json`` into a model's folder."""
    text = json.dumps(tokenizer_json(), ensure_ascii=False, separators=(",", ":"))
    (folder / "tokenizer.json").write_text(text, "utf-8")
    about = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": "<|startoftext|>",
        "eos_token": "<|return|>",
        "pad_token": "<|endoftext|>",
        "clean_up_tokenization_spaces": False,
        "model_max_length": 131_072,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(about, indent=1), "utf-8")
