"""The two published libraries as oracles: each a process in its own environment (see worker.py)."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from pathlib import Path

from tests.oracle.worker import outcome

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = Path(os.environ.get("HARMONIUM_ORACLES", ROOT / ".oracles"))


class Oracle:
    """Ask one of the libraries, ``oss`` or ``legacy``, what it answers to a probe."""

    def __init__(self, name: str, encodings: Path) -> None:
        python = ENVIRONMENTS / name / "bin" / "python"
        environment = {"TIKTOKEN_ENCODINGS_BASE": str(encodings), "PATH": os.environ["PATH"]}
        self.name = name
        self._process = subprocess.Popen(  # noqa: S603  (our own file)
            [python, HERE / "worker.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def ask(self, module: str, function: str, cases: list[list[object]]) -> list[dict]:
        """Run ``module.function(openai_harmony, *case)`` for every case."""
        request = {"module": module, "function": function, "cases": cases}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            message = f"the {self.name} oracle died (exit code {self._process.wait()})"
            raise RuntimeError(message)
        return json.loads(answer)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def ours(library: object, module: str, function: str, cases: list[list[object]]) -> list[dict]:
    """Return what the same probe gives with `library` in the oracle's place, through JSON too."""
    probe = getattr(importlib.import_module(f"tests.oracle.{module}"), function)
    return json.loads(json.dumps([outcome(probe, library, case) for case in cases]))
