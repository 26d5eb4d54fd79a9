"""Measurements of what the gateway is built on: HTTP servers and JSON encoders.

Usage: python -m benchmarks.http_servers [STREAMS]. Every server that is installed runs the same
small ASGI application in one process: streams of server-sent events, one write a frame, as fast as
they go; and short answers to the request of a usual client, one after another on each connection.
Our own connections stand among the servers, under the name of harmonium. Counted is the processor
time of the server, not the clock, so that a busy machine and the client's own work matter little.
JSON is read and written in this process.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path

FRAMES = 2_000
ROUNDS = 5
FRAME = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":0,"model":"gpt-oss",'
    b'"choices":[{"index":0,"delta":{"content":" a"},"logprobs":null,"finish_reason":null}]}\n\n'
)
_HEADERS = [(b"content-type", b"text/event-stream")]
_HERE = "benchmarks.http_servers:app"
REQUESTS = 300
SHORT = b'{"status":"ok"}'
_SHORT_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"15")]
_ASK = (
    b"POST /short HTTP/1.1\r\nHost: localhost:8000\r\nAccept-Encoding: gzip, deflate\r\n"
    b"Connection: keep-alive\r\nUser-Agent: AsyncOpenAI/Python 1.0\r\nAccept: application/json\r\n"
    b"Authorization: Bearer 0123456789abcdef\r\nContent-Type: application/json\r\n"
    b"X-Stainless-Lang: python\r\nX-Stainless-Runtime: CPython\r\nContent-Length: 300\r\n\r\n"
) + b" " * 300
SERVERS: dict[str, list[str]] = {
    "uvicorn": ["uvicorn", _HERE, "--log-level", "warning", "--no-access-log", "--port"],
    "granian": ["granian", _HERE, "--interface", "asgi", "--log-level", "warning", "--port"],
    "hypercorn": ["hypercorn", _HERE, "--worker-class", "uvloop", "--log-level", "WARNING"],
    "harmonium": ["benchmarks.http_servers", "--serve"],
}
Message = MutableMapping[str, object]


async def app(
    scope: Message, receive: Callable[[], object], send: Callable[[Message], object]
) -> None:
    """Answer a request with a stream of frames, or shortly."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":  # type: ignore[misc]
            await send({"type": "lifespan.startup.complete"})  # type: ignore[misc]
        await send({"type": "lifespan.shutdown.complete"})  # type: ignore[misc]
        return
    while (await receive()).get("more_body"):  # type: ignore[misc]
        pass
    if scope["path"] == "/short":
        start = {"type": "http.response.start", "status": 200, "headers": _SHORT_HEADERS}
        await send(start)  # type: ignore[misc]
        await send({"type": "http.response.body", "body": SHORT})  # type: ignore[misc]
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})  # type: ignore[misc]
    for _ in range(FRAMES):
        await send({"type": "http.response.body", "body": FRAME, "more_body": True})  # type: ignore[misc]
        await asyncio.sleep(0)
    await send({"type": "http.response.body", "body": b""})  # type: ignore[misc]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(below for child in children for below in _tree(int(child)))]


def _cpu_seconds(pid: int) -> float:
    ticks = 0
    for one in _tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _memory_mib(pid: int) -> float:
    pages = (int(Path(f"/proc/{one}/statm").read_text("ascii").split()[1]) for one in _tree(pid))
    return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20


async def _read_stream(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    size = 0
    while piece := await reader.read(2**16):
        size += len(piece)
    writer.close()
    if size < FRAMES * len(FRAME):
        message = f"a stream ended after {size} bytes"
        raise RuntimeError(message)


async def _ask_often(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(REQUESTS):
        writer.write(_ASK)
        await reader.readuntil(SHORT)
    writer.close()


def _rate(server: int, count: int, load: Callable[[], Awaitable[None]], clients: int) -> float:
    """Return how much is done in a second of the server's processor, `count` for each client."""

    async def all_clients() -> None:
        await asyncio.gather(*(load() for _ in range(clients)))

    asyncio.run(all_clients())
    rates = []
    for _ in range(ROUNDS):
        before = _cpu_seconds(server)
        asyncio.run(all_clients())
        rates.append(clients * count / (_cpu_seconds(server) - before))
    return statistics.median(rates)


def _wait_until_open(port: int) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    message = "the server did not start"
    raise RuntimeError(message)


def _measure(name: str, streams: int) -> str:
    port = _free_port()
    place = ["--bind", f"127.0.0.1:{port}"] if name == "hypercorn" else [str(port)]
    command = [sys.executable, "-m", *SERVERS[name], *place]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_until_open(port)
            frames = _rate(server.pid, FRAMES, lambda: _read_stream(port), streams)
            answers = _rate(server.pid, REQUESTS, lambda: _ask_often(port), streams)
            memory = _memory_mib(server.pid)
        finally:
            server.terminate()
    return f"{frames:10,.0f} frames, {answers:7,.0f} short answers a CPU second, {memory:6.1f} MiB"


def _body() -> bytes:
    said = "The quick brown fox jumps over the lazy dog. " * 8
    turns = [{"role": ("user", "assistant")[n % 2], "content": said} for n in range(100)]
    schema = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(10)}}
    tools = [{"type": "function", "function": {"name": f"f{n}", "parameters": schema}}
             for n in range(10)]  # fmt: skip
    return json.dumps({"model": "gpt-oss", "messages": turns, "tools": tools}).encode()


def _codecs() -> Iterable[tuple[str, Callable[[bytes], object], Callable[[object], bytes]]]:
    yield "json", json.loads, lambda value: json.dumps(value, separators=(",", ":")).encode()
    if importlib.util.find_spec("orjson"):
        import orjson  # noqa: PLC0415

        yield "orjson", orjson.loads, orjson.dumps
    if importlib.util.find_spec("msgspec"):
        import msgspec  # noqa: PLC0415

        yield "msgspec", msgspec.json.decode, msgspec.json.encode


def _best_microseconds(work: Callable[[], object]) -> float:
    def once() -> float:
        before = time.process_time_ns()
        for _ in range(50):
            work()
        return (time.process_time_ns() - before) / 50_000

    return min(once() for _ in range(9))


def _serve(port: int) -> None:
    import uvicorn  # noqa: PLC0415

    from harmonium.gateway import Settings  # noqa: PLC0415
    from harmonium.gateway.http.server_config import BoundedConfig  # noqa: PLC0415

    gc.freeze()  # as the gateway does: what was imported stays
    config = BoundedConfig(lambda: app, Settings())  # type: ignore[arg-type, return-value]
    uvicorn.Server(config).run(sockets=[socket.create_server(("127.0.0.1", port))])


def main() -> None:
    """Print one line a server and one a JSON library."""
    if sys.argv[1:2] == ["--serve"]:
        _serve(int(sys.argv[2]))
        return
    streams = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    for name in SERVERS:
        if importlib.util.find_spec(name):
            print(f"{name:10} {_measure(name, streams)}")  # noqa: T201  (the result)
    body = _body()
    value = json.loads(body)
    for name, read, write in _codecs():
        reading = _best_microseconds(lambda read=read: read(body))  # type: ignore[misc]
        writing = _best_microseconds(lambda write=write: write(value))  # type: ignore[misc]
        print(f"{name:10} reads {len(body):,} bytes in {reading:5.0f} us, writes in {writing:5.0f}")  # noqa: T201


if __name__ == "__main__":
    main()
