"""A server on loopback that says what a script tells it to, byte for byte, and knows who left."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass

PATIENCE = 30  # a guard against hanging tests; nothing is measured by it


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: object


class Wire:
    """One answer: what the script writes with."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    async def raw(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self, body=b"", status=200, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        names = {"Content-Length": len(data), "Content-Type": "application/json"}
        names |= {name.replace("_", "-"): value for name, value in headers.items()}
        await self.raw(_head(status, names) + data)

    async def begin(self, kind="text/event-stream"):
        await self.raw(_head(200, {"Content-Type": kind, "Transfer-Encoding": "chunked"}))

    async def send(self, data):
        await self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    async def end(self):
        await self.raw(b"0\r\n\r\n")

    async def stream(self, pieces):
        await self.begin()
        for piece in pieces:
            await self.send(piece)
        await self.end()

    def close(self):
        """Close the connection, once what was written is sent."""
        self._writer.close()

    def die(self):
        self._writer.transport.abort()

    async def until_left(self):
        """Wait until the client closes its connection."""
        with suppress(ConnectionError):
            assert await self._reader.read(1) == b""


class Server:
    """Answers by path; `requests` holds what came, `left` counts the clients that were seen go."""

    def __init__(self):
        self.routes = {}
        self.requests = []
        self.left = asyncio.Semaphore(0)
        self.tasks = set()
        self.failures = []
        self.connections = 0

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self):
        self._server.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        assert self.failures == []

    def on(self, path, handler):
        """Answer a path: with JSON, with a status, or as an async function of request and wire."""
        self.routes[path] = handler

    def asked(self, path):
        """The bodies that came to a path."""
        return [request.body for request in self.requests if request.path == path]

    async def hang(self, _request, wire):
        """Send nothing until the client leaves."""
        await wire.until_left()
        self.left.release()

    async def someone_left(self):
        async with asyncio.timeout(PATIENCE):
            await self.left.acquire()

    async def _serve(self, reader, writer):
        task = asyncio.current_task()
        self.tasks.add(task)
        self.connections += 1
        try:
            while request := await _read(reader):
                self.requests.append(request)
                await self._reply(request, Wire(reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        except Exception as failure:  # noqa: BLE001  (told when the server stops)
            self.failures.append(failure)
        finally:
            self.tasks.discard(task)
            writer.close()

    async def _reply(self, request, wire):
        handler = self.routes.get(request.path, 404)
        if callable(handler):
            await handler(request, wire)
        elif isinstance(handler, int):
            await wire.answer({}, handler)
        else:
            await wire.answer(handler)


def _head(status, headers):
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def _read(reader):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, path, _ = head[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    data = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, path, headers, json.loads(data) if data else None)
