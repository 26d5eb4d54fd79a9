"""Processor time of HTTP clients that read an engine's stream: harmonium's own and others.

Usage: python -m benchmarks.engine_clients [STREAMS]. A server in a process of its own sends small
SSE frames over loopback, one write each; every client reads as many streams as asked for at once,
raw and unparsed, at an engine's pace. Clients that are not installed are left out.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

FRAMES = 500
PACE_SECONDS = 0.004
"""Between two frames of a stream: as an engine sends them, so that each is read by itself."""
_FRAME = (
    b'data: {"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":" a",'
    b'"logprobs":null,"finish_reason":null,"stop_reason":null,"token_ids":[261]}]}\n\n'
)
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n"
_HEAD += b"Transfer-Encoding: chunked\r\n\r\n"
_CHUNK = b"%x\r\n%s\r\n" % (len(_FRAME), _FRAME)

Read = Callable[[str], AsyncIterator[bytes]]


async def _serve() -> None:
    """Answer every request with the same stream; print the port."""
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201  (read by the parent)
    await server.serve_forever()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_HEAD)
    for _ in range(FRAMES):
        writer.write(_CHUNK)
        await writer.drain()
        await asyncio.sleep(PACE_SECONDS)
    writer.write(b"0\r\n\r\n")
    writer.close()


@asynccontextmanager
async def _aiohttp() -> AsyncIterator[Read]:
    import aiohttp  # noqa: PLC0415

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def read(url: str) -> AsyncIterator[bytes]:
            async with session.get(url) as response:
                async for piece in response.content.iter_any():
                    yield piece

        yield read


def _httpx(name: str) -> Callable[[], object]:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Read]:
        module = importlib.import_module(name)
        limits = module.Limits(max_connections=None)
        async with module.AsyncClient(timeout=60, limits=limits) as client:

            async def read(url: str) -> AsyncIterator[bytes]:
                async with client.stream("GET", url) as response:
                    async for piece in response.aiter_raw():
                        yield piece

            yield read

    return opened


@asynccontextmanager
async def _own() -> AsyncIterator[Read]:
    from harmonium.engines.remote.http_client import Upstream  # noqa: PLC0415
    from harmonium.engines.timeouts import Deadlines  # noqa: PLC0415
    from harmonium.limits import DEFAULT_LIMITS  # noqa: PLC0415

    upstream: list[Upstream] = []

    async def read(url: str) -> AsyncIterator[bytes]:
        if not upstream:
            upstream.append(Upstream(url.rstrip("/"), "engine"))
        source = await upstream[0].stream("/", {}, Deadlines(DEFAULT_LIMITS, "engine"))
        sizes: list[int] = []

        def receive(piece: bytes) -> bool:
            sizes.append(len(piece))
            return True

        while piece := await source.read(receive):
            yield piece
        yield b" " * sum(sizes)

    yield read
    for one in upstream:
        await one.aclose()


CLIENTS = {
    "harmonium": _own,
    "aiohttp": _aiohttp,
    "httpx": _httpx("httpx"),
    "httpx2": _httpx("httpx2"),
}


async def _drain(read: Read, url: str) -> int:
    return sum([len(piece) async for piece in read(url)])


async def _measured(name: str, url: str, streams: int) -> float:
    """Return microseconds of processor time of this process for one frame."""
    async with CLIENTS[name]() as read:
        await _drain(read, url)
        started = time.process_time()
        sizes = await asyncio.gather(*(_drain(read, url) for _ in range(streams)))
        spent = time.process_time() - started
    if set(sizes) != {FRAMES * len(_FRAME)}:
        message = f"{name} lost bytes"
        raise RuntimeError(message)
    return 1e6 * spent / (FRAMES * streams)


async def _compare(streams: int) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.engine_clients", "serve", stdout=asyncio.subprocess.PIPE
    )
    try:
        port = int(await server.stdout.readline())
        for name in CLIENTS:
            if importlib.util.find_spec(name) is not None:
                best = min(
                    [await _measured(name, f"http://127.0.0.1:{port}/", streams) for _ in range(3)]
                )
                print(f"{name:10} {best:6.1f} µs a frame, {streams} streams")  # noqa: T201
    finally:
        server.kill()
        await server.wait()


if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else "16"
    asyncio.run(_serve() if asked == "serve" else _compare(int(asked)))
