"""Processes: killed workers, signals twice, keys read again, one key for all workers."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.engines.server import Server
from tests.engines.servers import Said, Vllm, ids_of
from tests.gateway.running import CHAT, PATIENCE

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux")


class Serving:
    """A gateway started by its command."""

    def __init__(self, *flags, under=()):
        command = [*under, sys.executable, "-m", "harmonium", "serve", "--port", "0", *flags]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("PROMETHEUS", "HARMON"))}
        self.process = subprocess.Popen(  # noqa: S603  (our own command)
            command, stderr=subprocess.PIPE, text=True, env=clean
        )
        self.url = re.search(r"http://[\d.:]+", self.process.stderr.readline())[0]
        transport = httpx.HTTPTransport(retries=20)
        self.client = httpx.Client(base_url=self.url, transport=transport, timeout=PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def logged(self, event):
        """The next line of an event."""
        lines = (json.loads(line) for line in self.process.stderr)
        return next(line for line in lines if line["event"] == event)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=PATIENCE)

    def workers(self):
        """The processes that serve; multiprocessing starts one more, which tracks resources."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(one) for one in children if b"spawn_main" in _command_of(one)]


def _command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def until(claim):
    end = time.monotonic() + PATIENCE
    while not claim() and time.monotonic() < end:
        pass
    return claim()


def test_a_killed_worker_is_replaced_and_logged():
    with Serving("--workers", "2", "--store", "none") as served:
        served.client.get("/health/live")
        assert until(lambda: len(served.workers()) == 2)
        victim = served.workers()[0]
        os.kill(victim, signal.SIGKILL)
        assert served.logged("worker_died")["pid"] == victim
        assert served.client.post("/v1/chat/completions", json=CHAT | {"model": "demo"}).is_success
        served.stop()


def test_workers_end_with_the_process_that_started_them():
    with Serving("--workers", "2", "--store", "none") as served:
        served.client.get("/health/live")
        assert until(lambda: len(served.workers()) == 2)
        workers = served.workers()
        served.process.kill()
        assert until(lambda: not any(is_alive(pid) for pid in workers))


def test_several_workers_open_what_one_of_them_sealed():
    with Serving("--workers", "2", "--store", "none") as served:
        body = {"model": "demo", "input": "Hi", "include": ["reasoning.encrypted_content"]}
        for _ in range(4):
            first = served.client.post("/v1/responses", json=body)
            assert first.status_code == 200
            again = body | {"input": [{"role": "user", "content": "Hi"}, *first.json()["output"]]}
            assert served.client.post("/v1/responses", json=again).status_code == 200
        served.stop()


@pytest.mark.parametrize("workers", [(), ("--workers", "2", "--store", "none")])
def test_hangup_reads_the_keys_again_and_cuts_nothing(tmp_path, workers):
    old, new = "old-key-0123456789", "new-key-0123456789"
    file = tmp_path / "keys"
    file.write_text(f"{old} name=old\n")
    with Serving("--api-key-file", str(file), *workers) as served:
        assert served.client.get("/v1/models", headers={"x-api-key": old}).status_code == 200
        file.write_text(f"{new} name=new\n")
        served.process.send_signal(signal.SIGHUP)
        served.logged("keys_reloaded")
        [served.logged("keys_reloaded") for _ in workers[:1]]
        statuses = [
            served.client.get("/v1/models", headers={"x-api-key": key}).status_code
            for key in (old, new)
        ]
        served.stop()
    assert statuses == [401, 200]


@contextmanager
def an_engine_that_hangs():
    """An engine that says one word, and nothing more."""
    said = Said((tuple(ids_of("<|channel|>final<|message|>Hello")),))
    server, begun = Server(), threading.Semaphore(0)

    async def answer(_, wire):
        await wire.begin()
        await wire.send(next(Vllm().frames(said, None)))
        begun.release()
        await wire.until_left()

    async def serve(ready, stop):
        Vllm().prepare(server)
        server.on(Vllm.path, answer)
        await server.start()
        ready.set()
        await stop.wait()
        await server.stop()

    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(ready, stop),))
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield f"vllm:{server.url}", begun
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()


STREAM = CHAT | {"model": "tiny", "stream": True}
WORKERS = [(), ("--workers", "2", "--store", "none")]


@pytest.mark.parametrize("workers", WORKERS, ids=["one process", "two workers"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("pause", [0, 1])
def test_a_second_signal_ends_streams_with_their_last_event(workers, number, pause):
    with (
        an_engine_that_hangs() as (engine, begun),
        Serving("--engine", engine, "--grace-seconds", "300", *workers) as served,
        served.client.stream("POST", "/v1/chat/completions", json=STREAM) as answer,
    ):
        assert begun.acquire(timeout=PATIENCE)
        served.process.send_signal(number)
        served.logged("draining")
        time.sleep(pause)
        served.process.send_signal(number)
        events = [line for line in answer.iter_lines() if line]
        assert served.process.wait(PATIENCE) in {0, -number, 128 + number}
    assert '"code":"shutting_down"' in events[-2]
    assert events[-1] == "data: [DONE]"


def test_requests_of_a_killed_worker_run_no_more():
    with (
        an_engine_that_hangs() as (engine, begun),
        Serving("--engine", engine, "--workers", "2", "--store", "none") as served,
        served.client.stream("POST", "/v1/chat/completions", json=STREAM),
    ):
        assert begun.acquire(timeout=PATIENCE)
        assert until(lambda: running_requests(served) == 1)
        for pid in served.workers():
            os.kill(pid, signal.SIGKILL)
        assert served.logged("worker_died")
        assert served.logged("worker_died")
        assert until(lambda: running_requests(served) == 0)
        served.stop()


def running_requests(served):
    text = served.client.get("/metrics").text
    return float(re.search(r"^vllm:num_requests_running\S* (\S+)$", text, re.MULTILINE)[1])


def test_a_process_that_runs_out_of_descriptors_says_so_and_recovers():
    under = ("sh", "-c", 'ulimit -n 64; exec "$@"', "sh")
    with Serving(under=under) as served:
        served.client.get("/health/live")
        address = ("127.0.0.1", int(served.url.rpartition(":")[2]))
        clients = [socket.create_connection(address, PATIENCE) for _ in range(100)]
        assert served.logged("open_files_near_limit")["limit"] == 64
        for client in clients:
            client.close()
        assert until(lambda: served.client.get("/health/live").is_success)
        served.stop()
