"""Every error harmonium raises. Knows nothing of the rooms that raise them.

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
    ├── VocabularyError                     500  an encoding or its vocabulary file is unavailable
    └── EngineError                         502  the engine behind us failed
        ├── EngineUnavailableError          503  it cannot be reached
        ├── EngineTimeoutError              504  it took too long
        ├── EngineRejectedError             502  it refused; 400 when the request was at fault
        ├── EngineProtocolError             502  what it says makes no sense
        ├── EngineBrokenError               502  it died in the middle of an answer
        └── OverloadedError                 503  it has no room now; 429 when it said so

The class, ``code``, ``http_status`` and ``position`` are API; the message text is not.
No message quotes prompt or completion text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the input an error was found.

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
        """Return the message, followed by the position in parentheses when one is known."""
        where = str(self.position)
        return f"{self.message} ({where})" if where else self.message

    def __reduce__(self) -> tuple[object, ...]:
        """Return what copying and pickling need: errors cross processes with all they carry.

        The default would call the class with its message alone, and most take more.
        """
        return _empty_error, (type(self), self.args), vars(self)


def _empty_error(kind: type[HarmoniumError], args: tuple[object, ...]) -> HarmoniumError:
    """Return an error of a class without calling its constructor; its fields follow."""
    made = kind.__new__(kind)
    made.args = args
    return made


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
        """Return the body that OpenAI's APIs answer with: ``{"error": {...}}``."""
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
    """An encoding, or the vocabulary file it needs, is unavailable.

    Codes: ``unknown_encoding``, ``vocabulary_missing``, ``vocabulary_corrupt``,
    ``vocabulary_digest``, ``vocabulary_download``.
    """

    code = "vocabulary"


class EngineError(HarmoniumError):
    """The engine behind us failed.

    Args:
        message: what happened and what to do, in words that suit a client: "the engine".
        code: a stable word; the class's own when omitted.
        engine: the engine's name, when known. It holds the address, so it is for logs alone.

    ``upstream_code`` is the engine's own word for what happened, an identifier; None when it had
    none. ``upstream_message`` is what the engine said, cut to a bound. It may quote the prompt, so
    it is no part of the message, and is logged only where content may be. ``broken_connections``
    counts those that broke when the request had been sent and nothing was answered: the request
    may be the reason, so that trying again may do harm.
    """

    code = "engine_error"
    http_status = 502
    upstream_code: str | None = None
    upstream_message: str = ""
    broken_connections: int = 0

    def __init__(self, message: str, *, code: str | None = None, engine: str | None = None) -> None:
        super().__init__(message, code=code)
        self.engine = engine


class EngineUnavailableError(EngineError):
    """The engine cannot be reached, or is closed."""

    code = "engine_unavailable"
    http_status = 503


class EngineTimeoutError(EngineError):
    """The engine took longer than the limits allow.

    ``phase`` is ``connect``, ``first_token``, ``idle``, ``total`` or ``probe``.
    """

    code = "engine_timeout"
    http_status = 504

    def __init__(self, message: str, *, phase: str, engine: str | None = None) -> None:
        super().__init__(message, engine=engine)
        self.phase = phase


class EngineRejectedError(EngineError):
    """The engine refused the request.

    ``upstream_status`` is its HTTP status. ``http_status`` is 400 when the request itself was at
    fault (400, 413, 422 upstream), else 502: credentials, names and places are the operator's.
    Code ``context_length_exceeded`` when prompt and completion do not fit into the context;
    ``max_context`` is then how many tokens do, None when the engine did not say.
    """

    code = "engine_rejected"

    def __init__(
        self,
        message: str,
        *,
        upstream_status: int,
        upstream_message: str = "",
        code: str | None = None,
        engine: str | None = None,
    ) -> None:
        super().__init__(message, code=code, engine=engine)
        self.upstream_status = upstream_status
        self.upstream_message = upstream_message
        self.max_context: int | None = None
        self.http_status = 400 if upstream_status in {400, 413, 422} else 502


class EngineProtocolError(EngineError):
    """What the engine sent makes no sense, or is larger than the limits allow."""

    code = "engine_protocol"


class EngineBrokenError(EngineError):
    """The engine died, or gave up, in the middle of an answer."""

    code = "engine_broken"


class OverloadedError(EngineError):
    """There is no room for the request now.

    ``retry_after`` is how many seconds to wait, None when unknown; ``http_status`` is 429 when the
    engine said that it has too many requests, else 503.
    """

    code = "overloaded"
    http_status = 503

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        http_status: int = 503,
        engine: str | None = None,
    ) -> None:
        super().__init__(message, engine=engine)
        self.retry_after = retry_after
        self.http_status = http_status
