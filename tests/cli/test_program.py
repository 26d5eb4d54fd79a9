"""The command line as a whole: help, version, usage errors, doctor, last resorts."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import harmonium
from harmonium.cli import convert, doctor, parse, render, tokens
from harmonium.cli.program import main
from tests.cli.harness import TALK, run

COMMANDS = [[], ["render"], ["parse"], ["convert"], ["tokens"], ["doctor"]]
HI = {"role": "user", "content": "hi"}
ACTIONS = [["tokens", "encode"], ["tokens", "decode"], ["tokens", "count"]]


def test_the_version_is_the_packages(command):
    assert command("--version").out == f"harmonium {harmonium.__version__}\n"


@pytest.mark.parametrize("words", COMMANDS + ACTIONS, ids=" ".join)
def test_help_has_examples(command, words):
    done = command(*words, "--help")
    assert (done.code, done.err) == (0, "")
    assert "examples:\n" in done.out


@pytest.mark.parametrize("words", COMMANDS + ACTIONS, ids=" ".join)
def test_the_examples_of_help_run(command, words, tmp_path):
    shown = command(*words, "--help").out.split("examples:\n")[1].split("\n\n")[0]
    (tmp_path / "conversation.json").write_text(TALK)
    (tmp_path / "completion.txt").write_text("<|channel|>final<|message|>Hello.<|return|>\n")
    (tmp_path / "chat.json").write_text(json.dumps({"model": "m", "messages": [HI]}))
    (tmp_path / "responses.json").write_text(json.dumps({"model": "m", "input": [HI]}))
    (tmp_path / "answer.json").write_text('{"role": "assistant", "content": "Hello."}')
    (tmp_path / "ids.json").write_text("[200005, 17196, 200008, 12194, 200002]")
    (tmp_path / "prompt.txt").write_text("What is 2 + 2?")
    script = "\n".join(["set -eo pipefail", *(line.strip() for line in shown.splitlines())])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(  # noqa: S603
        ["bash", "-c", script],  # noqa: S607
        cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "error[" in done.stderr) == (0, False), done.stderr
    assert done.stdout


@pytest.mark.parametrize(
    "words",
    [
        "",
        "frobnicate",
        "render --profile nope",
        "render --next-role king",
        "render --next-role user --training",
        "render a b",
        "parse --policy lenient",
        "parse --role king",
        "tokens",
        "tokens encode --special --ordinary",
        "doctor --format xml",
    ],
)
def test_a_wrong_call_is_a_usage_error(command, words):
    done = command(*shlex.split(words))
    assert (done.code, done.out) == (2, "")
    assert re.search(r"^error\[usage\]: .*--help$", done.err, re.MULTILINE)


def test_the_doctor_finds_this_installation_well(command):
    done = command("doctor")
    assert done.code == 0
    assert f"harmonium                {harmonium.__version__}" in done.out
    assert "vocabulary o200k_base    bundled with harmonium" in done.out
    assert "extra testing" in done.out


def test_the_doctor_speaks_json(command):
    findings = {item["subject"]: item for item in json.loads(command("doctor", "-f", "json").out)}
    assert findings["encoding o200k_harmony"]["state"] == "ok"
    assert {item["state"] for item in findings.values()} <= {"ok", "absent"}


def test_the_doctor_notices_a_wrong_vocabulary(tmp_path):
    (tmp_path / "o200k_base.tiktoken").write_text("IQ== 0\n")
    done = run("doctor", env=[("TIKTOKEN_ENCODINGS_BASE", str(tmp_path))])
    assert done.returncode == 1
    assert b"[vocabulary_digest]" in done.stdout
    assert b"Traceback" not in done.stderr


def test_the_doctor_notices_a_missing_distribution(command, monkeypatch):
    monkeypatch.setattr(doctor, "version_of", lambda _: "unknown")
    done = command("doctor")
    assert done.code == 1
    assert "not installed" in done.out


@pytest.mark.parametrize("module", [render, parse, convert, tokens, doctor])
def test_each_command_stands_in_a_file_of_its_own(module):
    assert Path(module.__file__).stem == module.__name__.rpartition(".")[2]


def test_a_fault_of_ours_gives_a_line_and_a_way_to_the_traceback(command, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(tokens, "load_encoding", fail)
    done = command("tokens", "count", "-t", "x")
    assert done.code == 1
    assert done.err.startswith("error[internal]: ZeroDivisionError: ")
    monkeypatch.setenv("HARMONIUM_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        main(["tokens", "count", "-t", "x"])
