"""Own every error harmonium raises; know nothing of the rooms that raise them.

    HarmoniumError
    ├── InvalidInputError (ValueError)      400  the caller gave something that cannot be used
    │   ├── InvalidNameError                     a role, name, channel, recipient or content type
    │   ├── InvalidMessageError                  a message whose parts do not go together
    │   ├── InvalidJSONError                     JSON that is no conversation
    │   ├── SchemaError                          a JSON Schema that cannot be rendered
    │   ├── SpecialTokenError                    text spells a special token that is not allowed
    │   ├── UnknownTokenError                    a token id outside the vocabulary
    │   └── RequestError                         a request to one of the OpenAI APIs
    ├── ParseError (ValueError)             502  the model's tokens deviate from Harmony (strict)
    └── VocabularyError                     500  an encoding or its vocabulary file cannot be had

The class, ``code``, ``http_status`` and ``position`` are API; the message text is not.
No message quotes prompt or completion text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Say where in the input an error was found.

    ``token`` is a 0-based index into the ids fed so far, ``state`` a parser state,
    ``path`` a JSON path such as ``messages[2].recipient``; each may be None.
    """

    token: int | None = None
    state: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        """Read as ``token 17, in header``; empty when nothing is known."""
        token = None if self.token is None else f"token {self.token}"
        state = None if self.state is None else f"in {self.state}"
        return ", ".join(part for part in (token, state, self.path) if part)


class HarmoniumError(Exception):
    """Carry a stable code, an HTTP status and a position beside the message.

    Args:
        message: what was found, where, and what to do.
        code: a stable lower_snake_case word; the class's own when omitted.
        position: where it was found, when known.

    """

    code: str = "harmonium_error"
    http_status: int = 500

    def __init__(
        self, message: str, *, code: str | None = None, position: Position | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.position = position or Position()

    def __str__(self) -> str:
        """Give the message, followed by the position in parentheses when one is known."""
        where = str(self.position)
        return f"{self.message} ({where})" if where else self.message


class InvalidInputError(HarmoniumError, ValueError):
    """The caller gave something that cannot be used."""

    code = "invalid_input"
    http_status = 400


class InvalidNameError(InvalidInputError):
    """A role, name, channel, recipient or content type that Harmony cannot carry."""

    code = "invalid_name"


class InvalidMessageError(InvalidInputError):
    """A message or conversation whose parts do not go together."""

    code = "invalid_message"


class InvalidJSONError(InvalidInputError):
    """JSON that does not describe a conversation."""

    code = "invalid_json"


class SchemaError(InvalidInputError):
    """A JSON Schema that cannot be rendered.

    Codes: ``schema_cycle``, ``schema_too_deep``, ``schema_too_wide``, ``schema_too_large``,
    ``schema_reference``, ``schema_invalid``.
    """

    code = "schema_invalid"


class SpecialTokenError(InvalidInputError):
    """Text spells a special token that was not allowed."""

    code = "disallowed_special"


class UnknownTokenError(InvalidInputError):
    """A token id that the encoding does not have, or something that is no token id."""

    code = "unknown_token"


class RequestError(InvalidInputError):
    """A request to one of the OpenAI APIs that is wrong, or asks for what cannot be done.

    Args:
        message: what was found and what is allowed.
        param: where in the request, as a JSON path such as
            ``messages[2].tool_calls[0].function.name``; None for the request as a whole.
        code: one of OpenAI's words for it, such as ``invalid_type``, ``invalid_value``,
            ``missing_required_parameter`` or ``unsupported_parameter``.

    Example:
        >>> RequestError("must be a string", param="model", code="invalid_type").to_dict()["error"]
        {'message': 'must be a string', 'type': 'invalid_request_error', 'param': 'model', \
'code': 'invalid_type'}

    """

    code = "invalid_value"
    type = "invalid_request_error"

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code, position=Position(path=param))
        self.param = param

    def to_dict(self) -> dict[str, dict[str, str | None]]:
        """Give the body that OpenAI's APIs answer with: ``{"error": {...}}``."""
        fields = {"message": self.message, "type": self.type, "param": self.param}
        return {"error": {**fields, "code": self.code}}


class ParseError(HarmoniumError, ValueError):
    """The token stream deviates from Harmony, under policy ``strict``.

    Args:
        message: what was found and what would have been right.
        code: one of the deviation codes (the same that ``Repaired`` events carry).
        position: index of the offending token and the parser state.
        expected: what the grammar allows there, in words.

    ``events`` holds the events of the failing call that came before the deviation.

    """

    code = "malformed"
    http_status = 502

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        position: Position | None = None,
        expected: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, code=code, position=position)
        self.expected = expected
        self.events: tuple[object, ...] = ()


class VocabularyError(HarmoniumError):
    """An encoding, or the vocabulary file it needs, cannot be had.

    Codes: ``unknown_encoding``, ``vocabulary_missing``, ``vocabulary_corrupt``,
    ``vocabulary_digest``, ``vocabulary_download``.
    """

    code = "vocabulary"
