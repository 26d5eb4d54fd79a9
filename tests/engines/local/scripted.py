"""A runtime without a model: it plays what it is told to, and remembers what it was asked."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from harmonium.engines import Capabilities, TokenLogprob
from harmonium.engines.local.runtime import Generation, GenerationCancelled, Token

CONTEXT = 100
VOCABULARY = 201_088


@dataclass
class Player:
    """Play `ids`; before the token at `pauses_at`, wait until `go_on` is set or nobody listens."""

    ids: tuple[int, ...] = ()
    pauses_at: int | None = None
    fails_at: int | None = None
    failure: Exception | None = None
    cached: int | None = None
    go_on: threading.Event = field(default_factory=threading.Event)
    paused: threading.Event = field(default_factory=threading.Event)
    closed: threading.Event = field(default_factory=threading.Event)
    made: int = 0
    loads: int = 0
    threads: set = field(default_factory=set)
    running: int = 0
    vocabulary: int = VOCABULARY

    def load(self, _name):
        self.loads += 1
        self.threads.add(threading.get_ident())
        return self

    def capabilities(self):
        return Capabilities(models=("player",), max_context=CONTEXT, logprobs=5)

    def start(self, request, _room, interest):
        return Generation(self._tokens(request, interest), self.cached)

    def _tokens(self, request, interest):
        self.threads.add(threading.get_ident())
        self.running += 1
        assert self.running == 1, "one generation at a time"
        interest.on_cancel(self.go_on.set)
        try:
            for at, token in enumerate(self.ids):
                self._meet(at, interest)
                self.made += 1
                yield Token(token, self._logprob(token, request))
        finally:
            self.running -= 1

    def _meet(self, at, interest):
        if at == self.fails_at:
            message = "the library's own words, which may quote a prompt"
            raise self.failure or RuntimeError(message)
        if at == self.pauses_at:
            self.paused.set()
            self.go_on.wait()
            if interest.is_cancelled():
                raise GenerationCancelled

    def _logprob(self, token, request):
        most = request.sampling.logprobs
        return None if most is None else TokenLogprob(token, -0.5, ((token, -0.5),)[:most])

    def close(self):
        self.closed.set()
