"""Requests for text completions: the table of their fields, and how they are read.

Text is encoded with special tokens allowed: who may use this API may write any token. A field that
cannot be honoured is refused, unless its value asks for nothing; fields that are not in the table
are unknown to the API and ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping
from harmonium.openai.chat.request.fields import Field, Reader
from harmonium.openai.requests.errors import refused
from harmonium.openai.requests.json_fields import (
    read_flag,
    read_integer,
    read_list,
    read_name,
    read_number,
)
from harmonium.openai.requests.sampling_fields import (
    StreamOptions,
    read_logit_bias,
    read_stop,
    read_stream_options,
)

DEFAULT_MAX_TOKENS = 16
"""As the API has it; far fewer than an answer needs, and what its clients expect."""

_MAX_LOGPROBS = 5
_MAX_CHOICES = 128
_NO_OPTIONS = StreamOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionRequest:
    """A request for text completions, as read.

    Args:
        model: the model asked for.
        prompt: the ids to continue; at least one.
        n: how many completions.
        max_tokens: ids to generate at most.
        temperature: 0 to 2; None for the engine's default, as with all that follow.
        top_p: 0 to 1.
        presence_penalty: -2 to 2.
        frequency_penalty: -2 to 2.
        seed: the same seed and request should give the same tokens.
        logit_bias: token id -> -100 to 100.
        logprobs: how many alternatives to tell, 0 to 5; None for no log probabilities.
        stop: up to four strings that end a completion.
        stream: whether the text comes in pieces.
        stream_options: what is asked of the stream.

    """

    model: str
    prompt: tuple[int, ...] = field(repr=False)
    n: int = 1
    max_tokens: int = DEFAULT_MAX_TOKENS
    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    seed: int | None = None
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    logprobs: int | None = None
    stop: tuple[str, ...] = ()
    stream: bool = False
    stream_options: StreamOptions = _NO_OPTIONS


class Encodes(Protocol):
    """What reading a prompt needs of an encoding."""

    @property
    def n_vocab(self) -> int:
        """One more than the largest token id."""

    def encode(self, text: str, *, allowed_special: Literal["all"]) -> list[int]:
        """Return the ids of a text that may spell special tokens."""


def completion_request(data: JSONMapping, encoding: Encodes) -> CompletionRequest:
    """Read the JSON of a request.

    Args:
        data: the body of ``/v1/completions``.
        encoding: the model's, which encodes a prompt of text.

    Raises:
        RequestError: something in it is wrong, or cannot be honoured here.

    Example:
        >>> import harmonium
        >>> encoding = harmonium.load_encoding()
        >>> completion_request({"model": "m", "prompt": "Hello"}, encoding).prompt
        (13225,)

    """
    found: dict[str, object] = {}
    for name, given in data.items():
        known = COMPLETION_FIELDS.get(name)
        if known is not None and given is not None:
            found[name] = known.read(given, name)
    if "stream_options" in found and not found.get("stream"):
        message = "stream_options is only for streams; leave it out or give stream: true"
        raise RequestError(message, param="stream_options", code="invalid_value")
    kept = {name: value for name, value in found.items() if name in _KEPT}
    prompt = tuple(_read_prompt(data.get("prompt"), encoding))
    model = read_name(data.get("model"), "model")
    return CompletionRequest(**{**kept, "model": model, "prompt": prompt})  # type: ignore[arg-type]


def _read_prompt(value: object, encoding: Encodes) -> list[int]:
    """Read a prompt: a text, special tokens allowed, or token ids."""
    if isinstance(value, list) and value and isinstance(value[0], str | list):
        value, *others = value
        if others:
            raise refused("prompt", "it holds several prompts; send each in a request of its own")
    if isinstance(value, str):
        ids = encoding.encode(value, allowed_special="all")
    else:
        found = read_list(value, "prompt")
        last = encoding.n_vocab - 1
        ids = [read_integer(one, f"prompt[{at}]", 0, last) for at, one in enumerate(found)]
    if not ids:
        raise RequestError("prompt is empty; give at least one token", param="prompt")
    return ids


def _only(harmless: object) -> Reader:
    """Return a reader of a field that cannot be honoured: one value of it asks for nothing."""

    def read(value: object, param: str) -> object:
        if type(value) is not type(harmless) or value != harmless:
            raise refused(param, "it is not supported here; leave it out")
        return None

    return read


def _number(low: float, high: float) -> Reader:
    return lambda value, param: read_number(value, param, low, high)


def _integer(low: int, high: int | None = None) -> Reader:
    return lambda value, param: read_integer(value, param, low, high)


def _as_given(value: object, _: str) -> object:
    return value


_read_seed: Callable[[object, str], object] = _integer(-(2**63), 2**63 - 1)

COMPLETION_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "best_of": Field("refused", "refused unless 1", _only(1)),
        "echo": Field("refused", "refused unless false", _only(False)),  # noqa: FBT003  (the value)
        "frequency_penalty": Field("engine", "-2 to 2", _number(-2, 2)),
        "logit_bias": Field("engine", "token ids of this model to -100 to 100", read_logit_bias),
        "logprobs": Field("answer", "0 to 5 alternatives", _integer(0, _MAX_LOGPROBS)),
        "max_tokens": Field("engine", f"1 or more; {DEFAULT_MAX_TOKENS} by default", _integer(1)),
        "model": Field("caller", "echoed in the answer", read_name),
        "n": Field("caller", f"1 to {_MAX_CHOICES} choices", _integer(1, _MAX_CHOICES)),
        "presence_penalty": Field("engine", "-2 to 2", _number(-2, 2)),
        "prompt": Field("prompt", "a text, special tokens allowed, or token ids", _as_given),
        "seed": Field("engine", "any integer of 64 bits", _read_seed),
        "stop": Field("engine", "one string or up to four", read_stop),
        "stream": Field("caller", "whether the text comes in pieces", read_flag),
        "stream_options": Field(
            "answer", "`include_usage`; `include_obfuscation`: chunks are padded",
            read_stream_options,
        ),
        "suffix": Field("refused", "refused unless empty", _only("")),
        "temperature": Field("engine", "0 to 2", _number(0, 2)),
        "top_p": Field("engine", "0 to 1", _number(0, 1)),
    }
)  # fmt: skip
"""Field -> what happens to it, and how it is read; see the table of chat requests."""

_KEPT = frozenset(COMPLETION_FIELDS) - {"best_of", "echo", "suffix", "model", "prompt"}
