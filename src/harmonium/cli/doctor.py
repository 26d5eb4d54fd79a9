"""The command ``harmonium doctor``: what is installed, and whether the vocabulary is intact."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterator
from importlib import metadata
from typing import Literal, NamedTuple

from harmonium.cli.arguments import Subcommands, add_command
from harmonium.cli.terminal import Terminal, printable
from harmonium.errors import HarmoniumError

State = Literal["ok", "absent", "fault"]

_EXTRAS = {"compat": "pydantic", "openai": "openai", "testing": "hypothesis"}
_ENGINES = ("vllm", "sglang", "llama-cpp-python", "transformers")
_VARIABLES = ("TIKTOKEN_ENCODINGS_BASE", "TIKTOKEN_RS_CACHE_DIR")
_PROBE = "<|start|>user<|message|>Grüße, 世界 \U0001f600<|end|>"
_MARKS = {"ok": ("✓", "green"), "absent": ("-", "dim"), "fault": ("✗", "red")}

_EXAMPLES = """\
  harmonium doctor
  harmonium doctor --format json
"""


class Finding(NamedTuple):
    """One line of the report."""

    subject: str
    state: State
    detail: str


def add(commands: Subcommands) -> None:
    """Add the command and its arguments."""
    parser = add_command(commands, "doctor", "check this installation", _EXAMPLES)
    parser.add_argument(
        "-f", "--format", choices=("text", "json"), default="text", help="default: %(default)s"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Report on the installation; exit code 1 when something is at fault."""
    findings = list(_findings(arguments.encoding, terminal))
    if arguments.format == "json":
        terminal.write(json.dumps([finding._asdict() for finding in findings], indent=2) + "\n")
    else:
        for finding in findings:
            mark, style = _MARKS[finding.state]
            head = terminal.style(mark if terminal.writes_unicode else finding.state, style)
            terminal.write(f"{head} {finding.subject:<24} {printable(finding.detail)}\n")
    return int(any(finding.state == "fault" for finding in findings))


def version_of(distribution: str) -> str:
    """Return the version of an installed distribution, or ``unknown``."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "unknown"


def _findings(encoding: str, terminal: Terminal) -> Iterator[Finding]:
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.system()}")
    for distribution in ("harmonium", "tiktoken", "rich"):
        yield _installed(distribution, distribution, needed=True)
    yield _encoding(encoding)
    yield from _vocabularies()
    for variable in _VARIABLES:
        value = terminal.environment.get(variable)
        yield Finding(variable, "ok" if value else "absent", value or "not set")
    for extra, distribution in _EXTRAS.items():
        yield _installed(f"extra {extra}", distribution)
    for engine in _ENGINES:
        yield _installed(f"engine {engine}", engine)


def _installed(subject: str, distribution: str, *, needed: bool = False) -> Finding:
    version = version_of(distribution)
    if version == "unknown":
        return Finding(subject, "fault" if needed else "absent", "not installed")
    name = "" if subject == distribution else f"{distribution} "
    return Finding(subject, "ok", name + version)


def _vocabularies() -> Iterator[Finding]:
    """Report where each published vocabulary comes from."""
    from harmonium.tokens import (  # noqa: PLC0415
        BUNDLED,
        PUBLIC_VOCABULARIES,
        place_of,
    )

    for name in PUBLIC_VOCABULARIES:
        subject = f"vocabulary {name}"
        try:
            place = place_of(name) or (name in BUNDLED and "bundled with harmonium")
        except HarmoniumError as error:
            yield Finding(subject, "fault", f"[{error.code}] {error}")
        else:
            yield Finding(subject, "ok" if place else "absent", place or "not found")


def _encoding(name: str) -> Finding:
    """Load an encoding, which checks the vocabulary's digest, and round-trip a text."""
    from harmonium.encoding import load_encoding  # noqa: PLC0415  (--version needs no encoding)

    subject = f"encoding {name}"
    try:
        encoding = load_encoding(name)
        ids = encoding.encode(_PROBE, allowed_special="all")
        whole = encoding.decode(ids) == _PROBE
    except HarmoniumError as error:
        return Finding(subject, "fault", f"[{error.code}] {error}")
    if not whole:
        return Finding(subject, "fault", "a text changes in a round trip: reinstall harmonium")
    return Finding(subject, "ok", "digest as published, round trip exact")
