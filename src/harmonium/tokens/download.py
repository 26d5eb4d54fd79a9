"""Download of a public vocabulary, only when called by name.

The only file of this room that opens a connection.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harmonium.errors import InvalidInputError, VocabularyError
from harmonium.limits import DEFAULT_LIMITS
from harmonium.tokens.files import write_file
from harmonium.tokens.sources import (
    PUBLIC_LOCATION,
    PUBLIC_VOCABULARIES,
    check_digest,
    own_cache_folder,
)

if TYPE_CHECKING:
    from http.client import HTTPResponse

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_CHUNK = 1 << 16


def download_vocabulary(
    name: str,
    folder: str | os.PathLike[str] | None = None,
    *,
    location: str = PUBLIC_LOCATION,
    timeout: float = 30.0,
) -> str:
    """Fetch a public vocabulary, check its digest, and write it as ``{name}.tiktoken``.

    The file appears whole or not at all.

    Args:
        name: ``o200k_base`` or ``cl100k_base``.
        folder: where to write it, made when missing; name it in ``TIKTOKEN_ENCODINGS_BASE`` to
            have it found. Without one it goes to harmonium's cache, where it is found by itself.
        location: the URL it lies under, ending in a slash; https, or http on this machine.
        timeout: seconds without an answer after which to give up.

    Returns:
        The path of the file.

    Raises:
        VocabularyError: the name is not public (``unknown_encoding``), the server did not give
            the file (``vocabulary_download``), or gave another one (``vocabulary_digest``).
        InvalidInputError: the location is not allowed (``invalid_location``).
        OSError: the file cannot be written.

    """
    public = PUBLIC_VOCABULARIES.get(str(name))
    if public is None:
        message = f"no such public vocabulary; known are {', '.join(PUBLIC_VOCABULARIES)}"
        raise VocabularyError(message, code="unknown_encoding")
    url = location + public.file_name
    _check_location(url)
    content = _fetch(url, timeout)
    check_digest(content, public.sha256, f"what {url} gave")
    target = os.fspath(folder) if folder is not None else own_cache_folder()
    os.makedirs(target, exist_ok=True)  # noqa: PTH103  (one way of handling paths in this room)
    path = os.path.join(target, public.file_name)  # noqa: PTH118
    write_file(path, content)
    return path


def _check_location(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    message = "a vocabulary is fetched over https only; give a location that starts with https://"
    raise InvalidInputError(message, code="invalid_location")


def _fetch(url: str, timeout: float) -> bytes:
    import urllib.error  # noqa: PLC0415  (costly to import, and only needed here)
    import urllib.request  # noqa: PLC0415
    from http.client import HTTPException  # noqa: PLC0415

    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:  # noqa: S310  (checked above)
            return _read_bounded(answer)
    except urllib.error.HTTPError as error:
        error.close()
        fault = f"the server answered {error.code}"
    except (OSError, HTTPException) as error:
        fault = f"the transfer failed ({type(error).__name__})"
    except _TooLargeError:
        fault = f"it is larger than {DEFAULT_LIMITS.vocabulary_bytes} bytes"
    message = (
        f"{url} could not be fetched: {fault}; try again, or put the file into a folder and name "
        "that in TIKTOKEN_ENCODINGS_BASE"
    )
    raise VocabularyError(message, code="vocabulary_download")


class _TooLargeError(Exception):
    """The body is larger than any vocabulary."""


def _read_bounded(answer: HTTPResponse) -> bytes:
    most = DEFAULT_LIMITS.vocabulary_bytes
    content = bytearray()
    while chunk := answer.read(_CHUNK):
        content += chunk
        if len(content) > most:
            raise _TooLargeError
    if answer.length:
        raise ConnectionError
    return bytes(content)
