# ruff: noqa: INP001  (a script, not a package)
"""Soak test: a real gateway, minutes of requests, a tenth aborted, a tenth failed by engines.

Usage: python scripts/soak.py [SECONDS]. It stops by itself; the exit code is 1 when an answer was
wrong, memory grew, something was left behind, or the counts do not add up. Clients and the engine,
which does what each prompt tells it to, run here; the gateway is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import aiohttp

from harmonium.tokens import HARMONY_FORMAT, load_tokenizer

CLIENTS = 16
PAUSE_SECONDS = 0.1
"""Between two requests of a client: closed connections keep their ports for a minute."""
MODEL = "gpt-oss-20b"
ANSWER = "The quick brown fox jumps over the lazy dog, and then rests for a while."
FAULTS = ("refused", "overloaded", "dropped", "died", "garbage", "complained")
UNBEGUN = frozenset({"refused", "overloaded", "dropped"})
LEFT = "left"
SHARE = 0.1
"""Of the requests whose client leaves; and of those whose engine fails."""
WARM_UP = 0.25
"""Of the time, before memory counts."""
MEMORY_FACTOR, MEMORY_BYTES = 1.02, 2 * 2**20
"""What memory may grow by from the end of the warm-up to the end: no more than it fluctuates by."""
CACHE_BYTES, STORE_BYTES = 4 * 2**20, 100_000
"""What the gateway may keep: little, so that it is full before memory counts. No two prompts are
alike, as in production, so everything that is kept by request must be bounded."""
WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty")
MOST_TURNS = 6
SETTLE_SECONDS = 10
_PLAN = re.compile(r"plan:([a-z]+)")
_HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


class Engine:
    """Speak as vLLM does, and fail as each prompt says."""

    def __init__(self) -> None:
        self._tokenizer = load_tokenizer()
        final = self._tokenizer.encode("final")
        said = self._tokenizer.encode(ANSWER)
        self._header = [HARMONY_FORMAT.channel, *final, HARMONY_FORMAT.message]
        self._frames = [_frame([token]) for token in (*self._header, *said)]
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it closes."""
        self.open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = re.search(rb"(?i)content-length: *(\d+)", head)
                body = await reader.readexactly(int(size[1])) if size else b""
                if b"/completions" in head:
                    await self._generate(json.loads(body)["prompt"], reader, writer)
                else:
                    _answer(writer, 404 if b"openapi" in head else 200, b'{"data":[]}')
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _generate(
        self, prompt: list[int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        found = _PLAN.search(self._tokenizer.decode(prompt))
        plan = found[1] if found else "well"
        if plan == "dropped":
            raise ConnectionResetError
        if plan in UNBEGUN:
            _answer(writer, 503 if plan == "overloaded" else 500, b'{"error":"by plan"}')
            return
        writer.write(_HEAD % 200)
        for number, frame in enumerate(self._frames):
            if number == len(self._header) + 3 and plan != "well":
                await _fail(plan, reader, writer)
            writer.write(frame)
            await writer.drain()
            await asyncio.sleep(0)
        end = _frame([HARMONY_FORMAT.return_], "stop")
        writer.write(end + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")


def _answer(writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
    head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)


async def _fail(plan: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if plan == LEFT:  # the gateway must let go of it once its client has left
        async with asyncio.timeout(SETTLE_SECONDS):
            await reader.read(1)
    elif plan != "died":
        told = b'{"error":{"message":"by plan","code":500}}' if plan == "complained" else b"{]"
        writer.write(_chunk(b"data: " + told + b"\n\n"))
        await writer.drain()
    raise ConnectionResetError


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _frame(ids: list[int], finish: str | None = None) -> bytes:
    choice = {"index": 0, "text": "", "finish_reason": finish, "token_ids": ids}
    return _chunk(b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n")


class Clients:
    """Ask, each time by a plan, and compare what comes."""

    def __init__(self, web: aiohttp.ClientSession, url: str) -> None:
        self._web = web
        self._url = url
        self._dice = random.Random(5)  # noqa: S311  (a seed, so that runs are alike)
        self.asked: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    async def work(self, until: float) -> None:
        """Ask again and again."""
        while time.monotonic() < until:
            await asyncio.sleep(PAUSE_SECONDS)
            plan, path, streamed = self._draw()
            self.asked[plan] += 1
            try:
                async with asyncio.timeout(2 * SETTLE_SECONDS):
                    fault = await self._ask(plan, path, streamed=streamed)
            except (aiohttp.ClientError, TimeoutError) as error:
                fault = type(error).__name__
            if fault:
                self.wrong[f"{plan}, {path}, streamed {streamed}: {fault}"] += 1

    def _draw(self) -> tuple[str, str, bool]:
        dice, number = self._dice, self._dice.random()
        plan = LEFT if number < SHARE else "well"
        if SHARE <= number < 2 * SHARE:
            plan = dice.choice(FAULTS)
        return plan, dice.choice(("/v1/chat/completions", "/v1/responses")), dice.random() < 0.5  # noqa: PLR2004

    async def _ask(self, plan: str, path: str, *, streamed: bool) -> str | None:
        """Ask once; tell what is wrong with the answer, if anything is."""
        body: dict[str, object] = {"model": MODEL, "stream": streamed}
        if path == "/v1/responses":
            body |= {"input": self._talk(plan), "store": self._dice.random() < SHARE}
        else:
            body["messages"] = self._talk(plan)
        if plan == LEFT and not streamed:
            return await self._leave(path, body)
        async with self._web.post(self._url + path, json=body) as answer:
            if plan == LEFT:
                await answer.content.readany()
                answer.close()
                return None
            text = (await answer.read()).decode()
        return _fault(plan, answer.status, text, streamed=streamed)

    def _talk(self, plan: str) -> list[dict[str, str]]:
        """Make a conversation of some turns that nobody had before."""
        dice = self._dice
        texts = [
            f"{dice.getrandbits(64):x} {' '.join(dice.choices(WORDS, k=dice.randrange(5, 60)))}"
            for _ in range(2 * dice.randrange(MOST_TURNS))
        ]
        turns = [*texts, f"plan:{plan} {dice.getrandbits(64):x}"]
        return [{"role": ("user", "assistant")[place % 2], "content": text}
                for place, text in enumerate(turns)]  # fmt: skip

    async def _leave(self, path: str, body: object) -> str | None:
        try:
            async with asyncio.timeout(0.3), self._web.post(self._url + path, json=body):
                return "an answer"
        except TimeoutError:
            return None


def _fault(plan: str, status: int, text: str, *, streamed: bool) -> str | None:
    if streamed and plan not in UNBEGUN:
        is_right = status == 200 and text.endswith("data: [DONE]\n\n")  # noqa: PLR2004
    else:
        is_right = status == 200 if plan == "well" else status >= 500  # noqa: PLR2004
    if plan != "well":
        is_right = is_right and '"error"' in text
    elif not streamed:
        is_right = is_right and ANSWER in text
    return None if is_right else f"status {status}, {len(text)} characters"


class Gateway:
    """The process of a gateway, observed from outside."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self._place = Path(f"/proc/{process.pid}")
        self.memory: list[int] = []

    async def watch(self, until: float) -> None:
        """Note its memory every second."""
        while time.monotonic() < until:
            lines = (self._place / "status").read_text("ascii").splitlines()
            held = next(line for line in lines if line.startswith("VmRSS"))
            self.memory.append(int(held.split()[1]) * 1024)
            await asyncio.sleep(1)

    def sockets(self) -> int:
        """Count its open sockets."""
        found = 0
        for entry in (self._place / "fd").iterdir():
            try:
                found += str(entry.readlink()).startswith("socket:")
            except FileNotFoundError:
                continue
        return found

    def curve(self) -> list[float]:
        """Return the memory over time in MiB: the medians of twelve parts."""
        size = max(1, len(self.memory) // 12)
        parts = [self.memory[at : at + size] for at in range(0, len(self.memory), size)]
        return [round(statistics.median(part) / 2**20, 1) for part in parts]

    def slope(self) -> float:
        """Return the growth per second after the warm-up, by least squares, in bytes."""
        counted = self.memory[int(WARM_UP * len(self.memory)) :]
        if len(counted) < 2:  # noqa: PLR2004  (no line goes through one point)
            return 0.0
        return statistics.linear_regression(range(len(counted)), counted).slope

    def growth(self) -> tuple[float, float]:
        """Return the memory after the warm-up and at the end, in bytes: medians of a sixth."""
        counted = self.memory[int(WARM_UP * len(self.memory)) :]
        part = max(1, len(counted) // 6)
        return statistics.median(counted[:part]), statistics.median(counted[-part:])


async def _metrics(web: aiohttp.ClientSession, url: str) -> Mapping[str, float]:
    """Return the sum of each metric over its labels; requests only of the routes that generate."""
    async with web.get(f"{url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    sums: Counter[str] = Counter()
    for line in lines:
        found = re.fullmatch(r"([\w:]+)(\{.*\})? (\S+)", line)
        if found and "/metrics" not in (found[2] or "") and "/health" not in (found[2] or ""):
            sums[found[1]] += float(found[3])  # type: ignore[assignment]
    return sums


def _start(engine_port: int, log: IO[str]) -> Gateway:
    command = [sys.executable, "-m", "harmonium", "serve", "--port", "0", "--model", MODEL,
               "--engine", f"vllm:http://127.0.0.1:{engine_port}", "--log-level", "info",
               "--store-bytes", f"{STORE_BYTES}", "--cache-bytes", f"{CACHE_BYTES}"]  # fmt: skip
    environment = {key: text for key, text in os.environ.items() if "HARMONIUM" not in key}
    process = subprocess.Popen(  # noqa: S603  (our own command)
        command, stderr=log, text=True, env=environment
    )
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", Path(log.name).read_text("utf-8"))
        if found:
            return Gateway(process, found[0])
        time.sleep(0.1)
    process.kill()
    message = "the gateway did not start"
    raise RuntimeError(message)


async def _settled(gateway: Gateway, engine: Engine, before: int) -> dict[str, int]:
    """Wait for everything to be let go of; tell what is left."""
    end = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < end and (engine.open or gateway.sockets() > before):  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    return {"engine connections": engine.open, "sockets": gateway.sockets() - before}


def _verdict(
    clients: Clients, gateway: Gateway, metrics: Mapping[str, float], left: Mapping[str, int]
) -> list[str]:
    """Return what is wrong."""
    asked = clients.asked
    faults = sum(asked[name] for name in FAULTS)
    wanted = {
        "harmonium_requests_total": asked.total(),
        "harmonium_errors_total": faults,
        "harmonium_disconnects_total": asked[LEFT],
        "harmonium_upstream_cancels_total": asked[LEFT],
        "vllm:request_success_total": asked["well"],
        "vllm:num_requests_running": 0,
        "vllm:num_requests_waiting": 0,
    }
    wrong = [f"{name} is {metrics.get(name, 0):g}, not {count}"
             for name, count in wanted.items() if metrics.get(name, 0) != count]  # fmt: skip
    wrong += [f"{count} {name} are left" for name, count in left.items() if count > 0]
    wrong += [f"{count} times wrong: {what}" for what, count in clients.wrong.items()]
    begin, end = gateway.growth()
    if end > MEMORY_FACTOR * begin + MEMORY_BYTES:
        wrong.append(f"memory grew from {begin / 2**20:.1f} to {end / 2**20:.1f} MiB")
    return wrong


async def _soak(seconds: float, log: IO[str]) -> list[str]:
    engine = Engine()
    server = await asyncio.start_server(engine.serve, "127.0.0.1", 0)
    gateway = await asyncio.to_thread(_start, server.sockets[0].getsockname()[1], log)
    try:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as web:
            clients = Clients(web, gateway.url)
            before = gateway.sockets()
            until = time.monotonic() + seconds
            work = [clients.work(until) for _ in range(CLIENTS)]
            await asyncio.gather(gateway.watch(until), *work)
        left = await _settled(gateway, engine, before)
        async with aiohttp.ClientSession() as web:
            metrics = await _metrics(web, gateway.url)
        _tell(clients, gateway, left)
        return _verdict(clients, gateway, metrics, left)
    finally:
        gateway.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(_reap, gateway.process)
        server.close()


def _reap(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(SETTLE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _tell(clients: Clients, gateway: Gateway, left: Mapping[str, int]) -> None:
    begin, end = (size / 2**20 for size in gateway.growth())
    asked = clients.asked
    faults = sum(asked[name] for name in FAULTS)
    curve = " ".join(map(str, gateway.curve()))
    sys.stdout.write(
        f"{asked.total()} requests, {asked[LEFT]} broken off, {faults} failed by the engine; "
        f"left: {dict(left)}\nmemory {begin:.1f} MiB after warming up, {end:.1f} MiB at the end, "
        f"{gateway.slope() * 60 / 1024:+.0f} KiB a minute; over time: {curve}\n"
    )


def main() -> int:
    """Soak, tell what is wrong, and give the exit code."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    with tempfile.NamedTemporaryFile("w", suffix=".log") as log:
        wrong = asyncio.run(_soak(seconds, log))
        told = Path(log.name).read_text("utf-8").splitlines()
        wrong += [f"the log says {line}" for line in told if "internal_error" in line][:3]
    sys.stdout.write("".join(f"WRONG: {what}\n" for what in wrong))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
