"""The cost of reading one chunk of an engine's stream, for each dialect.

Usage: python -m benchmarks.decoders. A chunk carries one token, with the fields that the server
sends; microseconds of processor time, the least of several runs. Reading the socket, and cutting
the stream into payloads, are not in it.
"""

from __future__ import annotations

import json
import time
from importlib import import_module

from harmonium import load_encoding
from harmonium.engines import GenerationRequest, SamplingParams

TEXT = "The quick brown fox jumps over the lazy dog, and goes on to write some more plain words. "
RUNS, ROUNDS = 9, 40
ENVELOPE = {"id": "cmpl-1", "object": "text_completion", "created": 1764583200, "model": "gpt-oss"}
KINDS = ("vllm", "trtllm", "sglang", "llamacpp", "lmdeploy", "completions", "ollama")


def _values(kind: str, ids: list[int], texts: list[str]) -> list[object]:
    """Return the chunks of one stream as the kind of server says them."""
    pairs = list(enumerate(zip(ids, texts, strict=True), 1))
    choice = {"index": 0, "logprobs": None, "finish_reason": None, "stop_reason": None}
    if kind in {"vllm", "trtllm"}:
        return [ENVELOPE | {"choices": [choice | {"text": t, "token_ids": [i]}]}
                for _, (i, t) in pairs]  # fmt: skip
    if kind == "completions":
        return [ENVELOPE | {"choices": [choice | {"text": text}]} for _, (_, text) in pairs]
    if kind == "ollama":
        return [{"model": "gpt-oss", "created_at": "2026-12-01T10:00:00Z", "response": text,
                 "done": False} for _, (_, text) in pairs]  # fmt: skip
    if kind == "llamacpp":
        return [{"index": 0, "content": text, "tokens": [token], "stop": False, "id_slot": 0,
                 "tokens_predicted": number, "tokens_evaluated": 80}
                for number, (token, text) in pairs]  # fmt: skip
    meta = {"id": "r1", "finish_reason": None, "prompt_tokens": 80, "cached_tokens": 64}
    return [{"text": text, "output_ids": [token],
             "meta_info": meta | {"completion_tokens": number}}
            for number, (token, text) in pairs]  # fmt: skip


def _microseconds(kind: str, payloads: list[bytes]) -> float:
    module = import_module(f"harmonium.engines.dialects.{kind}")
    dialect = getattr(module, f"{kind.capitalize()}Dialect")()
    request = GenerationRequest("r1", "gpt-oss", [1], SamplingParams())
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        for _ in range(ROUNDS):
            decode = dialect.make_decoder(request)
            for payload in payloads:
                decode(payload)
        best = min(best, time.process_time() - started)
    return best / ROUNDS / len(payloads) * 1e6


def main() -> None:
    """Print a table of all dialects."""
    encoding = load_encoding()
    ids = encoding.encode_ordinary(TEXT * 10)
    texts = [encoding.decode([token]) for token in ids]
    print("| dialect | µs a chunk |\n|---|--:|")  # noqa: T201  (its output)
    for kind in KINDS:
        payloads = [json.dumps(value).encode() for value in _values(kind, ids, texts)]
        print(f"| `{kind}` | {_microseconds(kind, payloads):.1f} |", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
