"""The contenders and how they are called: each in its own process and environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
INSIDE = HERE / "inside"
ENVIRONMENTS = Path(os.environ.get("HARMONIUM_ORACLES", HERE.parent / ".oracles"))


@dataclass(frozen=True, slots=True)
class Contender:
    """A contender: its interpreter, its module, and the work written for it."""

    name: str
    title: str
    package: str
    module: str
    works: str
    environment: str | None = None

    @property
    def python(self) -> str:
        """The interpreter of its environment; ours for what is installed beside harmonium."""
        if self.environment is None:
            return sys.executable
        return str(ENVIRONMENTS / self.environment / "bin" / "python")


OSS = Contender("oss", "oss-harmony", "oss-harmony", "openai_harmony", "compatible", "oss")
LEGACY = Contender(
    "legacy", "openai-harmony", "openai-harmony", "openai_harmony", "compatible", "legacy"
)
COMPAT = Contender(
    "compat", "harmonium.compat", "harmonium", "harmonium.compat.openai_harmony", "compatible"
)
OWN = Contender("own", "harmonium", "harmonium", "harmonium", "own")
BARE = Contender("bare", "tiktoken alone", "tiktoken", "harmonium", "bare")
TEMPLATE = Contender(
    "template", "chat template", "transformers", "transformers", "template", "template"
)

PLAIN = Contender(
    "plain", "plain code over oss-harmony", "oss-harmony", "openai_harmony", "openai_plain", "oss"
)
OPENAI = Contender("openai", "harmonium.openai", "harmonium", "harmonium", "openai_own")
FLOOR = Contender("floor", "tiktoken or json.dumps alone", "harmonium", "harmonium", "openai_floor")

CONTENDERS = (OSS, LEGACY, COMPAT, OWN, BARE, PLAIN, OPENAI, FLOOR)
"""All that are always there; a chat template must be brought."""


class Process:
    """A contender's running process.

    Args:
        contender: whose.
        places: environment variables that name what it reads: its vocabulary, its template.

    """

    def __init__(self, contender: Contender, places: Mapping[str, str]) -> None:
        self.contender = contender
        self._process = subprocess.Popen(
            [contender.python, INSIDE / "worker.py", contender.works, contender.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment(places),
        )

    def ask(self, work: str, inputs: Sequence[object]) -> Mapping[str, Any] | None:
        """Time a work on each of the inputs; see worker. None when it has no such work.

        Raises:
            RuntimeError: the process died.

        """
        pipes = self._process.stdin, self._process.stdout
        if pipes[0] is None or pipes[1] is None:  # they were asked for, so they are there
            raise RuntimeError
        pipes[0].write(json.dumps({"work": work, "data": inputs}) + "\n")
        pipes[0].flush()
        line = pipes[1].readline()
        if not line:
            message = f"{self.contender.title} died (exit code {self._process.wait()})"
            raise RuntimeError(message)
        answer: Mapping[str, Any] = json.loads(line)
        return None if "missing" in answer else answer

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


def startup(contender: Contender, purpose: str, places: Mapping[str, str]) -> Mapping[str, Any]:
    """Load a contender in a fresh process; see startup.py there."""
    done = subprocess.run(
        [contender.python, INSIDE / "startup.py", contender.module, purpose],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=environment(places),
    )
    told: Mapping[str, Any] = json.loads(done.stdout)
    return told


def version(contender: Contender) -> str:
    """Return the version of a contender's package in its own environment."""
    ask = "import importlib.metadata as m, sys; sys.stdout.write(m.version(sys.argv[1]))"
    command = [contender.python, "-c", ask, contender.package]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


def environment(places: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables of a contender: none that could change its work."""
    return {"PATH": os.environ["PATH"], **places}
