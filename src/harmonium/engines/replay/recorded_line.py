"""One line of a file of recordings, as JSON declares it. Knows nothing of files or of engines."""

from __future__ import annotations

import msgspec

from harmonium.engines.protocol import Chunk, Finish, FinishReason, TokenLogprob
from harmonium.engines.remote.payload import Count, TokenId, clamp_logprob, payload_reader


class _Alternative(msgspec.Struct, array_like=True, gc=False):
    token: TokenId
    logprob: float | None


class _Token(_Alternative, array_like=True, gc=False):
    top: list[_Alternative]

    def logprobs(self) -> TokenLogprob:
        top = tuple((each.token, clamp_logprob(each.logprob)) for each in self.top)
        return TokenLogprob(self.token, clamp_logprob(self.logprob), top)


class _Chunk(msgspec.Struct, gc=False):
    ids: tuple[TokenId, ...] = ()
    logprobs: list[_Token] | None = None
    finish: FinishReason | None = None
    stop_token: TokenId | None = None
    cached_tokens: Count | None = None

    def to_chunk(self) -> Chunk:
        """Return the chunk that was recorded."""
        logprobs = (
            None if self.logprobs is None else tuple(each.logprobs() for each in self.logprobs)
        )
        finish = None if self.finish is None else Finish(self.finish, self.stop_token)
        return Chunk(self.ids, logprobs, finish, self.cached_tokens)


class RecordedLine(msgspec.Struct, gc=False):
    """A generation: see `Recording`, which this becomes."""

    prompt: tuple[TokenId, ...] = ()
    chunks: tuple[_Chunk, ...] = ()
    error: str | None = None
    model: str = ""


read_line = payload_reader(RecordedLine)
