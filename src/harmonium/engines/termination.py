"""The end of a generation: once, at a stop id or at the token limit, whatever the server sends.

Knows nothing of servers. It also finds the stop id that a server left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from harmonium.engines.protocol import Chunk, Finish, FinishReason, GenerationRequest, TokenLogprob
from harmonium.engines.remote.dialect import StreamDelta
from harmonium.errors import EngineProtocolError, UnknownTokenError
from harmonium.tokens import HARMONY_FORMAT, Tokenizer, load_tokenizer

_END_OF_TEXT = "<|endoftext|>"
"""The third token at which these models end, beside those of the format."""


def end_tokens(request: GenerationRequest, tokenizer: Tokenizer) -> frozenset[int]:
    """Return the ids at which a model may end a generation: the request's, and the end of text."""
    end_of_text = tokenizer.special_tokens.get(_END_OF_TEXT)
    ends = frozenset(request.sampling.stop_token_ids)
    return ends if end_of_text is None else ends | {end_of_text}


class StopTracker:
    """Turn deltas into chunks, and track the one end.

    Ids behind the first stop id, or over ``max_tokens``, are dropped: a server that ignores either
    cannot make an answer longer. A second end changes nothing. An id that the server left out has
    log probability 0: that it ended there is certain.

    Args:
        request: what was asked for.
        infers_stop: append the id that ended the generation when the server leaves it out:
            ``<|call|>`` when the open message has a recipient, else ``<|return|>``.
        tokenizer: the model's; o200k_harmony's when None.

    """

    def __init__(
        self,
        request: GenerationRequest,
        *,
        infers_stop: bool = False,
        tokenizer: Tokenizer | None = None,
    ) -> None:
        sampling = request.sampling
        tokenizer = tokenizer or load_tokenizer()
        self.finish: Finish | None = None
        self.cached_tokens: int | None = None
        self._stops = frozenset(sampling.stop_token_ids)
        self._room = sampling.max_tokens
        self._wants_logprobs = sampling.logprobs is not None
        self._header = _OpenHeader(request.prompt, tokenizer) if infers_stop else None
        self._ends = end_tokens(request, tokenizer)
        self._last: int | None = None

    def apply(self, delta: StreamDelta) -> Chunk | None:
        """Return the chunk a delta makes, without its end; None when it adds no ids."""
        ids, logprobs, reason, stop_token, cached_tokens = delta
        if cached_tokens is not None:
            self.cached_tokens = cached_tokens
        if self.finish is not None:
            return None
        if logprobs is None and reason is None and self._is_plain(ids):
            if self._room is not None:
                self._room -= len(ids)
            self._last = ids[-1]
            return Chunk(ids, None, None, self.cached_tokens)
        kept, self.finish = self._cut(ids)
        added: tuple[int, ...] = ()
        if self.finish is None and reason is not None:
            added, self.finish = self._end(reason, stop_token)
        return self._chunk(delta, kept, added)

    def final_chunk(self) -> Chunk:
        """Return the chunk that ends the generation; it has ended (`finish` is set)."""
        return Chunk((), () if self._wants_logprobs else None, self.finish, self.cached_tokens)

    def _is_plain(self, ids: tuple[int, ...]) -> bool:
        """Return whether there are ids, none is to be cut, none is the end: nearly always so."""
        fits = self._room is None or len(ids) < self._room
        return (
            bool(ids)
            and fits
            and not self._wants_logprobs
            and self._header is None
            and self._stops.isdisjoint(ids)
        )

    def _cut(self, ids: tuple[int, ...]) -> tuple[tuple[int, ...], Finish | None]:
        """Drop what lies behind the end, and give the end where there is one."""
        finish: Finish | None = None
        if self._room is not None and len(ids) >= self._room:
            ids, finish = ids[: self._room], Finish("length")
        if not self._stops.isdisjoint(ids):
            place = next(at for at, token in enumerate(ids) if token in self._stops)
            ids, finish = ids[: place + 1], Finish("stop", ids[place])
        if self._room is not None:
            self._room -= len(ids)
        if ids:
            self._last = ids[-1]
        if self._header is not None:
            self._header.take(ids)
        return ids, finish

    def _end(self, reason: FinishReason, told: int | None) -> tuple[tuple[int, ...], Finish]:
        """Return the ids to append for an end that the server tells, and the end."""
        if reason != "stop":
            return (), Finish(reason)
        if self._last is not None and self._last in self._ends:
            return (), Finish("stop", self._last)
        missing = told if told in self._stops else None
        if missing is None and self._header is not None:
            missing = self._header.stop_token
        return () if missing is None else (missing,), Finish("stop", missing)

    def _chunk(
        self, delta: StreamDelta, kept: tuple[int, ...], added: tuple[int, ...]
    ) -> Chunk | None:
        ids = kept + added
        if not ids:
            return None
        if not self._wants_logprobs:
            return Chunk(ids, cached_tokens=self.cached_tokens)
        known = delta.logprobs or ()
        if len(known) != len(delta.token_ids):
            message = f"the engine sent {len(known)} log probabilities for {len(ids)} tokens"
            raise EngineProtocolError(message)
        certain = tuple([TokenLogprob(token, 0.0) for token in added])
        return Chunk(ids, known[: len(kept)] + certain, cached_tokens=self.cached_tokens)


class _OpenHeader:
    """Remember the header of the message that is being written."""

    def __init__(self, prompt: Sequence[int], tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._format = tokenizer.format or HARMONY_FORMAT
        self._ids: list[int] = []
        self._is_open = True
        self.take(_since_last(self._format.start, prompt))

    def take(self, ids: Sequence[int]) -> None:
        for token in ids:
            if token == self._format.start:
                self._ids, self._is_open = [], True
            elif token == self._format.message:
                self._is_open = False
            elif self._is_open:
                self._ids.append(token)

    @property
    def stop_token(self) -> int:
        try:
            header = self._tokenizer.decode_bytes(self._ids)
        except UnknownTokenError:
            return self._format.return_
        return self._format.call if b"to=" in header else self._format.return_


def _since_last(start: int, prompt: Sequence[int]) -> Sequence[int]:
    """Return what follows the last start token of a prompt; all of it where there is none."""
    for place in range(len(prompt) - 1, -1, -1):
        if prompt[place] == start:
            return prompt[place + 1 :]
    return prompt
