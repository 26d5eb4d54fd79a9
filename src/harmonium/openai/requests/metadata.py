"""Metadata of a request, the same in both APIs. Knows nothing of requests."""

from __future__ import annotations

from harmonium.errors import RequestError
from harmonium.openai.requests.field_types import FieldType
from harmonium.openai.requests.json_fields import read_object, read_text

_PAIRS, _KEY_CHARS, _VALUE_CHARS = 16, 64, 512

METADATA_LIMITS = f"{_PAIRS} pairs of strings, keys to {_KEY_CHARS} and values to {_VALUE_CHARS}"
"""What the pages about both APIs say of it; the values are those of OpenAI's reference."""


def read_metadata(value: object, param: str) -> dict[str, str]:
    """Read ``metadata``, an object of strings.

    Raises:
        RequestError: it is none, has too many pairs, or one that is too long.

    """
    pairs = read_object(value, param)
    if len(pairs) > _PAIRS:
        message = f"{param} has {len(pairs)} pairs; at most {_PAIRS} are allowed"
        raise RequestError(message, param=param, code="invalid_value")
    if any(len(str(key)) > _KEY_CHARS for key in pairs):
        message = f"{param} has a key that is too long; {_KEY_CHARS} characters are allowed"
        raise RequestError(message, param=param, code="invalid_value")
    return {key: _read_label(text, f"{param}.{key}") for key, text in pairs.items()}


def _read_label(value: object, param: str) -> str:
    text = read_text(value, param)
    if len(text) > _VALUE_CHARS:
        message = f"{param} has {len(text)} characters; {_VALUE_CHARS} are allowed"
        raise RequestError(message, param=param, code="invalid_value")
    return text


METADATA = FieldType(
    {
        "type": "object",
        "maxProperties": _PAIRS,
        "propertyNames": {"maxLength": _KEY_CHARS},
        "additionalProperties": {"type": "string", "maxLength": _VALUE_CHARS},
    },
    read_metadata,
)
