"""Requests for text completions: the table of their fields, and how they are read.

Text is encoded with special tokens allowed: who may use this API may write any token. A field that
cannot be honoured is refused, unless its value asks for nothing; fields that are not in the table
are unknown to the API and ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Protocol

from harmonium.errors import RequestError
from harmonium.json_types import JSONMapping, JSONObject
from harmonium.openai.chat.request.fields import Field
from harmonium.openai.requests.errors import refused
from harmonium.openai.requests.field_types import (
    FLAG,
    NAME,
    any_of,
    array_schema,
    described,
    integer,
    only,
    request_schema,
)
from harmonium.openai.requests.json_fields import read_integer, read_list, read_name
from harmonium.openai.requests.sampling_fields import (
    CHOICES,
    COUNT,
    LOGIT_BIAS,
    PENALTY,
    SEED,
    STOP,
    STREAM_OPTIONS,
    TEMPERATURE,
    TOP_P,
    StreamOptions,
)

DEFAULT_MAX_TOKENS = 16
"""As the API has it; far fewer than an answer needs, and what its clients expect."""

_MAX_LOGPROBS = 5
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
            found[name] = known.type.read(given, name)
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


_UNSUPPORTED = "it is not supported here; leave it out"
_TOKEN_IDS = array_schema(integer(0).schema, 1)
_PROMPT = described(
    any_of(
        NAME.schema,
        _TOKEN_IDS,
        {**array_schema(any_of(NAME.schema, _TOKEN_IDS), 1), "maxItems": 1},
    )
)

COMPLETION_FIELDS: Mapping[str, Field] = MappingProxyType(
    {
        "best_of": Field("refused", "refused unless 1", only(1, _UNSUPPORTED)),
        "echo": Field("refused", "refused unless false", only(False, _UNSUPPORTED)),  # noqa: FBT003  (the value)
        "frequency_penalty": Field("engine", "-2 to 2", PENALTY),
        "logit_bias": Field("engine", "token ids of this model to -100 to 100", LOGIT_BIAS),
        "logprobs": Field("answer", "0 to 5 alternatives", integer(0, _MAX_LOGPROBS)),
        "max_tokens": Field("engine", f"1 or more; {DEFAULT_MAX_TOKENS} by default", COUNT),
        "model": Field("caller", "echoed in the answer", NAME),
        "n": Field("caller", "1 to 128 choices", CHOICES),
        "presence_penalty": Field("engine", "-2 to 2", PENALTY),
        "prompt": Field("prompt", "a text, special tokens allowed, or token ids", _PROMPT),
        "seed": Field("engine", "any integer of 64 bits", SEED),
        "stop": Field("engine", "one string or up to four", STOP),
        "stream": Field("caller", "whether the text comes in pieces", FLAG),
        "stream_options": Field(
            "answer", "`include_usage`; `include_obfuscation`: chunks are padded",
            STREAM_OPTIONS,
        ),
        "suffix": Field("refused", "refused unless empty", only("", _UNSUPPORTED)),
        "temperature": Field("engine", "0 to 2", TEMPERATURE),
        "top_p": Field("engine", "0 to 1", TOP_P),
    }
)  # fmt: skip
"""Field -> what happens to it, and how it is read; see the table of chat requests."""

_KEPT = frozenset(COMPLETION_FIELDS) - {"best_of", "echo", "suffix", "model", "prompt"}


def completion_request_schema() -> JSONObject:
    """Return the JSON Schema of a request for text completions."""
    fields = {name: (field.type, field.effect) for name, field in COMPLETION_FIELDS.items()}
    return request_schema(fields, ("model", "prompt"))
