"""Ask an oracle and this room the same, and compare, but for the manifest's differences."""

import json
import re
import tomllib
from pathlib import Path

from harmonium.compat import openai_harmony
from tests.oracle import ours

MANIFEST = Path(__file__).parents[2] / "data" / "oracle_differences.toml"
DIFFERENCES = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["difference"]


def disagreements(oracle, module, probe, cases):
    """Return every case with both answers where they differ and no manifest entry says why."""
    openai_harmony.set_profile(oracle.name)
    try:
        found = ours(openai_harmony, module, probe, cases)
    finally:
        openai_harmony.set_profile("oss")
    expected = oracle.ask(module, probe, cases)
    return [
        (case, there, here)
        for case, there, here in zip(cases, expected, found, strict=True)
        if there != here and not is_known(oracle.name, probe, there, here)
    ]


def is_known(oracle, probe, there, here):
    """Return whether the manifest has this difference."""
    return any(
        oracle in entry["oracles"]
        and probe == entry["probe"]
        and re.search(entry["oracle"], json.dumps(there))
        and re.search(entry["ours"], json.dumps(here))
        for entry in DIFFERENCES
    )
