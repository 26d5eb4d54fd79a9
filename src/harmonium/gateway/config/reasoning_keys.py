"""The keys that seal reasoning, for clients that keep it between requests."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Mapping

from harmonium.errors import InvalidInputError, Position
from harmonium.gateway.config.api_keys import LEAST_CHARS
from harmonium.gateway.config.settings import Settings
from harmonium.openai import ReasoningCipher

VARIABLE = "HARMONIUM_SEALING_KEYS"
_KEY_BYTES = 32


def with_reasoning_key(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with a random key in it, unless it has keys already.

    The process that starts the workers makes the key: each of them must open what another sealed.
    """
    if environment.get(VARIABLE, "").strip(" ,"):
        return dict(environment)
    return {**environment, VARIABLE: secrets.token_urlsafe(_KEY_BYTES)}


def load_cipher(settings: Settings, environment: Mapping[str, str]) -> ReasoningCipher | None:
    """Build the cipher from ``HARMONIUM_SEALING_KEYS``: the first seals, all of them open.

    Without the variable one process makes a key of its own, which a restart forgets; several
    cannot, since each must open what another has sealed.

    Raises:
        InvalidInputError: a key that is too short.

    """
    words = [word.strip() for word in environment.get(VARIABLE, "").split(",") if word.strip()]
    if any(len(word) < LEAST_CHARS for word in words):
        message = f"a key in {VARIABLE} must have at least {LEAST_CHARS} characters"
        raise InvalidInputError(
            message, code="invalid_setting", position=Position(path="sealing_keys")
        )
    if words:
        return ReasoningCipher(hashlib.sha256(word.encode()).digest() for word in words)
    return ReasoningCipher(os.urandom(_KEY_BYTES)) if settings.workers == 1 else None
