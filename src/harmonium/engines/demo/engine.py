"""The demo engine: a scripted reply cut into chunks. Does not know what the reply says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from harmonium.encoding import load_encoding
from harmonium.engines.capability_check import check_supported
from harmonium.engines.demo.prompt_reader import read_prompt
from harmonium.engines.demo.reply import check_fault, reply
from harmonium.engines.protocol import Capabilities, Chunk, GenerationRequest, TokenLogprob
from harmonium.engines.remote.dialect import StreamDelta
from harmonium.engines.termination import StopTracker
from harmonium.errors import EngineUnavailableError

_MAX_LOGPROBS = 20
_MODEL = "demo"


class DemoEngine:
    """A stand-in for a model: valid Harmony, always the same for the same prompt.

    It writes a line of reasoning, then calls a declared tool with arguments of the right types, or
    answers: with the tool's result, with JSON of the schema that is asked for, or by repeating the
    user. Every answer in free text says that there is no model.

    Args:
        fault: the name of a malformed output (see `harmonium.testing.malformed_cases`), or of a
            category of them, to write in place of every answer.
        encoding: the encoding of prompts and replies.

    Raises:
        InvalidInputError: there is no such fault (``unknown_fault``).

    Example:
        >>> DemoEngine().name
        'demo'

    """

    bounds_waits = True
    """It waits for nothing; see `bound_waits`."""

    def __init__(self, fault: str | None = None, *, encoding: str = "o200k_harmony") -> None:
        if fault is not None:
            check_fault(fault)
        self._encoding = load_encoding(encoding)
        self._fault = fault
        self._running: dict[str, bool] = {}
        self._is_closed = False

    @property
    def name(self) -> str:
        """The word ``demo``."""
        return "demo"

    async def capabilities(self) -> Capabilities:
        """Return capabilities that say no model is present."""
        return Capabilities(
            models=(_MODEL,),
            max_context=131_072,
            constraints=frozenset({"json_object", "json_schema"}),
            logprobs=_MAX_LOGPROBS,
            is_simulated=True,
        )

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate the reply, one token per chunk; see `Engine.generate`."""
        if self._is_closed:
            message = "the demo engine is closed; open a new one"
            raise EngineUnavailableError(message, engine=self.name)
        check_supported(request, await self.capabilities())
        context = read_prompt(request.prompt, request.constraint, self._encoding)
        stops = StopTracker(request, tokenizer=self._encoding.tokenizer)
        self._running[request.request_id] = True
        try:
            for token in reply(context, self._encoding, self._fault):
                await asyncio.sleep(0)
                chunk = stops.apply(self._delta(token, request))
                if chunk is not None:
                    yield chunk
                if stops.finish is not None:
                    break
            stops.apply(StreamDelta(reason="stop"))
            yield stops.final_chunk()
        finally:
            self._running.pop(request.request_id, None)

    async def abort(self, request_id: str) -> None:
        """End a generation at its next token."""
        if request_id in self._running:
            self._running[request_id] = False

    async def check(self) -> None:
        """Check that it is not closed.

        Raises:
            EngineUnavailableError: it is closed.

        """
        if self._is_closed:
            message = "the demo engine is closed; open a new one"
            raise EngineUnavailableError(message, engine=self.name)

    async def aclose(self) -> None:
        """Close the engine; it generates nothing from then on."""
        self._is_closed = True

    def _delta(self, token: int, request: GenerationRequest) -> StreamDelta:
        if not self._running.get(request.request_id, True):
            return StreamDelta(reason="abort")
        if request.sampling.logprobs is None:
            return StreamDelta((token,))
        top = ((token, 0.0),)[: request.sampling.logprobs]
        return StreamDelta((token,), (TokenLogprob(token, 0.0, top),))
