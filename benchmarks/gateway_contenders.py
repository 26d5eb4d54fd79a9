"""The contenders of the gateway's benchmark, each a process, and what a process has used."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

MODEL = "gpt-oss-20b"
LITELLM_VERSION = "1.106.2"
LITELLM = Path(".oracles/litellm/bin/python")
START_SECONDS = 120
_CONFIG = """\
model_list:
  - model_name: {model}
    litellm_params: {{model: openai/{model}, api_base: "{engine}/v1", api_key: none}}
litellm_settings: {{telemetry: false, drop_params: false}}
"""
_LITELLM_MAIN = "from litellm.proxy.proxy_cli import run_server; run_server()"


@dataclass(frozen=True, slots=True)
class Contender:
    """Name one that takes part, and how it is started: by the engine's address and a port."""

    name: str
    title: str
    command: Callable[[str, int, Path], list[str]]


@dataclass(frozen=True, slots=True)
class Process:
    """A running server: its address and its process."""

    name: str
    port: int
    pid: int = 0

    def cpu_seconds(self) -> float:
        """Return the processor time it has used, in seconds."""
        return sum(time.clock_gettime(_clock_of(pid)) for pid in _tree(self.pid))

    def memory_bytes(self) -> int:
        """Return its resident memory."""
        return sum(_resident(pid) for pid in _tree(self.pid))


def _ours(kind: str, engine: str, port: int, _: Path) -> list[str]:
    return [sys.executable, "-m", "harmonium", "serve", "--port", str(port), "--engine",
            f"{kind}:{engine}", "--model", MODEL, "--log-level", "warning"]  # fmt: skip


def _bare(engine: str, port: int, _: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.gateway_bare", engine, str(port)]


def _litellm(engine: str, port: int, folder: Path) -> list[str]:
    config = folder / "litellm.yaml"
    config.write_text(_CONFIG.format(model=MODEL, engine=engine), "utf-8")
    return [str(LITELLM), "-c", _LITELLM_MAIN, "--config", str(config), "--host", "127.0.0.1",
            "--port", str(port)]  # fmt: skip


BARE = Contender("bare", "bare proxy", _bare)
OURS = Contender("harmonium", "harmonium", partial(_ours, "vllm"))
OTHER_DIALECTS = (
    Contender("harmonium-sglang", "harmonium, SGLang", partial(_ours, "sglang")),
    Contender("harmonium-llamacpp", "harmonium, llama.cpp", partial(_ours, "llamacpp")),
)
OTHER = Contender("litellm", "LiteLLM", _litellm)


def present() -> list[Contender]:
    """Return those that are installed."""
    return [BARE, OURS, *OTHER_DIALECTS, *([OTHER] if LITELLM.exists() else [])]


@contextmanager
def engine() -> Iterator[Process]:
    """Run the scripted engine."""
    command = [sys.executable, "-m", "benchmarks.gateway_engine"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            yield Process("engine", int(line), process.pid)
        finally:
            process.kill()


@contextmanager
def running(contender: Contender, upstream: Process) -> Iterator[Process]:
    """Run a contender in front of the engine.

    Raises:
        RuntimeError: it does not begin to serve.

    """
    with tempfile.TemporaryDirectory() as folder:
        port = _free_port()
        command = contender.command(f"http://127.0.0.1:{upstream.port}", port, Path(folder))
        with (Path(folder) / "log").open("w+b") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=_environment())
            try:
                if not _opens(port, process):
                    log.seek(0)
                    message = f"{contender.name} did not start: {log.read()[-2000:].decode()}"
                    raise RuntimeError(message)
                yield Process(contender.name, port, process.pid)
            finally:
                process.kill()
                process.wait()


def _environment() -> Mapping[str, str]:
    return {
        "PATH": "/usr/bin:/bin",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOG": "ERROR",
        "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
    }


def _opens(port: int, process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            return True
    return False


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _clock_of(pid: int) -> int:
    """Return the CPU clock of a process, ended threads included; see clock_getcpuclockid(3)."""
    return ~pid << 3 | 2


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return [pid, *(below for child in children for below in _tree(int(child)))]


def _resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
