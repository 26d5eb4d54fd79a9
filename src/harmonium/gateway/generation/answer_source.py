"""The source of one answer, whatever the API: generations in, the bytes of its body out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from harmonium.gateway.errors import ErrorResponse
from harmonium.gateway.generation.pipeline import AnswerWriter, ChoiceDecoder, ChoicePipeline
from harmonium.gateway.generation.planning import Plan
from harmonium.gateway.generation.runner import GenerationRunner, Output
from harmonium.gateway.observability.request_record import RequestRecord

T = TypeVar("T")


class AnswerSource:
    """Source of one answer.

    Args:
        plan: what is asked for, choice by choice, and of whom.
        decoders: one for each choice.
        writer: writes the answer.
        record: what is remembered of the request.
        is_streaming: whether the body is a stream of frames, rather than one piece at its end.

    """

    def __init__(
        self,
        plan: Plan,
        decoders: Sequence[ChoiceDecoder[T]],
        writer: AnswerWriter[T],
        record: RequestRecord,
        *,
        is_streaming: bool,
    ) -> None:
        self.is_streaming = is_streaming
        self._plan = plan
        self._pipelines = [
            ChoicePipeline(choice, decoder, writer, record)
            for choice, decoder in enumerate(decoders)
        ]
        self._record = record
        self._fail = writer.fail
        self._end = writer.end
        self._record_answer = writer.record_answer

    async def run(self, output: Output) -> bytes:
        """Generate into the output, and return the last bytes, or the whole body.

        Raises:
            HarmoniumError: the answer cannot go on.

        """
        plan = self._plan
        runner = GenerationRunner(plan.generator, plan.requests, self._pipelines, self._record)
        try:
            last = await runner.run(output)
        finally:
            self._record_answer()
        return last + self._end()

    def fail(self, failure: ErrorResponse) -> bytes:
        """Return the frames that end a stream which has begun."""
        return self._fail(failure)
