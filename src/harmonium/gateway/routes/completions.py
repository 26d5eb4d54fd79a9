"""The route ``/v1/completions``: the prompt goes to the engine as it is, and its text comes back.

Nothing of Harmony is rendered or parsed here. Text is encoded with special tokens allowed: who
may use this route may write any token.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from harmonium.encoding import Encoding
from harmonium.engines import Capabilities, TokenLogprob
from harmonium.errors import RequestError
from harmonium.gateway.errors import ErrorResponse
from harmonium.gateway.generation.decoders import TextDecoder
from harmonium.gateway.generation.planning import EngineRequestSpec, ParamNames, Plan, make_plan
from harmonium.gateway.generation.runner import EngineClock, GenerationRunner, Outlet
from harmonium.gateway.generation.stop_strings import TextStops
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.gateway.service import Service
from harmonium.json_types import JSONObject
from harmonium.openai import DONE, TokenUsage, error_event
from harmonium.openai.answers.logprobs import finite_logprob
from harmonium.openai.answers.obfuscation import obfuscation
from harmonium.openai.requests.errors import refused
from harmonium.openai.requests.json_fields import (
    read_flag,
    read_integer,
    read_list,
    read_name,
    read_number,
    read_object,
    read_text,
)

_FIELDS = ParamNames(prompt="prompt", max_tokens="max_tokens", logprobs="logprobs")
_DEFAULT_TOKENS = 16
_MOST_STOPS = 4
_HARMLESS: Mapping[str, object] = {"suffix": "", "best_of": 1, "echo": False}
"""Field that cannot be honoured -> its one value that asks for nothing."""


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A completion request as read.

    Args:
        wanted: what the engine is asked for, but for the model's name.
        model: the model asked for.
        stream: whether the text comes in pieces.
        include_usage: whether a stream ends with the counts.
        obfuscated: whether every piece of a stream is padded.

    """

    wanted: EngineRequestSpec
    model: str
    stream: bool = False
    include_usage: bool = False
    obfuscated: bool = False


def read_completion(body: JSONObject, encoding: Encoding) -> CompletionRequest:
    """Read the body of a request to ``/v1/completions``.

    Raises:
        RequestError: something in it is wrong, or cannot be honoured here.

    """
    given = {name: value for name, value in body.items() if value is not None}
    for name, harmless in _HARMLESS.items():
        value = given.get(name, harmless)
        if type(value) is not type(harmless) or value != harmless:
            raise refused(name, "it is not supported here; leave it out")
    streamed = read_flag(given.get("stream", False), "stream")
    numbers = {
        name: read_number(given[name], name, low, high)
        for name, low, high in _NUMBERS
        if name in given
    }
    wanted = EngineRequestSpec(
        model="",
        prompt=read_prompt(given.get("prompt"), encoding),
        fields=_FIELDS,
        choices=read_integer(given.get("n", 1), "n", 1, 128),
        max_tokens=read_integer(given.get("max_tokens", _DEFAULT_TOKENS), "max_tokens", 1),
        seed=None
        if "seed" not in given
        else read_integer(given["seed"], "seed", -(2**63), 2**63 - 1),
        logit_bias=_biases(given.get("logit_bias", {})),
        logprobs=None
        if "logprobs" not in given
        else read_integer(given["logprobs"], "logprobs", 0, 5),
        stop=_stops(given.get("stop", ())),
        **numbers,  # type: ignore[arg-type]
    )
    name = read_name(given.get("model"), "model")
    include_usage, obfuscated = _stream_options(given.get("stream_options"), streamed=streamed)
    return CompletionRequest(wanted, name, streamed, include_usage, obfuscated)


def _stream_options(value: object, *, streamed: bool) -> tuple[bool, bool]:
    """Return ``include_usage`` and ``include_obfuscation``."""
    if value is None:
        return False, False
    param = "stream_options"
    if not streamed:
        message = "stream_options is only for streams; leave it out or give stream: true"
        raise RequestError(message, param=param, code="invalid_value")
    options = read_object(value, param)

    def flag(name: str) -> bool:
        found = options.get(name)
        return found is not None and read_flag(found, f"{param}.{name}")

    return flag("include_usage"), flag("include_obfuscation")


_NUMBERS = (
    ("temperature", 0, 2),
    ("top_p", 0, 1),
    ("presence_penalty", -2, 2),
    ("frequency_penalty", -2, 2),
)


def read_prompt(value: object, encoding: Encoding) -> list[int]:
    """Read a prompt: a text, special tokens allowed, or token ids.

    Raises:
        RequestError: it is neither, empty, or has an id that the encoding does not know.

    """
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


def _stops(value: object) -> tuple[str, ...]:
    words = [value] if isinstance(value, str) else read_list(value, "stop")
    if len(words) > _MOST_STOPS:
        message = f"stop has at most {_MOST_STOPS} strings"
        raise RequestError(message, param="stop")
    return tuple(read_name(word, f"stop[{at}]") for at, word in enumerate(words))


def _biases(value: object) -> dict[int, float]:
    found: dict[int, float] = {}
    for key, bias in read_object(value, "logit_bias").items():
        digits = read_text(key, "logit_bias")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):  # noqa: PLR2004
            message = "logit_bias has a key that is no token id; keys are ids in decimal"
            raise RequestError(message, param="logit_bias")
        found[int(digits)] = read_number(bias, f"logit_bias.{digits}", -100, 100)
    return found


def completion_plan(
    asked: CompletionRequest, capabilities: Capabilities, service: Service, record: RequestRecord
) -> Plan:
    """Build the plan of engine requests.

    Raises:
        HarmoniumError: the model is unknown, a bound is passed, or the engine cannot do it.

    """
    model = service.find_model(asked.model, capabilities)
    record.on_model(model.id, stream=asked.stream)
    wanted = replace(asked.wanted, model=model.engine_name)
    return make_plan(wanted, capabilities, service, record)


class CompletionJob:
    """A text completion: in chunks, or whole.

    Args:
        asked: the request.
        plan: what is asked for, choice by choice, and of whom.
        service: the gateway's parts.
        record: what is remembered of the request.

    """

    def __init__(
        self,
        asked: CompletionRequest,
        plan: Plan,
        service: Service,
        record: RequestRecord,
    ) -> None:
        self.streamed = asked.stream
        self.is_last = False
        self._asked = asked
        self._plan = plan
        self._service = service
        self._record = record
        answer_context = service.answer_context
        self._padding = answer_context.padding if asked.obfuscated else None
        self._head: JSONObject = {
            "id": answer_context.new_id("cmpl-"),
            "object": "text_completion",
            "created": answer_context.now,
            "model": asked.model,
        }

    def pieces(
        self,
        clock: EngineClock,
        outlet: Outlet | None = None,  # noqa: ARG002  (nothing is said at once)
    ) -> AsyncGenerator[bytes, None]:
        """Return the chunks, or the completion; see `AnswerSource`."""
        readings = [
            TextDecoder(self._service.token_bytes, TextStops(self._asked.wanted.stop))
            for _ in self._plan.requests
        ]
        generation = GenerationRunner(
            self._plan.generator, self._plan.requests, readings, self._record, clock
        )
        return self._chunks(generation) if self.streamed else self._whole(generation)

    def failed(self, failure: ErrorResponse) -> bytes:
        """Return the error's event, and the stream's end."""
        return error_event(failure.error) + DONE

    async def _chunks(self, generation: GenerationRunner[str]) -> AsyncGenerator[bytes, None]:
        offsets = [0] * len(self._plan.requests)
        async with generation.opened() as pieces:
            async for piece in pieces:
                logprobs, behind = self._logprobs(piece.logprobs, offsets[piece.choice])
                offsets[piece.choice] = behind
                body = self._body([_choice(piece.choice, piece.said, logprobs, piece.finish)])
                if self._asked.include_usage:
                    body["usage"] = None
                if self._padding is not None:
                    body["obfuscation"] = obfuscation(piece.said, self._padding)
                yield _frame(body)
        end = DONE
        if self._asked.include_usage:
            end = _frame({**self._body([]), "usage": self._usage()}) + DONE
        self.is_last = True
        yield end

    async def _whole(self, generation: GenerationRunner[str]) -> AsyncGenerator[bytes, None]:
        count = len(self._plan.requests)
        texts: list[list[str]] = [[] for _ in range(count)]
        logprobs: list[list[TokenLogprob]] = [[] for _ in range(count)]
        ends: list[str | None] = [None] * count
        async with generation.opened() as pieces:
            async for piece in pieces:
                texts[piece.choice].append(piece.said)
                logprobs[piece.choice] += piece.logprobs
                ends[piece.choice] = piece.finish or ends[piece.choice]
        choices = [
            _choice(at, "".join(texts[at]), self._logprobs(logprobs[at], 0)[0], ends[at])
            for at in range(count)
        ]
        body = {**self._body(choices), "usage": self._usage()}
        yield json.dumps(body, separators=(",", ":")).encode("ascii")

    def _body(self, choices: list[JSONObject]) -> JSONObject:
        return {**self._head, "choices": choices}

    def _usage(self) -> object:
        record = self._record
        usage = TokenUsage(record.prompt_tokens or 0, record.output_tokens, 0, record.cached_tokens)
        return usage.chat()

    def _logprobs(
        self, entries: Sequence[TokenLogprob], offset: int
    ) -> tuple[JSONObject | None, int]:
        if self._asked.wanted.logprobs is None:
            return None, offset
        return text_logprobs(entries, offset, self._spell)

    def _spell(self, token: int) -> str:
        return self._service.token_bytes(token).decode("utf-8", "replace")


def text_logprobs(
    entries: Sequence[TokenLogprob], offset: int, spell: Callable[[int], str]
) -> tuple[JSONObject, int]:
    """Return the API's four lists, and where the next tokens begin in the choice's text.

    Args:
        entries: what the engine says of some tokens in a row.
        offset: how many characters of text stand before them.
        spell: gives the text of an id.

    """
    tokens = [spell(entry.token_id) for entry in entries]
    *offsets, behind = accumulate(map(len, tokens), initial=offset)
    told: JSONObject = {
        "tokens": tokens,
        "token_logprobs": [finite_logprob(entry.logprob) for entry in entries],
        "top_logprobs": [
            {spell(token): finite_logprob(value) for token, value in entry.top} for entry in entries
        ],
        "text_offset": offsets,
    }
    return told, behind


def _choice(index: int, text: str, logprobs: JSONObject | None, finish: str | None) -> JSONObject:
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish}


def _frame(body: JSONObject) -> bytes:
    return f"data: {json.dumps(body, separators=(',', ':'))}\n\n".encode("ascii")
