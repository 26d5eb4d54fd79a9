"""API keys: read once, kept as digests, compared in constant time, never shown.

A key's label, the first digits of its digest, is what logs and stored responses know it by.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from pathlib import Path

from harmonium.errors import InvalidInputError, Position
from harmonium.gateway.config.settings import Settings

LEAST_CHARS = 16
"""A key is compared by its digest alone, so it has to be one that nobody guesses."""

_LABEL_DIGITS = 8


class KeyRing:
    """Return whether a key is one of ours.

    Args:
        keys: the keys themselves; only their digests are kept. None at all lets everyone in.

    Raises:
        InvalidInputError: a key that is too short, or not printable ASCII.

    Example:
        >>> ring = KeyRing(["a-long-enough-secret"])
        >>> ring.label("a-long-enough-secret") is None, ring.label("another")
        (False, None)

    """

    __slots__ = ("_digests",)

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._digests = tuple(dict.fromkeys(_digest(_checked(key)) for key in keys))

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._digests)}>"

    @property
    def is_open(self) -> bool:
        """Whether there are no keys, so that none is needed."""
        return not self._digests

    def label(self, key: str) -> str | None:
        """Return a key's label; None when it is none of ours.

        Every key is compared, whichever fits: the time taken says nothing.
        """
        digest = _digest(key)
        found: str | None = None
        for known in self._digests:
            if hmac.compare_digest(known, digest):
                found = known.hex()[:_LABEL_DIGITS]
        return found


def load_keys(settings: Settings, environment: Mapping[str, str]) -> KeyRing:
    """Read the keys from the file of the settings and from ``HARMONIUM_API_KEYS``.

    Raises:
        InvalidInputError: the file cannot be read, a key is too weak, or other machines could
            reach the gateway without one.

    """
    keys = [word.strip() for word in environment.get("HARMONIUM_API_KEYS", "").split(",")]
    keys += _read_file(settings.api_key_file) if settings.api_key_file else []
    ring = KeyRing(key for key in keys if key)
    if settings.api_key_file and ring.is_open:
        raise _wrong("api_key_file", "api_key_file holds no key; write one a line")
    if ring.is_open and not settings.is_loopback and not settings.allow_unauthenticated:
        message = (
            "host is reached by other machines, and there are no API keys; give api_key_file or "
            "HARMONIUM_API_KEYS, or allow_unauthenticated"
        )
        raise _wrong("host", message)
    return ring


def bearer(authorization: str) -> str:
    """Return the key of an ``Authorization`` header; empty when it has another form.

    >>> bearer("Bearer abc"), bearer("Basic abc")
    ('abc', '')
    """
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _read_file(path: str) -> list[str]:
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise _wrong("api_key_file", f"api_key_file cannot be read: {reason}") from None
    return [line.strip() for line in lines if not line.lstrip().startswith("#")]


def _checked(key: str) -> str:
    if len(key) < LEAST_CHARS or not (key.isascii() and key.isprintable()):
        message = f"an API key must have at least {LEAST_CHARS} printable ASCII characters"
        raise _wrong("api_keys", message)
    return key


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _wrong(name: str, message: str) -> InvalidInputError:
    return InvalidInputError(message, code="invalid_setting", position=Position(path=name))
