"""The vocabulary inside the package: load it, check it, export it in the public form."""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

from harmonium.errors import VocabularyError
from harmonium.tokens.files import read_file, write_file
from harmonium.tokens.vocabulary import PackedVocabulary, unpack, write_tiktoken


class Bundled(NamedTuple):
    """Digests of a bundled vocabulary: of our packed file, and of the public one it stands for."""

    packed_sha256: str
    source_sha256: str


BUNDLED = {
    "o200k_base": Bundled(
        packed_sha256="7cd07624a68fbd61dfe20bafcb6a391a9d24056f87ceb118c4f215484e3fd266",
        source_sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    )
}


def bundle_path(name: str) -> str:
    """Return the path of the packed file of a bundled vocabulary."""
    return os.path.join(os.path.dirname(__file__), "data", f"{name}.vocabulary")  # noqa: PTH118, PTH120  (pathlib costs more to import than the rest of this package)


def load_bundled(name: str) -> PackedVocabulary:
    """Load a vocabulary of the package, its digest checked.

    Raises:
        VocabularyError: the installed file is missing or damaged.

    """
    path = bundle_path(name)
    packed = read_file(path)
    if hashlib.sha256(packed).hexdigest() != BUNDLED[name].packed_sha256:
        message = f"{path} is damaged: its digest is not the released one; reinstall harmonium"
        raise VocabularyError(message, code="vocabulary_digest")
    return unpack(packed)


def export_vocabulary(path: str | os.PathLike[str], name: str = "o200k_base") -> None:
    """Write a bundled vocabulary in its public form, byte for byte the published file.

    For other libraries that read ``.tiktoken`` files, such as openai_harmony through the folder
    in ``TIKTOKEN_ENCODINGS_BASE``. The file appears whole or not at all.

    Args:
        path: the file to write; an existing one is replaced.
        name: which vocabulary; ``o200k_base`` is the one bundled.

    Raises:
        VocabularyError: there is no such vocabulary in the package, or the package is damaged.
        OSError: the file cannot be written.

    """
    if name not in BUNDLED:
        message = f"no vocabulary of that name is bundled; there is {', '.join(BUNDLED)}"
        raise VocabularyError(message, code="unknown_encoding")
    text = write_tiktoken(load_bundled(name))
    if hashlib.sha256(text).hexdigest() != BUNDLED[name].source_sha256:
        message = f"the bundled {name} does not give the published file; reinstall harmonium"
        raise VocabularyError(message, code="vocabulary_digest")
    write_file(path, text)
