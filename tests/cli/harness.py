"""Run the command inside this process, or as a process of its own where streams matter."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass

from harmonium.cli import main

COMMAND = [sys.executable, "-m", "harmonium"]
TALK = json.dumps(
    [
        {"author": {"role": "user"}, "content": "What is 2 + 2?"},
        {"author": {"role": "assistant"}, "channel": "analysis", "content": "Easy."},
        {"author": {"role": "assistant"}, "channel": "final", "content": "4"},
    ]
)
ANSWER = "<|channel|>analysis<|message|>Easy.<|end|><|start|>assistant<|channel|>final<|message|>4"


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Command:
    """Call ``main`` with an input, and give its exit code and what it wrote."""

    def __init__(self, capsys, monkeypatch):
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments, stdin=""):
        data = stdin if isinstance(stdin, bytes) else stdin.encode()
        self._monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
        self._capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
        written = self._capsys.readouterr()
        return Outcome(code, written.out, written.err)


def output_of(*arguments, stdin):
    """Run ``main`` where no fixture is, for properties; give what it wrote to stdout."""
    before, out = sys.stdin, io.StringIO()
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    try:
        with contextlib.redirect_stdout(out):
            code = main([*arguments, "--quiet"])
    finally:
        sys.stdin = before
    assert code == 0
    return out.getvalue()


def run(*arguments, stdin=b"", env=(), **options):
    """Run the command as a process; `env` replaces variables that colour depends on."""
    plain = {
        name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}
    }
    return subprocess.run(  # noqa: S603  (our own command)
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
        env=plain | {"PYTHONUTF8": "1"} | dict(env),
        **options,
    )
