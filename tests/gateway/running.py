"""Runs a real gateway on loopback, in a thread of its own, and looks inside it."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager

import httpx2 as httpx
import uvicorn

from harmonium import load_encoding
from harmonium.gateway import KeyRing, Service, Settings, create_app
from harmonium.gateway.http.server_config import BoundedConfig
from harmonium.gateway.observability.tracing import Tracing
from tests.gateway.scripted import ScriptedEngine, chunks_of

PATIENCE = 20
"""Seconds after which a condition is taken to be never met: failing tests wait so long."""


class Watching(Tracing):
    """Takes every record that has ended, in place of making spans."""

    def __init__(self):
        super().__init__(enabled=False)
        self.records = []
        self.changed = threading.Condition()

    def ended(self, record):
        with self.changed:
            self.records.append(record)
            self.changed.notify_all()


RUNNING = set()
"""The gateways that run now."""


class Running:
    """A gateway that runs; tests talk to it as any client would."""

    def __init__(self, service, engine):
        self.service = service
        self.engine = engine
        self.watching = service.tracing = Watching()
        self.loop = None
        self._server = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        self.client = httpx.Client(base_url=self.url, timeout=PATIENCE)
        RUNNING.add(self)
        return self

    def begin_to_stop(self):
        """Ask the server to end, without waiting for it."""
        self._server.should_exit = True

    def stop(self):
        RUNNING.discard(self)
        self.client.close()
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def config(self):
        """Return what the server is set up with."""
        return BoundedConfig(lambda: create_app(self.service), self.service.settings)

    def _run(self):
        config = self.config()
        self._server = uvicorn.Server(config)

        async def main():
            self.loop = asyncio.get_running_loop()
            bound = socket.create_server(("127.0.0.1", 0))
            self.port = bound.getsockname()[1]
            self.url = f"http://127.0.0.1:{self.port}"
            self._ready.set()
            await self._server.serve(sockets=[bound])

        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(main())

    @property
    def connections(self):
        return len(self._server.server_state.connections)

    @property
    def requests(self):
        """How many requests are being served."""
        return len(self._server.server_state.tasks)

    def play(self, text=None, *, each=1, finish="stop", script=None):
        """Set what the engine says from now on."""
        self.engine.script = chunks_of(text, each=each, finish=finish) if script is None else script

    def ask(self, coroutine):
        """Run a coroutine in the gateway's own loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def record(self, request_id):
        """The record of a request, once it has ended."""

        def found():
            return [one for one in self.watching.records if one.request_id == request_id]

        with self.watching.changed:
            assert self.watching.changed.wait_for(found, PATIENCE)
        return found()[0]

    def metric(self, name, **labels):
        return self.service.metrics.registry.get_sample_value(name, labels)

    def assert_nothing_is_left(self):
        """No generation, turn or delivery is left when a request has ended."""
        with self.engine.changed:
            assert self.engine.changed.wait_for(lambda: self.engine.open == 0, PATIENCE)
        assert self.ask(self._left()) == (0, 0, 0, [])

    async def _left(self):
        service = self.service
        assert await service.lifecycle.wait_idle(PATIENCE)
        ours = {"AnswerResponse._serve", "_until_gone", "GenerationRunner._run_choice"}
        names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]
        return (
            service.admission.running,
            service.admission.waiting,
            service.lifecycle.running,
            [name for name in names if name in ours],
        )


@contextmanager
def running(engine=None, keys=(), **settings):
    """Run a gateway while a test lasts."""
    engine = engine or ScriptedEngine()
    chosen = Settings(**settings)
    service = Service(chosen, load_encoding(chosen.encoding), engine, KeyRing(keys))
    gateway = Running(service, engine).start()
    try:
        yield gateway
    finally:
        gateway.stop()


CHAT = {"model": "gpt-oss-test", "messages": [{"role": "user", "content": "Hi"}]}
RESPONSES = {"model": "gpt-oss-test", "input": "Hi"}
COMPLETION = {"model": "gpt-oss-test", "prompt": "Hi"}
BODIES = {
    "/v1/chat/completions": CHAT,
    "/v1/responses": RESPONSES,
    "/v1/completions": COMPLETION,
}
