"""Encryption of reasoning that a client keeps for us. Knows nothing of items or of storage.

A server that stores nothing lets the client carry the reasoning from turn to turn, unreadable and
unchangeable. The encryption is AES-GCM from the `cryptography` package (extra ``openai``),
imported when a cipher is made; the key is the caller's.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from harmonium.errors import InvalidInputError, Position

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_PREFIX = "hmr1."
_PURPOSE = b"harmonium reasoning, version 1"
_NONCE_BYTES = 12
_KEY_BYTES = frozenset({16, 24, 32})


class ReasoningCipher:
    """Seal reasoning text into ``encrypted_content`` and open it again.

    Immutable, and safe to share between threads.

    Args:
        keys: one key of 16, 24 or 32 bytes, or several: the first seals, all of them open, so
            that a key can be replaced without breaking conversations under way.
        nonces: gives that many random bytes; only tests pass their own.

    Raises:
        InvalidInputError: no key, or a key of another length (code ``invalid_key``).

    Example:
        >>> cipher = ReasoningCipher(bytes(32))
        >>> cipher.open(cipher.seal("thinking"))
        'thinking'

    """

    def __init__(
        self, keys: bytes | Iterable[bytes], *, nonces: Callable[[int], bytes] = os.urandom
    ) -> None:
        given = [keys] if isinstance(keys, bytes) else list(keys)
        if not given or any(len(key) not in _KEY_BYTES for key in given):
            message = "reasoning is encrypted with keys of 16, 24 or 32 bytes; give one or more"
            raise InvalidInputError(message, code="invalid_key", position=Position(path="keys"))
        self._ciphers = tuple(_aes_gcm(key) for key in given)
        self._nonces = nonces

    def seal(self, text: str) -> str:
        """Encrypt text; the same text gives a different result every time."""
        nonce = self._nonces(_NONCE_BYTES)
        # Half of a surrogate pair has no UTF-8; it is kept as the three bytes it would have.
        sealed = self._ciphers[0].encrypt(nonce, text.encode("utf-8", "surrogatepass"), _PURPOSE)
        return _armoured(nonce + sealed)

    def open(self, sealed: str) -> str | None:
        """Decrypt what `seal` gave; None when it was made with another key, or changed."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415  (an extra)

        raw = _unarmoured(sealed)
        if raw is None:
            return None
        for cipher in self._ciphers:
            try:
                text = cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _PURPOSE)
            except InvalidTag:
                continue
            return text.decode("utf-8", "surrogatepass")
        return None


def _aes_gcm(key: bytes) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415  (an extra)

    return AESGCM(key)


def _armoured(raw: bytes) -> str:
    return _PREFIX + base64.urlsafe_b64encode(raw).decode("ascii")


def _unarmoured(sealed: str) -> bytes | None:
    """Return the bytes of what `_armoured` gave, and None for any other spelling of them."""
    try:
        raw = base64.urlsafe_b64decode(sealed.removeprefix(_PREFIX))
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) > _NONCE_BYTES and _armoured(raw) == sealed else None
