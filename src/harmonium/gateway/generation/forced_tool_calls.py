"""Tool calls that a request forces, with any engine of token ids.

The model thinks first; then the header of the call is put there for it, and it goes on with the
arguments. To whoever reads the tokens it looks as if the model had written them all.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from harmonium.encoding import Encoding
from harmonium.engines import Chunk, Engine, Finish, GenerationRequest
from harmonium.gateway.generation.structured_output import StructuredOutputEngine, put
from harmonium.model import Author, Message, Role, TextContent
from harmonium.openai import ToolChoice
from harmonium.tokens import FormatTokens

_FUNCTIONS = " to=functions"


@dataclass(frozen=True, slots=True)
class ToolCallPrefix:
    """The ids that are put into an answer so that it calls.

    Args:
        thought: what begins the thinking, behind the prompt.
        call: what begins the call, behind the thinking: up to the arguments when there is one
            tool to call, else up to the tool's name.
        format: which id plays which part.

    """

    thought: tuple[int, ...]
    call: tuple[int, ...]
    format: FormatTokens


def tool_call_prefix(
    choice: ToolChoice, free_text: frozenset[str], encoding: Encoding, profile: str
) -> ToolCallPrefix | None:
    """Return the headers that make an answer call; None when it need not.

    Args:
        choice: what must be called.
        free_text: Harmony names of the tools whose input is no JSON.
        encoding: the model's tokens.
        profile: how headers are printed.

    """
    if choice.mode != "required":
        return None
    name = choice.names[0]
    kind = None if name in free_text else "json"
    call = Message(
        Author(Role.ASSISTANT), (TextContent(""),), "commentary", f"functions.{name}", kind
    )
    thought = Message(Author(Role.ASSISTANT), (TextContent(""),), "analysis")
    written = _header(call, encoding, profile)
    if len(choice.names) > 1:
        text = encoding.decode(written)
        end = text.index(_FUNCTIONS) + len(_FUNCTIONS)
        written = encoding.encode(text[:end], allowed_special="all")
    begun = _header(thought, encoding, profile)
    prompt_end = encoding.render([], next_role="assistant", profile=profile)
    return ToolCallPrefix(tuple(begun[len(prompt_end) :]), tuple(written), encoding.format)


def final_prefix(encoding: Encoding, profile: str) -> tuple[int, ...]:
    """Return the ids that begin the answer's message, behind another."""
    answer = Message(Author(Role.ASSISTANT), (TextContent(""),), "final")
    return tuple(_header(answer, encoding, profile))


def _header(message: Message, encoding: Encoding, profile: str) -> list[int]:
    """Return a message's ids up to its content: its last is the one that ends the header."""
    ids = encoding.render([message], profile=profile, history="keep")
    return ids[: ids.index(encoding.format.message) + 1]


class ForcedToolCallEngine:
    """Generate answers that call, with an engine that does not know of it.

    Args:
        engine: who generates.
        headers: what is put into the answer.
        held: holds the arguments to their form; None leaves them to the model.

    """

    def __init__(
        self, engine: Engine, headers: ToolCallPrefix, held: StructuredOutputEngine | None = None
    ) -> None:
        self._engine = engine
        self._headers = headers
        self._held = held

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Generate one answer: thoughts, then a call; see `Engine.generate`."""
        headers, most = self._headers, request.sampling.max_tokens
        written = list(headers.thought)
        yield put(headers.thought, request)
        left = None if most is None else most - len(headers.thought) - len(headers.call)
        if left is not None and left < 1:
            yield Chunk((), finish=Finish("length"))
            return
        async with aclosing(self._think(request, written, left)) as thoughts:
            async for chunk in thoughts:
                written += chunk.token_ids
                yield chunk
                if chunk.finish is not None:
                    return
        yield put(headers.call, request)
        spent = len(written) - len(headers.thought)
        rest = None if left is None else left - spent
        if rest is not None and rest < 1:
            yield Chunk((), finish=Finish("length"))
            return
        calling = replace(
            request,
            request_id=f"{request.request_id}-call",
            prompt=(*request.prompt, *written, *headers.call),
            sampling=replace(
                request.sampling, max_tokens=rest, stop_token_ids=self._stops(request)
            ),
            constraint=None,
        )
        async with aclosing(self._call(calling, (*written, *headers.call))) as chunks:
            async for chunk in chunks:
                yield replace(chunk, cached_tokens=None)

    def _call(
        self, request: GenerationRequest, begun: tuple[int, ...]
    ) -> AsyncGenerator[Chunk, None]:
        if self._held is None:
            return self._engine.generate(request)
        return self._held.generate(request, begun)

    def _stops(self, request: GenerationRequest) -> tuple[int, ...]:
        """Return what ends thoughts and calls: models also end a call as they end a message."""
        return (self._headers.format.end, *request.sampling.stop_token_ids)

    async def _think(
        self, request: GenerationRequest, written: list[int], left: int | None
    ) -> AsyncGenerator[Chunk, None]:
        """Generate the thoughts; only where they were cut off does a chunk say how they ended."""
        end, stops = self._headers.format.end, self._stops(request)
        thinking = replace(
            request,
            prompt=(*request.prompt, *written),
            sampling=replace(request.sampling, max_tokens=left, stop_token_ids=stops),
            constraint=None,
        )
        async with aclosing(self._engine.generate(thinking)) as chunks:
            async for chunk in chunks:
                ids, finish = chunk.token_ids, chunk.finish
                if ids and ids[-1] in stops:  # the end may come in the next chunk
                    told = None if chunk.logprobs is None else chunk.logprobs[:-1]
                    chunk = replace(chunk, token_ids=ids[:-1], logprobs=told)  # noqa: PLW2901
                if finish is None or finish.reason != "stop":
                    yield chunk
                    continue
                yield replace(chunk, finish=None)
                yield put((end,), request)
