"""Where vocabularies come from: the package, folders named by the environment, a cache.

The only file of this room that reads the environment:

``TIKTOKEN_ENCODINGS_BASE``
    A folder with ``o200k_base.tiktoken`` and the like. It is asked first. It must exist; a file
    that is not in it is looked for in the next places.
``TIKTOKEN_RS_CACHE_DIR``
    A cache in the form openai-harmony keeps: the file is named by the SHA-1 of its URL. Missing
    files, or a missing folder, are normal for a cache.
``XDG_CACHE_HOME``
    Holds harmonium's own cache, ``harmonium/o200k_base.tiktoken``; ``~/.cache`` when unset.

Then comes the package, which bundles o200k_base. An empty variable counts as unset. Every file
found is held against the published digest, and one that differs is an error: it is never skipped,
replaced or deleted. Since only identical bytes pass, it cannot matter to the tokens which place
answers; the variables decide whether a wrong file is noticed.
(Source: both oracles ask ``TIKTOKEN_ENCODINGS_BASE`` first and fail on a file missing there,
openai-harmony reads ``TIKTOKEN_RS_CACHE_DIR`` and deletes wrong files, oss-harmony ignores it.)
"""

from __future__ import annotations

import hashlib
import os
from typing import NamedTuple

from harmonium.errors import VocabularyError
from harmonium.tokens.bundle import BUNDLED, load_bundled
from harmonium.tokens.files import read_file
from harmonium.tokens.vocabulary import ListedVocabulary, Vocabulary, read_tiktoken

PUBLIC_LOCATION = "https://openaipublic.blob.core.windows.net/encodings/"


class PublicVocabulary(NamedTuple):
    """A vocabulary that OpenAI publishes: its name and the digest of its file."""

    name: str
    sha256: str

    @property
    def file_name(self) -> str:
        """The name of the file as published."""
        return f"{self.name}.tiktoken"

    @property
    def cache_name(self) -> str:
        """The name of the file in a cache of openai-harmony."""
        url = PUBLIC_LOCATION + self.file_name
        return hashlib.sha1(url.encode(), usedforsecurity=False).hexdigest()


PUBLIC_VOCABULARIES = {
    vocabulary.name: vocabulary
    for vocabulary in (
        PublicVocabulary("o200k_base", BUNDLED["o200k_base"].source_sha256),
        PublicVocabulary(
            "cl100k_base", "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
        ),
    )
}


def own_cache_folder() -> str:
    """Return the folder where harmonium keeps downloads when none is named."""
    root = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser(os.path.join("~", ".cache"))  # noqa: PTH111, PTH118  (pathlib is costly to import)
    return os.path.join(root, "harmonium")  # noqa: PTH118


def load_public(name: str) -> Vocabulary:
    """Load a published vocabulary from the first place that has it.

    Args:
        name: a key of `PUBLIC_VOCABULARIES`.

    Raises:
        VocabularyError: no place has it (``vocabulary_missing``), or the file found there cannot
            be read (``vocabulary_missing``) or has other content (``vocabulary_digest``).

    """
    public = PUBLIC_VOCABULARIES[name]
    path = _find(public)
    if path is None and name not in BUNDLED:
        message = (
            f"the vocabulary {name} is not bundled and was found nowhere; put {public.file_name} "
            "into a folder and name that in TIKTOKEN_ENCODINGS_BASE, or call "
            f"harmonium.tokens.download_vocabulary({name!r}) once"
        )
        raise VocabularyError(message, code="vocabulary_missing")
    content = None if path is None else _read_checked(path, public.sha256)
    if content is None or name in BUNDLED:
        return load_bundled(name)  # the same tokens, and ten times faster to load
    return ListedVocabulary(read_tiktoken(content))


def place_of(name: str) -> str | None:
    """Return the file a published vocabulary would be read from, or None.

    Args:
        name: a key of `PUBLIC_VOCABULARIES`. For a bundled one None means the bundled copy.

    Raises:
        VocabularyError: ``TIKTOKEN_ENCODINGS_BASE`` names no folder.

    """
    return _find(PUBLIC_VOCABULARIES[name])


def load_file(path: str | os.PathLike[str], sha256: str | None) -> Vocabulary:
    """Load a user's own ``.tiktoken`` file.

    Raises:
        VocabularyError: it cannot be read (``vocabulary_missing``), its digest is not `sha256`
            (``vocabulary_digest``), or it is no vocabulary (``vocabulary_corrupt``).

    """
    content = read_file(path) if sha256 is None else _read_checked(path, sha256)
    try:
        return ListedVocabulary(read_tiktoken(content))
    except VocabularyError as error:
        message = f"vocabulary file {os.fspath(path)!r}: {error.message}"
        raise VocabularyError(message, code=error.code) from None


def check_digest(content: bytes, sha256: str, where: str) -> None:
    """Raise unless `content` has that digest.

    Raises:
        VocabularyError: it has another (``vocabulary_digest``).

    """
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        message = (
            f"{where} is not the expected vocabulary: {len(content)} bytes with sha256 {found}, "
            f"expected {sha256}; replace or remove it"
        )
        raise VocabularyError(message, code="vocabulary_digest")


def _find(public: PublicVocabulary) -> str | None:
    base = os.environ.get("TIKTOKEN_ENCODINGS_BASE")
    if base and not os.path.isdir(base):  # noqa: PTH112
        message = f"TIKTOKEN_ENCODINGS_BASE names no folder: {base!r}; correct or unset it"
        raise VocabularyError(message, code="vocabulary_missing")
    cache = os.environ.get("TIKTOKEN_RS_CACHE_DIR")
    places = (
        base and os.path.join(base, public.file_name),  # noqa: PTH118
        cache and os.path.join(cache, public.cache_name),  # noqa: PTH118
        public.name not in BUNDLED and os.path.join(own_cache_folder(), public.file_name),  # noqa: PTH118
    )
    return next((place for place in places if place and os.path.lexists(place)), None)


def _read_checked(path: str | os.PathLike[str], sha256: str) -> bytes:
    content = read_file(path)
    check_digest(content, sha256, f"vocabulary file {os.fspath(path)!r}")
    return content
