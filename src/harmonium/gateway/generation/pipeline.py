"""The way of one choice's tokens: ids to events, events to the bytes of the answer.

Theory of operation. `ChoicePipeline.feed` is synchronous and pure: a chunk in, bytes out. Both
drivers call it: the task that reads an engine's chunks, and the connection that an engine's bytes
arrive on, in the call that reads them. What decides between text that goes on and everything else
stands inside the parser and inside the API's stream, so there is one way through this file.

Knows nothing of engines, and nothing of what an API's frames look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from harmonium.engines import Chunk, Finish, TokenLogprob
from harmonium.errors import EngineBrokenError
from harmonium.gateway.errors import ErrorResponse
from harmonium.gateway.observability.request_record import RequestRecord
from harmonium.openai import EngineFinish

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class ChoiceDecoder(Protocol[T_co]):
    """Decoder of one choice's ids."""

    @property
    def stopped(self) -> bool:
        """Whether a stop string has ended the choice."""

    def feed(self, ids: Sequence[int], *, last: bool) -> T_co:
        """Process the next ids and return their content."""


class AnswerWriter(Protocol[T_contra]):
    """Writer of one API's answer: in frames, as it comes, or whole, at its end."""

    def feed(
        self,
        choice: int,
        content: T_contra,
        logprobs: Sequence[TokenLogprob],
        finish: EngineFinish | None,
    ) -> bytes:
        """Return the frames of some content of a choice, and of its end where it has ended."""

    def end(self) -> bytes:
        """Return what comes behind all choices: the end of the stream, or the whole body."""

    def fail(self, failure: ErrorResponse) -> bytes:
        """Return the frames that end a stream because of an error."""

    def record_answer(self) -> None:
        """Record what was repaired, and how much was reasoning; may be called several times."""


class ChoicePipeline:
    """Pipeline of one choice.

    Args:
        choice: its index.
        decoder: reads its ids.
        writer: writes the answer.
        record: counts tokens.

    """

    __slots__ = ("_choice", "_decoder", "_record", "_writer", "finish")

    def __init__(
        self, choice: int, decoder: ChoiceDecoder[T], writer: AnswerWriter[T], record: RequestRecord
    ) -> None:
        self._choice = choice
        self._decoder: ChoiceDecoder[object] = decoder
        self._writer: AnswerWriter[object] = writer  # type: ignore[assignment]  # of the same T
        self._record = record
        self.finish: EngineFinish | None = None
        """Why the choice ended, once it has: the engine's reason, or a stop string's."""

    def feed(self, chunk: Chunk) -> bytes:
        """Process a chunk and return the bytes that it adds to the answer.

        Raises:
            HarmoniumError: the engine gave up, or the ids deviate under the strict policy.

        """
        ids, record, decoder = chunk.token_ids, self._record, self._decoder
        record.on_tokens(len(ids), chunk.cached_tokens)
        if chunk.engine is not None:
            record.on_engine(chunk.engine)
        if chunk.finish is not None:
            self.finish = _reason(chunk.finish, record.engine)
        content = decoder.feed(ids, last=self.finish is not None)
        if decoder.stopped:
            self.finish = "stop"
        if self.finish is not None:
            record.on_finish(self.finish)
        return self._writer.feed(self._choice, content, chunk.logprobs or (), self.finish)


def _reason(finish: Finish, engine: str | None) -> EngineFinish:
    if finish.reason == "stop" or finish.reason == "length":  # noqa: PLR1714  (narrows the type)
        return finish.reason
    message = f"the engine aborted the generation ({finish.reason}); try again"
    raise EngineBrokenError(message, engine=engine)
