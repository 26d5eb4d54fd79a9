"""Input of a command: a file or stdin, read as text or as token ids."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Literal

from harmonium.cli.terminal import Terminal
from harmonium.errors import InvalidInputError, Position

InputKind = Literal["auto", "ids", "text"]

_NUMBERS = re.compile(r"[\s,]*(?:[+-]?\d+(?:[\s,]+|$))*", re.ASCII)
_LONGEST_NUMBER = 20
"""Digits of the longest number read as an id; no token id has more than ten."""


def read_bytes(path: str, terminal: Terminal) -> bytes:
    """Read a whole file, or stdin when `path` is ``-``.

    Raises:
        InvalidInputError: the file is missing, a directory, or cannot be read.

    """
    if path == "-":
        return _read_stdin(terminal)
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        code, message = "file_missing", f"{path}: no such file"
    except IsADirectoryError:
        code, message = "file_is_directory", f"{path}: is a directory, not a file"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "invalid file name"
        code, message = "file_unreadable", f"{path!a}: {reason}"
    raise InvalidInputError(message, code=code)


def _read_stdin(terminal: Terminal) -> bytes:
    if sys.stdin is None:
        message = "stdin is closed; pass a file"
        raise InvalidInputError(message, code="stream_closed")
    if sys.stdin.isatty():
        terminal.remark("reading from the terminal; press Ctrl-D on an empty line to end")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        message = f"stdin: {error.strerror or 'cannot be read'}"
        raise InvalidInputError(message, code="file_unreadable") from None


def read_text(path: str, terminal: Terminal) -> str:
    """Read a whole file, or stdin, as UTF-8, without its byte order mark.

    Raises:
        InvalidInputError: it cannot be read, or is not UTF-8.

    """
    return decode(read_bytes(path, terminal))


def decode(data: bytes) -> str:
    """Decode UTF-8; see `read_text`."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = (
            f"the input is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start}; "
            "convert it, or pass token ids"
        )
        raise InvalidInputError(message, code="invalid_utf8") from None


def looks_like_ids(text: str) -> bool:
    """Return whether the input is token ids: only numbers, or a JSON array.

    Example:
        >>> looks_like_ids("200006 173781"), looks_like_ids("[1, 2]"), looks_like_ids("[sic] no")
        (True, True, False)

    """
    if _NUMBERS.fullmatch(text):
        return True
    stripped = text.strip()
    if not stripped.startswith("[") or not stripped.endswith("]"):
        return False
    return isinstance(_json_or_none(stripped), list)


def read_ids(text: str) -> list[int]:
    """Parse token ids: a JSON array, or numbers separated by white space or commas.

    Raises:
        InvalidInputError: something in it is no whole number; the position says which.

    """
    stripped = text.strip()
    found = _json_or_none(stripped) if stripped.startswith(("[", "{", '"')) else None
    if isinstance(found, list):
        return [_check_id(item, index) for index, item in enumerate(found)]
    if found is not None or stripped.startswith("["):
        message = "token ids must be a JSON array of numbers, or numbers separated by white space"
        raise InvalidInputError(message, code="invalid_ids")
    words = stripped.replace(",", " ").split()
    return [_check_id(_number(word), index) for index, word in enumerate(words)]


def _json_or_none(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _number(word: str) -> object:
    if len(word) > _LONGEST_NUMBER or not re.fullmatch(r"[+-]?\d+", word, re.ASCII):
        return word
    return int(word)


def _check_id(item: object, index: int) -> int:
    if type(item) is int:
        return item
    message = f"ids[{index}] is not an integer; token ids are integers such as 200006"
    raise InvalidInputError(message, code="invalid_ids", position=Position(token=index))


def write_ids(ids: list[int], terminal: Terminal) -> None:
    """Write token ids as a JSON array on one line."""
    terminal.write(json.dumps(ids) + "\n")
