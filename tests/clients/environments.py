"""Runs the clients' programs, each in the environment that has its client, and reads their reports.

Knows where the environments are (see `make clients`), and nothing of what clients do.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
PATIENCE = 300
"""Seconds after which a program is taken to hang."""
WHERE = {
    "agents": "main",
    "langchain": "main",
    "pydantic_ai": "main",
    "llm": "main",
    "litellm": "litellm",
    "openai": "node",
    "ai_sdk": "node",
}
"""Client -> the environment it is in; its program is ``with_CLIENT``."""


@dataclass(frozen=True)
class Report:
    """What a program told, {API: {step: outcome}}, and the prompts that went on after its calls.

    Programs go through the APIs in turn, each with the steps ``tool`` and ``streamed_tool``.
    """

    told: dict
    prompts: list[str]

    def prompt(self, api, step):
        """Return the prompt that went on after the call of a step."""
        steps = [(each, name) for each in self.told for name in ("tool", "streamed_tool")]
        return dict(zip(steps, self.prompts, strict=True))[api, step]


@dataclass(frozen=True)
class Environments:
    """The environments in a folder, and the addresses that programs get."""

    folder: Path
    addresses: tuple[str, ...]
    home: Path

    def run(self, client):
        """Return {API: {step: what came of it}}."""
        command = [*self._command(client), *self.addresses]
        nothing_of_the_users = {"PATH": os.environ["PATH"], "HOME": str(self.home)}
        done = subprocess.run(  # noqa: S603  (our own programs)
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=nothing_of_the_users,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def _command(self, client):
        environment = self.folder / WHERE[client]
        if WHERE[client] != "node":
            return [environment / "bin" / "python", PROGRAMS / f"with_{client}.py"]
        if not (environment / "node_modules").is_dir():
            pytest.skip("clients in JavaScript need node and npm, which are not installed here")
        for program in PROGRAMS.glob("*.mjs"):
            shutil.copy(program, environment)  # modules are looked for beside the program
        return ["node", environment / f"with_{client}.mjs"]
