"""Run probes against this environment's openai_harmony: a JSON request a line, an answer a line.

Stands alone: it runs in the oracle's own environment, without harmonium and without pytest.
Request: {"module": "probes_x", "function": "name", "cases": [[arg, ...], ...]}.
Answer: one of {"ok": value} or {"error": [type name, text]} per case.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path


def outcome(function, module, case):
    """Return what `function` returns or raises for one case (panics are BaseExceptions)."""
    try:
        return {"ok": function(module, *case)}
    except BaseException as error:  # noqa: BLE001  (a Rust panic is no Exception)
        return {"error": [type(error).__name__, str(error)]}


def main():
    """Answer requests until stdin closes."""
    sys.path.insert(0, str(Path(__file__).parent))
    import openai_harmony  # noqa: PLC0415  (only here does it exist)

    for line in sys.stdin:
        request = json.loads(line)
        function = getattr(importlib.import_module(request["module"]), request["function"])
        answers = [outcome(function, openai_harmony, case) for case in request["cases"]]
        sys.stdout.write(json.dumps(answers) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
