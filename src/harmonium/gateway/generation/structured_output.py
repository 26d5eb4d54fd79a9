"""Structured output with any engine that can constrain a whole completion.

An engine's constraint holds for a whole completion, in which the model could write no header. So
the model writes freely up to where a message's text begins; where that text has a form, the rest is
a completion of its own, with the constraint. To whoever reads the tokens it looks like one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from harmonium.encoding import Encoding
from harmonium.engines import Chunk, Constraint, Engine, Finish, GenerationRequest, TokenLogprob
from harmonium.errors import EngineBrokenError
from harmonium.openai import FUNCTIONS
from harmonium.parse import Event, MessageStarted

_MOST_MESSAGES = 64
"""Messages of one answer; each is a request to the engine. Real answers have two or three."""

_NEVER = -100.0


@dataclass(frozen=True, slots=True)
class MessageConstraints:
    """The constraints on messages.

    Args:
        final: the answer's form; None leaves it free.
        calls: recipient -> the form of what it is sent; recipients are functions.
        header: the ids of the answer's header: put there for a model that ends without an answer.

    """

    final: Constraint | None = None
    calls: Mapping[str, Constraint] = field(default_factory=dict)
    header: tuple[int, ...] = ()

    def of(self, message: MessageStarted | None) -> Constraint | None:
        """Return the form of a message whose header is complete."""
        if message is None:
            return None
        if message.recipient is not None:
            return self.calls.get(message.recipient)
        return self.final if message.channel == "final" else None


class StructuredOutputEngine:
    """Generate answers whose messages have the forms that are asked for.

    Args:
        engine: who generates; it knows the constraints.
        forms: which message has which form.
        encoding: the model's tokens.

    """

    def __init__(self, engine: Engine, forms: MessageConstraints, encoding: Encoding) -> None:
        self._engine = engine
        self._forms = forms
        self._encoding = encoding
        self._message = encoding.format.message

    @property
    def name(self) -> str:
        """The engine's name."""
        return self._engine.name

    async def generate(
        self, request: GenerationRequest, begun: Sequence[int] = ()
    ) -> AsyncGenerator[Chunk, None]:
        """Generate one answer; see `Engine.generate`.

        Args:
            request: what to go on from, and how.
            begun: what the end of the prompt already holds of the answer.

        Raises:
            EngineError: as the engine; or the model begins message after message.

        """
        tools = [name.removeprefix(FUNCTIONS) for name in self._forms.calls]
        parser, written = self._encoding.parser(tools=tools), list[int]()
        opened = _opened(parser.feed(begun))
        for number in range(_MOST_MESSAGES):
            form = self._forms.of(opened)
            part = self._part(request, written, number, form)
            if part is None:
                yield Chunk((), finish=Finish("length"))
                return
            ids, is_last = list[int](), False
            async with aclosing(self._write(part)) as chunks:
                async for chunk in chunks:
                    ids += chunk.token_ids
                    is_last = chunk.finish is not None
                    yield chunk if not number else replace(chunk, cached_tokens=None)
            if is_last:
                return
            written += ids
            opened = _opened(parser.feed(ids))
        message = f"the model began {_MOST_MESSAGES} messages, and none was its answer"
        raise EngineBrokenError(message, engine=self.name)

    def _write(self, part: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        held = part.constraint is not None
        return self._engine.generate(part) if held else self._write_freely(part)

    async def _write_freely(self, part: GenerationRequest) -> AsyncGenerator[Chunk, None]:
        """Return what the model writes freely; without a finish, a message's text begins behind it.

        A model that ends without an answer, where one is asked for, is given the answer's header.
        """
        stop, ids = self._encoding.format.return_, list[int]()
        async with aclosing(self._engine.generate(part)) as chunks:
            async for chunk in chunks:
                ids += chunk.token_ids
                if self._forms.header and chunk.token_ids[-1:] == (stop,):
                    chunk = _cut(chunk)  # noqa: PLW2901  (what follows it is not known yet)
                if chunk.finish is None or chunk.finish.reason != "stop":
                    yield chunk
                    continue
                last = ids[-1] if ids else chunk.finish.stop_token
                for one in self._ended(chunk, last, part, len(ids)):
                    yield one

    def _ended(
        self, chunk: Chunk, last: int | None, part: GenerationRequest, spent: int
    ) -> Sequence[Chunk]:
        """Return the last chunk of what was written freely, and what is put behind it."""
        format_, header, most = self._encoding.format, self._forms.header, part.sampling.max_tokens
        if last == format_.message:
            return [replace(chunk, finish=None)]
        if not header or last != format_.return_:
            return [chunk]
        if most is not None and spent + len(header) >= most:
            return [replace(chunk, finish=Finish("length"))]
        return [replace(chunk, finish=None), put((format_.end, *header), part)]

    def _part(
        self,
        request: GenerationRequest,
        written: Sequence[int],
        number: int,
        form: Constraint | None,
    ) -> GenerationRequest | None:
        """Return the request for what follows; None when there is no room for more."""
        sampling = request.sampling
        left = None if sampling.max_tokens is None else sampling.max_tokens - len(written)
        if left is not None and left < 1:
            return None
        if form is None:
            stops = (*sampling.stop_token_ids, self._message)
            sampling = replace(sampling, max_tokens=left, stop_token_ids=stops)
        else:
            bias = {**(sampling.logit_bias or {}), **self._banned(sampling.stop_token_ids)}
            sampling = replace(sampling, max_tokens=left, logit_bias=bias)
        return replace(
            request,
            request_id=f"{request.request_id}-{number}",
            prompt=(*request.prompt, *written),
            sampling=sampling,
            constraint=form,
        )

    def _banned(self, stops: Iterable[int]) -> dict[int, float]:
        """Keep markers out of strings: to an engine's grammar they are the text they spell."""
        named = self._encoding.special_tokens.items()
        markers = {token for name, token in named if "reserved" not in name}
        return dict.fromkeys(sorted(markers.difference(stops)), _NEVER)


def _cut(chunk: Chunk) -> Chunk:
    """Return a chunk without its last id."""
    told = None if chunk.logprobs is None else chunk.logprobs[:-1]
    return replace(chunk, token_ids=chunk.token_ids[:-1], logprobs=told)


def put(ids: tuple[int, ...], request: GenerationRequest) -> Chunk:
    """Return ids that nobody had to choose: each as sure as can be."""
    if request.sampling.logprobs is None:
        return Chunk(ids)
    return Chunk(ids, tuple(TokenLogprob(one, 0.0) for one in ids))


def _opened(events: Sequence[Event]) -> MessageStarted | None:
    """Return the message that was begun last, and whose text has not begun."""
    last = events[-1] if events else None
    return last if isinstance(last, MessageStarted) else None
