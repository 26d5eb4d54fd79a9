"""The least that a proxy can be: a fast HTTP server and client in Python, no parsing.

Usage: python -m benchmarks.gateway_bare ENGINE_URL PORT. Bytes of the request go to the engine,
bytes of its answer to the client, one write for each read.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import aiohttp
import uvicorn

Message = MutableMapping[str, Any]
_JSON = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
_STREAM = [(b"content-type", b"text/event-stream")]


class Proxy:
    """Pass everything on to one engine, over ASGI."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Pass one request on."""
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        url = self._url + scope["path"]
        async with self._session.request(scope["method"], url, data=body, headers=_JSON) as answer:
            await send({"type": "http.response.start", "status": answer.status, "headers": _STREAM})
            while piece := await answer.content.readany():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


if __name__ == "__main__":
    uvicorn.run(
        Proxy(sys.argv[1]),
        port=int(sys.argv[2]),
        lifespan="off",
        log_level="warning",
        access_log=False,
    )
