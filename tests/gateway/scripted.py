"""An engine that plays a script: ids, holds, faults; it knows which generations are open."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from dataclasses import dataclass, field

from harmonium import load_encoding
from harmonium.engines.protocol import Capabilities, Chunk, Finish

ENCODING = load_encoding()
ANSWER = (
    "<|channel|>analysis<|message|>Think.<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Hello there.<|return|>"
)
FULL = Capabilities(
    models=("gpt-oss-test",),
    max_context=4096,
    constraints=frozenset({"json_object", "json_schema"}),
    logprobs=5,
)


def ids_of(text):
    return ENCODING.encode(text, allowed_special="all")


def chunks_of(text, *, each=1, finish="stop"):
    """The steps that say a text, so many ids a chunk, and end."""
    ids = ids_of(text)
    pieces = [tuple(ids[at : at + each]) for at in range(0, len(ids), each)]
    steps = [Chunk(piece) for piece in pieces[:-1]]
    return [*steps, Chunk(pieces[-1], finish=Finish(finish, pieces[-1][-1]))]


class Hold:
    """A step that waits until the test lets go, or for ever."""

    def __init__(self):
        self._loop = None
        self._event = None
        self.reached = threading.Event()

    async def wait(self):
        self._loop, self._event = asyncio.get_running_loop(), asyncio.Event()
        self.reached.set()
        await self._event.wait()

    def release(self):
        self._loop.call_soon_threadsafe(self._event.set)


@dataclass
class ScriptedEngine:
    """Plays ``script`` for every request; errors in it are raised."""

    script: list = field(default_factory=lambda: chunks_of(ANSWER))
    can: Capabilities = FULL
    name: str = "scripted"
    ill: Exception | None = None
    requests: list = field(default_factory=list)
    opened: int = 0
    ended: int = 0
    given: int = 0
    is_closed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def open(self):
        return self.opened - self.ended

    async def capabilities(self):
        if isinstance(self.can, Exception):
            raise self.can
        return self.can

    async def generate(self, request):
        self.requests.append(request)
        self._count("opened")
        try:
            for step in list(self.script):
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, Hold):
                    await step.wait()
                    continue
                self.given += 1
                yield step
        finally:
            self._count("ended")

    async def generate_quickly(self, request, take):
        """Offer what is plain to `take`, as engines behind HTTP do: behind a first chunk."""
        may_take = False
        async with aclosing(self.generate(request)) as chunks:
            async for chunk in chunks:
                plain = chunk.logprobs is None and chunk.finish is None and bool(chunk.token_ids)
                if may_take and take is not None and plain and take(chunk.token_ids):
                    continue
                yield chunk
                may_take = True

    async def abort(self, request_id):
        pass

    async def check(self):
        if self.ill is not None:
            raise self.ill

    async def aclose(self):
        self.is_closed = True

    def _count(self, what):
        with self.changed:
            setattr(self, what, getattr(self, what) + 1)
            self.changed.notify_all()
