"""The clients of the gateway's benchmark: many streams at once, and when each token came.

Knows a server by its port alone, and the engine by what it tells of its times.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from benchmarks.gateway_contenders import MODEL, Process
from benchmarks.gateway_engine import Script

LONGEST_SECONDS = 180
"""After which a run is given up."""


@dataclass(frozen=True, slots=True)
class Found:
    """The result of one run of one server; times in seconds, memory in bytes."""

    tokens_per_core: float
    first_token: float
    latency_p50: float
    latency_p99: float
    memory: int


async def load(server: Process, engine: Process, script: Script, streams: int) -> Found:
    """Run as many streams as asked for at once, and measure.

    Raises:
        RuntimeError: tokens were lost.
        TimeoutError: it took too long.

    """
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with asyncio.timeout(LONGEST_SECONDS), aiohttp.ClientSession(connector=connector) as web:
        engine_url = f"http://127.0.0.1:{engine.port}"
        await _get(web, f"{engine_url}/script/{script.name}")
        await _get(web, f"{engine_url}/times")
        before = server.cpu_seconds()
        read = [_read(web, server.port, number) for number in range(streams)]
        came = await asyncio.gather(*read)
        spent = server.cpu_seconds() - before
        memory = server.memory_bytes()
        sent = await _get(web, f"{engine_url}/times")
    return _summed(came, sent, script, spent, memory)


@dataclass(slots=True)
class _Stream:
    """When a request was sent, and (tokens so far, when) for each read that brought some."""

    began: float
    marks: list[tuple[int, float]]


async def _get(web: aiohttp.ClientSession, url: str) -> dict[str, list[float]]:
    async with web.get(url) as answer:
        told: dict[str, list[float]] = await answer.json()
        return told


async def _read(web: aiohttp.ClientSession, port: int, number: int) -> _Stream:
    body = {"model": MODEL, "stream": True, "seed": number,
            "messages": [{"role": "user", "content": "Say some words."}]}  # fmt: skip
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    stream = _Stream(time.monotonic(), [])
    count, rest = 0, b""
    async with web.post(url, json=body) as answer:
        async for piece in answer.content.iter_any():
            now = time.monotonic()
            *frames, rest = (rest + piece).split(b"\n\n")
            new = sum(map(_words, frames))
            if new:
                count += new
                stream.marks.append((count, now))
    return stream


def _words(frame: bytes) -> int:
    """Count the words that a frame brings: a blank stands before each."""
    if not frame.startswith(b"data: {"):  # a comment, or the end
        return 0
    choices = json.loads(frame[6:]).get("choices") or [{}]
    content: str = choices[0].get("delta", {}).get("content") or ""
    return content.count(" ")


def _summed(
    came: Sequence[_Stream],
    sent: dict[str, list[float]],
    script: Script,
    spent: float,
    memory: int,
) -> Found:
    wanted = script.chunks * script.tokens
    late: list[float] = []
    for number, stream in enumerate(came):
        if not stream.marks or stream.marks[-1][0] != wanted:
            message = f"a stream brought {stream.marks[-1:]} of {wanted} tokens"
            raise RuntimeError(message)
        begin = script.tokens  # the first chunk has its own figure: when it came
        times = sent[str(number)]
        for count, when in stream.marks:
            late += [when - times[at // script.tokens] for at in range(begin, count)]
            begin = max(begin, count)
    cuts = statistics.quantiles(late, n=100)
    return Found(
        tokens_per_core=wanted * len(came) / spent,
        first_token=statistics.median(it.marks[0][1] - it.began for it in came),
        latency_p50=cuts[49],
        latency_p99=cuts[98],
        memory=memory,
    )
