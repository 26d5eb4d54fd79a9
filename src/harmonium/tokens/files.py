"""Reading and writing of whole vocabulary files. Does not know what is in them."""

from __future__ import annotations

import os

from harmonium.errors import VocabularyError
from harmonium.limits import DEFAULT_LIMITS


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read a vocabulary file.

    Raises:
        VocabularyError: it is missing, a folder, unreadable or too large to be one.

    """
    most = DEFAULT_LIMITS.vocabulary_bytes
    try:
        with open(path, "rb") as file:  # noqa: PTH123  (pathlib is costly to import)
            content = file.read(most + 1)
    except FileNotFoundError:
        fault = "there is no such file; give the path of a vocabulary file"
    except IsADirectoryError:
        fault = "it is a folder; give the path of a vocabulary file"
    except (OSError, ValueError) as error:
        fault = f"it cannot be read ({type(error).__name__}); check the path and its permissions"
    else:
        if len(content) <= most:
            return content
        fault = f"it is larger than {most} bytes; no vocabulary is"
    message = f"vocabulary file {os.fspath(path)!r}: {fault}"
    raise VocabularyError(message, code="vocabulary_missing")


def write_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises:
        OSError: it cannot be written.

    """
    import tempfile  # noqa: PLC0415  (costly to import, and only needed here)

    folder, name = os.path.split(os.path.abspath(path))  # noqa: PTH100  (pathlib is costly)
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # noqa: PTH101  (mkstemp makes it private; this is public data)
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108
        raise
