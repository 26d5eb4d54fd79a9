"""API keys: read once, kept as digests, compared in constant time, never shown.

A key has a name, which logs show; whose stored responses a request may use is decided by the whole
digest. Does not enforce the limits of a key (`harmonium.gateway.admission.key_limits`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harmonium.errors import InvalidInputError
from harmonium.gateway.config.settings import Settings, wrong_setting

LEAST_CHARS = 16
"""A key is compared by its digest alone, so it must be one that nobody can guess."""

_NAME_DIGITS = 8
_COMMENT = re.compile(r"(?:^|\s)#.*")
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_KEY_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_FORM = "KEY [name=…] [requests=…] [tokens=…] [concurrent=…] [expires=YYYY-MM-DD] [operator]"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of one API key.

    Args:
        digest: SHA-256 of the key.
        name: what logs call it: the first digits of the digest unless it has a name.
        requests: how many a minute; None for no limit.
        tokens: how many of prompts and answers together, a minute; None for no limit.
        concurrent: how many requests at once; None for no limit.
        expires: the first day, in UTC, on which it is no longer valid.
        is_operator: whether it is for metrics, and for nothing else.

    """

    digest: bytes
    name: str
    requests: int | None = None
    tokens: int | None = None
    concurrent: int | None = None
    expires: dt.date | None = None
    is_operator: bool = False

    @property
    def owner(self) -> str:
        """Whose stored things it may use: the whole digest, which no other key can have."""
        return self.digest.hex()

    @property
    def is_limited(self) -> bool:
        """Whether it has a limit of any kind."""
        return (self.requests, self.tokens, self.concurrent) != (None, None, None)

    def has_expired(self, today: dt.date) -> bool:
        """Return whether it is no longer valid on a day."""
        return self.expires is not None and today >= self.expires


class KeyRing:
    """The keys that are valid.

    Args:
        keys: the keys themselves, of which only digests are kept, or what is known of them. Without
            any, everyone is let in.

    Raises:
        InvalidInputError: a key that is too short, or not printable ASCII.

    Example:
        >>> ring = KeyRing(["a-long-enough-secret"])
        >>> ring.label("a-long-enough-secret") is None, ring.label("another")
        (False, None)

    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[str | ApiKey] = ()) -> None:
        found = [_make_key(one) if isinstance(one, str) else one for one in keys]
        self._keys = tuple({key.digest: key for key in found}.values())

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._keys)}>"

    @property
    def is_open(self) -> bool:
        """Whether there are no keys, so that none is needed."""
        return not self._keys

    @property
    def has_operator(self) -> bool:
        """Whether a key is the operator's."""
        return any(key.is_operator for key in self._keys)

    def label(self, key: str) -> str | None:
        """Return the name of a key; None when it is none of these."""
        found = self.find(key)
        return None if found is None else found.name

    def find(self, key: str) -> ApiKey | None:
        """Return what is known of a key; None when it is none of these.

        Every key is compared, whichever fits: the time taken reveals nothing.
        """
        digest = _digest(key)
        found: ApiKey | None = None
        for known in self._keys:
            if hmac.compare_digest(known.digest, digest):
                found = known
        return found


def load_keys(settings: Settings, environment: Mapping[str, str]) -> KeyRing:
    """Read the keys from the file of the settings and from ``HARMONIUM_API_KEYS``.

    Raises:
        InvalidInputError: the file cannot be read, a key is too weak, or other machines could
            reach the gateway without one.

    """
    words = [word.strip() for word in environment.get("HARMONIUM_API_KEYS", "").split(",")]
    keys = [_make_key(word) for word in words if word]
    found = _read_file(settings.api_key_file) if settings.api_key_file else []
    if settings.api_key_file and not (found or keys):
        raise wrong_setting("api_key_file", "api_key_file has no keys; write one per line")
    ring = KeyRing(keys + found)
    if ring.is_open and not settings.is_loopback and not settings.allow_unauthenticated:
        message = (
            "other machines can reach this host, but there are no API keys; set api_key_file or "
            "HARMONIUM_API_KEYS, or allow_unauthenticated"
        )
        raise wrong_setting("host", message)
    return ring


def bearer(authorization: str) -> str:
    """Return the key of an ``Authorization`` header; empty when it has another form.

    >>> bearer("Bearer abc"), bearer("Basic abc")
    ('abc', '')
    """
    scheme, _, key = authorization.partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def parse_key_line(line: str) -> ApiKey | None:
    """Parse one line of a key file; None for a blank line or a comment.

    Raises:
        InvalidInputError: it has another form. The message quotes nothing of the line.

    Example:
        >>> key = parse_key_line("a-long-enough-secret name=ci requests=60  # nightly builds")
        >>> key.name, key.requests, key.expires
        ('ci', 60, None)

    """
    words = _COMMENT.sub("", line).split()
    if not words:
        return None
    key = _make_key(words[0])
    for word in words[1:]:
        key = _with_property(key, *word.partition("=")[::2])
    return key


def _with_property(key: ApiKey, name: str, value: str) -> ApiKey:
    if name == "operator" and not value:
        return replace(key, is_operator=True)
    if name == "name" and _KEY_NAME.fullmatch(value):
        return replace(key, name=value)
    if name == "expires":
        try:
            return replace(key, expires=dt.date.fromisoformat(value))
        except ValueError:
            raise _wrong_line() from None
    digits = value.isascii() and value.isdigit()
    if name not in {"requests", "tokens", "concurrent"} or not digits or int(value) < 1:
        raise _wrong_line()
    limit = int(value)
    match name:
        case "requests":
            return replace(key, requests=limit)
        case "tokens":
            return replace(key, tokens=limit)
        case _:
            return replace(key, concurrent=limit)


def _wrong_line() -> InvalidInputError:
    return wrong_setting("api_key_file", f"a line of a key file must be: {_FORM}")


def _read_file(path: str) -> list[ApiKey]:
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise wrong_setting("api_key_file", f"cannot read api_key_file: {reason}") from None
    found: list[ApiKey] = []
    for number, line in enumerate(lines, 1):
        try:
            key = parse_key_line(line)
        except InvalidInputError as error:
            message = f"api_key_file, line {number}: {error.message}"
            raise wrong_setting("api_key_file", message) from None
        found += [] if key is None else [key]
    return found


def _make_key(word: str) -> ApiKey:
    given = _DIGEST.fullmatch(word)
    if given:
        digest = bytes.fromhex(given[1])
    else:
        if len(word) < LEAST_CHARS or not (word.isascii() and word.isprintable()):
            message = f"an API key must have at least {LEAST_CHARS} printable ASCII characters"
            raise wrong_setting("api_keys", message)
        digest = _digest(word)
    return ApiKey(digest, digest.hex()[:_NAME_DIGITS])


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
