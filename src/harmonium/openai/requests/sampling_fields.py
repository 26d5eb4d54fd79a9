"""Fields that the chat API and text completions share: stop strings, biases, stream options."""

from __future__ import annotations

from typing import NamedTuple

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping
from harmonium.openai.requests.json_fields import (
    read_flag,
    read_list,
    read_name,
    read_number,
    read_object,
)

MAX_STOPS = 4
"""Stop strings of a request, as OpenAI bounds them."""

_ID_DIGITS = 10


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
    if len(words) > MAX_STOPS:
        message = f"{param} holds {len(words)} strings; at most {MAX_STOPS} are allowed"
        raise RequestError(message, param=param)
    return tuple(read_name(word, f"{param}[{index}]") for index, word in enumerate(words))


def read_logit_bias(value: object, param: str) -> dict[int, float]:
    """Return a bias from -100 to 100 for each token id.

    Raises:
        RequestError: a key is no id, or a bias is out of bounds.

    """
    found: dict[int, float] = {}
    for key, bias in read_object(value, param).items():
        digits = str(key)
        if not (digits.isascii() and digits.isdigit() and len(digits) < _ID_DIGITS):
            message = f"{param} has a key that is no token id; keys are ids in decimal"
            raise RequestError(message, param=param)
        found[int(digits)] = read_number(bias, f"{param}.{digits}", -100, 100)
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
