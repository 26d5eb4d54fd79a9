"""The engine of the gateway's benchmark: a script in engines' words, which costs next to nothing.

Usage: python -m benchmarks.gateway_engine; prints its port. The same tokens go out as ids (vLLM's
``/v1/completions``, SGLang's ``/generate``, llama.cpp's ``/completion``) or as OpenAI's chat chunks
(``/v1/chat/completions``), one write a chunk, as the script says that was set last:
``/script/CHUNKS-TOKENS-MICROSECONDS``. As with engines that run their requests as one batch, all
streams get their next chunk in the same step; only a first chunk comes at once. The request's seed
is the stream's number; ``/times`` tells when each chunk of each stream was sent, and forgets it.
Knows nothing of who asks.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from harmonium.tokens import HARMONY_FORMAT, load_tokenizer

PATIENCE_SECONDS = 1_800
"""After which the engine ends, whoever still wants it."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_PLAIN = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Script:
    """How streams go: so many chunks of so many tokens, and how long a step takes."""

    chunks: int
    tokens: int
    microseconds: int

    @property
    def name(self) -> str:
        """How it is asked for."""
        return f"{self.chunks}-{self.tokens}-{self.microseconds}"

    @classmethod
    def named(cls, name: str) -> Script:
        """Return the script of a name."""
        chunks, tokens, microseconds = map(int, name.split("-"))
        return cls(chunks, tokens, microseconds)


def _words() -> list[int]:
    """Return ids that each stand for one word of ASCII letters behind a blank: easy to count."""
    tokenizer = load_tokenizer()
    is_word = re.compile(rb" [a-z]+").fullmatch
    return [token for token in range(1_000, 20_000) if is_word(tokenizer.token_bytes(token))]


class Frames:
    """The frames of each script, in every form, as HTTP chunks."""

    def __init__(self) -> None:
        self._words = _words()
        self._tokenizer = load_tokenizer()
        self._kept: dict[tuple[Script, str], list[bytes]] = {}
        self._forms = {
            "/v1/completions": self._completions,
            "/v1/chat/completions": self._chat,
            "/generate": self._generate,
            "/completion": self._completion,
        }

    def has(self, path: str) -> bool:
        """Return whether streams come from a path."""
        return path in self._forms

    def of(self, script: Script, path: str) -> list[bytes]:
        """Return a stream's writes."""
        key = (script, path)
        if key not in self._kept:
            self._kept[key] = [_http_chunk(events) for events in self._forms[path](script)]
        return self._kept[key]

    def _said(self, script: Script) -> list[list[int]]:
        words, size = self._words, script.tokens
        return [
            [words[at % len(words)] for at in range(begin, begin + size)]
            for begin in range(0, script.chunks * size, size)
        ]

    def _ids(self, script: Script) -> Iterable[list[int]]:
        header = [HARMONY_FORMAT.channel, *self._tokenizer.encode("final"), HARMONY_FORMAT.message]
        for number, ids in enumerate(self._said(script)):
            yield ids if number else [*header, *ids]

    def _completions(self, script: Script) -> Iterable[Sequence[object]]:
        for ids in self._ids(script):
            yield [_completion_chunk(script, ids)]
        yield [_completion_chunk(script, [HARMONY_FORMAT.return_], "stop"), "[DONE]"]

    def _generate(self, script: Script) -> Iterable[Sequence[object]]:
        """Make SGLang's stream, as it is with ``--incremental-streaming-output``."""
        count = 0
        for ids in self._ids(script):
            count += len(ids)
            yield [_generate_chunk(ids, count)]
        end = {"type": "stop", "matched": HARMONY_FORMAT.return_}
        yield [_generate_chunk([HARMONY_FORMAT.return_], count + 1, end), "[DONE]"]

    def _completion(self, script: Script) -> Iterable[Sequence[object]]:
        """Make llama.cpp's stream, which leaves out the id that ends it."""
        for ids in self._ids(script):
            yield [{"index": 0, "content": " word" * len(ids), "tokens": ids, "stop": False,
                    "id_slot": -1, "tokens_predicted": 1, "tokens_evaluated": 9}]  # fmt: skip
        yield [{"index": 0, "content": "", "tokens": [], "stop": True, "stop_type": "eos"}]

    def _chat(self, script: Script) -> Iterable[Sequence[object]]:
        for ids in self._said(script):
            text = b"".join(self._tokenizer.token_bytes(token) for token in ids).decode()
            yield [_chat_chunk(script, {"role": "assistant", "content": text})]
        yield [_chat_chunk(script, {}, "stop"), "[DONE]"]


def _completion_chunk(script: Script, ids: list[int], finish: str | None = None) -> object:
    choice = {"index": 0, "text": " word" * len(ids), "logprobs": None, "finish_reason": finish,
              "stop_reason": ids[-1] if finish else None, "token_ids": ids,
              "prompt_token_ids": None}  # fmt: skip
    return {"id": "cmpl-1f3b0d5c8a7e4f62", "object": "text_completion", "created": 1_700_000_000,
            "model": script.name, "choices": [choice], "usage": None}  # fmt: skip


def _generate_chunk(ids: list[int], count: int, end: object = None) -> object:
    meta = {"id": "1f3b0d5c8a7e4f62", "finish_reason": end, "prompt_tokens": 9,
            "completion_tokens": count, "cached_tokens": 0}  # fmt: skip
    return {"text": " word" * len(ids), "output_ids": ids, "meta_info": meta}


def _chat_chunk(script: Script, delta: object, finish: str | None = None) -> object:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"id": "chatcmpl-1f3b0d5c8a7e4f62", "object": "chat.completion.chunk",
            "created": 1_700_000_000, "model": script.name, "choices": [choice]}  # fmt: skip


def _http_chunk(events: Sequence[object]) -> bytes:
    texts = (event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
             for event in events)  # fmt: skip
    data = "".join(f"data: {text}\n\n" for text in texts).encode()
    return b"%x\r\n%s\r\n" % (len(data), data)


class Engine:
    """Answer requests, one after another on each connection."""

    def __init__(self) -> None:
        self._frames = Frames()
        self._script = Script(1, 1, 0)
        self._times: dict[int, list[float]] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it closes."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                found = _LENGTH.search(head)
                body = await reader.readexactly(int(found[1])) if found else b""
                await self._answer(head.split(b" ", 2)[1].decode(), body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, path: str, body: bytes, writer: asyncio.StreamWriter) -> None:
        if self._frames.has(path):
            await self._stream(json.loads(body), path, writer)
            return
        if path.startswith("/script/"):
            self._script = Script.named(path.rpartition("/")[2])
        known = {"/times": self._times, "/health": {}, "/props": {}, "/v1/models": {"data": []}}
        told = json.dumps(known.get(path)).encode()
        writer.write(_PLAIN % (404 if path == "/openapi.json" else 200, len(told), told))
        if path == "/times":
            self._times = {}

    async def _stream(self, asked: dict[str, Any], path: str, writer: asyncio.StreamWriter) -> None:
        script = self._script
        seed = asked.get("sampling_params", asked).get("sampling_seed", asked.get("seed"))
        times = self._times.setdefault(seed, [])
        writer.write(_HEAD)
        now, step = asyncio.get_running_loop().time, script.microseconds / 1e6
        number = int(now() / step)
        for frame in self._frames.of(script, path):
            times.append(time.monotonic())
            writer.write(frame)
            await writer.drain()
            number = max(number + 1, int(now() / step))
            await asyncio.sleep(max(0.0, number * step - now()))
        writer.write(b"0\r\n\r\n")


async def main() -> None:
    """Serve on a free port until told to stop, or for as long as anything may take."""
    server = await asyncio.start_server(Engine().serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await asyncio.sleep(PATIENCE_SECONDS)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
