"""Types of the fields that several APIs share: sampling, stop strings, biases, stream options.

Does not know which request has them.
"""

from __future__ import annotations

from typing import NamedTuple

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping
from harmonium.openai.requests.field_types import (
    FLAG,
    NAME,
    FieldType,
    any_of,
    array_schema,
    integer,
    nullable,
    number,
    object_schema,
)
from harmonium.openai.requests.json_fields import (
    read_flag,
    read_list,
    read_name,
    read_number,
    read_object,
)
from harmonium.openai.requests.tolerance import AdaptableError

MAX_STOPS = 4
"""Stop strings of a request, as OpenAI bounds them."""

_MAX_ADAPTED_STOPS = 16
"""What vLLM's clients may send, within bounds: every string costs time for every token."""

_BIAS = 100
_ID_DIGITS = 9
"""Digits of the longest token id: vocabularies have under a million."""


class StreamOptions(NamedTuple):
    """What a request asks of its stream."""

    include_usage: bool = False
    include_obfuscation: bool = False


def read_stop(value: object, param: str) -> tuple[str, ...]:
    """Return the stop strings: one string, or up to `MAX_STOPS`.

    Raises:
        RequestError: they are no such strings.

    """
    if isinstance(value, str):
        return (read_name(value, param),)
    words = read_list(value, param)
    message = f"{param} holds {len(words)} strings; at most {MAX_STOPS} are allowed"
    if len(words) > _MAX_ADAPTED_STOPS:
        raise RequestError(message, param=param)
    stops = tuple(read_name(word, f"{param}[{index}]") for index, word in enumerate(words))
    if len(stops) > MAX_STOPS:
        raise AdaptableError(RequestError(message, param=param), "stop", stops)
    return stops


def read_logit_bias(value: object, param: str) -> dict[int, float]:
    """Return a bias from -100 to 100 for each token id.

    Raises:
        RequestError: a key is no id, or a bias is out of bounds.

    """
    found: dict[int, float] = {}
    for key, bias in read_object(value, param).items():
        digits = str(key)
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _ID_DIGITS):
            message = f"{param} has a key that is no token id; keys are ids in decimal"
            raise RequestError(message, param=param)
        found[int(digits)] = read_number(bias, f"{param}.{digits}", -_BIAS, _BIAS)
    return found


def read_stream_options(value: object, param: str) -> StreamOptions:
    """Return the options of a stream; those left out are false.

    Raises:
        RequestError: they are no flags.

    """
    options: JSONMapping = read_object(value, param)
    flags = {name: options.get(name) for name in StreamOptions._fields}
    return StreamOptions(
        *(flag is not None and read_flag(flag, f"{param}.{n}") for n, flag in flags.items())
    )


PENALTY = number(-2, 2)
TEMPERATURE = number(0, 2)
TOP_P = number(0, 1)
COUNT = integer(1)
CHOICES = integer(1, 128)
SEED = integer(-(2**63), 2**63 - 1)
TOP_LOGPROBS = integer(0, 20)
STOP = FieldType(
    any_of(NAME.schema, {**array_schema(NAME.schema), "maxItems": _MAX_ADAPTED_STOPS}), read_stop
)
LOGIT_BIAS = FieldType(
    {
        "type": "object",
        "propertyNames": {"pattern": f"^[0-9]{{1,{_ID_DIGITS}}}$"},
        "additionalProperties": number(-_BIAS, _BIAS).schema,
    },
    read_logit_bias,
)
STREAM_OPTIONS = FieldType(
    object_schema(**dict.fromkeys(StreamOptions._fields, nullable(FLAG.schema))),
    read_stream_options,
)
