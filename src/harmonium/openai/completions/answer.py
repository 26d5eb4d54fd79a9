"""Text completions written: chunk by chunk, or whole; both from the same pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple

from harmonium.json_types import JSONObject
from harmonium.openai.answers.context import AnswerContext
from harmonium.openai.answers.finish import EngineFinish
from harmonium.openai.answers.logprobs import finite_logprob
from harmonium.openai.answers.obfuscation import obfuscation
from harmonium.openai.answers.sse import data_event
from harmonium.openai.answers.usage import TokenUsage
from harmonium.openai.completions.request import CompletionRequest


class CompletionTokenLogprob(NamedTuple):
    """The log probability of a token, by its id; ``top`` holds alternatives, likeliest first."""

    token_id: int
    logprob: float
    top: Sequence[tuple[int, float]] = ()


Spelling = Callable[[int], str]
"""Returns the text of a token id."""


def completion_logprobs(
    entries: Iterable[CompletionTokenLogprob], offset: int, spell: Spelling
) -> tuple[JSONObject, int]:
    """Return the API's four lists, and where the next tokens begin in the choice's text.

    Args:
        entries: the tokens in a row.
        offset: how many characters of text stand before them.
        spell: returns the text of an id.

    """
    known = tuple(entries)
    tokens = [spell(entry.token_id) for entry in known]
    *offsets, behind = accumulate(map(len, tokens), initial=offset)
    fields: JSONObject = {
        "tokens": tokens,
        "token_logprobs": [finite_logprob(entry.logprob) for entry in known],
        "top_logprobs": [
            {spell(token): finite_logprob(value) for token, value in entry.top} for entry in known
        ],
        "text_offset": offsets,
    }
    return fields, behind


class _Completions:
    """What a streamed and a whole answer have in common."""

    def __init__(
        self, request: CompletionRequest, answer_context: AnswerContext, spell: Spelling
    ) -> None:
        self._request = request
        self._spell = spell
        self._head: JSONObject = {
            "id": answer_context.new_id("cmpl-"),
            "object": "text_completion",
            "created": answer_context.now,
            "model": request.model,
        }

    def _body(self, choices: list[JSONObject]) -> JSONObject:
        return {**self._head, "choices": choices}

    def _logprobs(
        self, entries: Iterable[CompletionTokenLogprob], offset: int
    ) -> tuple[JSONObject | None, int]:
        if self._request.logprobs is None:
            return None, offset
        return completion_logprobs(entries, offset, self._spell)


class CompletionStream(_Completions):
    """Write the text of each choice as server-sent events; end it with ``DONE``.

    Args:
        request: the request answered.
        answer_context: the time, where ids come from, and the padding.
        spell: returns the text of a token id, for log probabilities.

    """

    def __init__(
        self, request: CompletionRequest, answer_context: AnswerContext, spell: Spelling
    ) -> None:
        super().__init__(request, answer_context, spell)
        options = request.stream_options
        self._include_usage = options.include_usage
        self._padding = answer_context.padding if options.include_obfuscation else None
        self._offsets = [0] * request.n

    def feed(
        self,
        text: str,
        choice: int = 0,
        logprobs: Iterable[CompletionTokenLogprob] = (),
        finish: EngineFinish | None = None,
    ) -> bytes:
        """Return the event of a piece of text; `finish` is given with a choice's last."""
        entry, self._offsets[choice] = self._logprobs(logprobs, self._offsets[choice])
        body = self._body([_choice(choice, text, entry, finish)])
        if self._include_usage:
            body["usage"] = None
        if self._padding is not None:
            body["obfuscation"] = obfuscation(text, self._padding)
        return data_event(body)

    def end(self, usage: TokenUsage) -> bytes:
        """Return the event with the usage, if the request asked for it."""
        return data_event({**self._body([]), "usage": usage.chat()}) if self._include_usage else b""


class CompletionAnswer(_Completions):
    """Add up the text of each choice to one whole answer; see `CompletionStream`."""

    def __init__(
        self, request: CompletionRequest, answer_context: AnswerContext, spell: Spelling
    ) -> None:
        super().__init__(request, answer_context, spell)
        choices = range(request.n)
        self._texts: list[list[str]] = [[] for _ in choices]
        self._entries: list[list[CompletionTokenLogprob]] = [[] for _ in choices]
        self._finishes: list[EngineFinish | None] = [None for _ in choices]

    def feed(
        self,
        text: str,
        choice: int = 0,
        logprobs: Iterable[CompletionTokenLogprob] = (),
        finish: EngineFinish | None = None,
    ) -> None:
        """Add a piece of text; `finish` is given with a choice's last."""
        self._texts[choice].append(text)
        self._entries[choice] += logprobs
        self._finishes[choice] = finish or self._finishes[choice]

    def to_dict(self, usage: TokenUsage) -> JSONObject:
        """Return the answer as JSON."""
        choices = [
            _choice(at, "".join(texts), self._logprobs(self._entries[at], 0)[0], self._finishes[at])
            for at, texts in enumerate(self._texts)
        ]
        return {**self._body(choices), "usage": usage.chat()}


def _choice(
    index: int, text: str, logprobs: JSONObject | None, finish: EngineFinish | None
) -> JSONObject:
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish}
