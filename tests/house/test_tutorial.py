"""The tutorial of a served model: its commands run, and its request gets a streamed answer."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from harmonium import cli

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "served-model.md"
PATIENCE = 60
COMMANDS = [
    shlex.split(command)
    for block in re.findall(
        r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    for command in block.replace("\\\n", " ").splitlines()
]
SERVE = [command[1:] for command in COMMANDS if command[:2] == ["harmonium", "serve"]]
(CURL,) = (command for command in COMMANDS if command[0] == "curl")
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@contextmanager
def _served(arguments):
    """Start a command of the page on a free port; yield its address."""
    process = subprocess.Popen(  # noqa: S603  (our own command)
        [sys.executable, "-m", "harmonium", *arguments, "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={name: text for name, text in os.environ.items() if "HARMONIUM" not in name},
    )
    limit = threading.Timer(PATIENCE, process.kill)
    limit.start()
    try:
        yield ADDRESS.search(process.stderr.readline())[0]
    finally:
        limit.cancel()
        process.terminate()
        process.communicate(timeout=PATIENCE)


def test_the_tutorial_starts_a_gateway_that_streams_an_answer_to_its_request():
    url, body = CURL[2], CURL[CURL.index("-d") + 1]
    name, value = CURL[CURL.index("-H") + 1].split(": ")
    with _served(SERVE[0]) as address:
        transport = httpx.HTTPTransport(retries=20)
        with httpx.Client(transport=transport, timeout=PATIENCE) as client:
            here = ADDRESS.sub(address, url)
            answer = client.post(here, content=body, headers={name: value})
    *frames, done = re.findall(r"^data: (.*)$", answer.text, re.MULTILINE)
    deltas = [choice["delta"] for frame in frames for choice in json.loads(frame)["choices"]]
    assert (answer.status_code, done) == (200, "[DONE]")
    assert "".join(delta.get("content") or "" for delta in deltas)


@pytest.mark.parametrize("arguments", SERVE, ids=" ".join)
def test_the_settings_of_the_tutorials_commands_are_valid(arguments):
    assert cli.main([*arguments, "--check"]) == 0
