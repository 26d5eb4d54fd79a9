"""The examples run offline and print what is kept beside this file; so does the tour."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXPECTED = Path(__file__).parent / "expected"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def _run(script):
    """Run a script where no name can be resolved and nothing is coloured."""
    closed = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    plain = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "FORCE_COLOR"}}
    return subprocess.run(  # noqa: S603  (our own scripts)
        [sys.executable, "-W", "error", script],
        env=plain | closed | {"COLUMNS": "100", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_there_are_the_examples_that_the_readme_promises():
    assert {path.stem for path in EXAMPLES} == {
        "basic_usage",
        "broken_output",
        "channel_management",
        "chat_completions",
        "responses_api",
        "streaming_parser",
        "tool_integration",
        "tour",
    }


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_prints_what_it_should(script):
    done = _run(script)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (EXPECTED / f"{script.stem}.txt").read_text("utf-8")
