"""The command ``python -m benchmarks``, which ``make bench`` runs.

Measures everything, prints the tables, writes results.json and the chart, and ends with which
targets are met.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from benchmarks.contenders import CONTENDERS, TEMPLATE
from benchmarks.measure import Arena
from benchmarks.report import DOCS, publish, show
from benchmarks.results import Run

ROOT = Path(__file__).parents[1]
ROUNDS, FEW_ROUNDS = 7, 3
WIDTH = 140


def main() -> int:
    """Run the command; 1 when ``--check`` is given and a target is missed."""
    options = _options()
    console = Console(width=max(WIDTH, Console().width))
    contenders, places = list(CONTENDERS), {}
    if options.template is None or not Path(TEMPLATE.python).exists():
        console.print("the chat template does not take part: make bench TEMPLATE=FOLDER lets it")
    else:
        contenders.append(TEMPLATE)
        places["CHAT_TEMPLATE"] = str(options.template.resolve())
    with Arena(contenders, places) as arena:
        run = Run(arena, FEW_ROUNDS if options.quick else ROUNDS, console.print)
        results = run.results()
    show(results, console)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    _draw(results, options, console)
    missed = any(not target["met"] for target in results["targets"])
    return int(missed and options.check)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure harmonium.")
    parser.add_argument("--quick", action="store_true", help=f"{FEW_ROUNDS} rounds, not {ROUNDS}")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a target is missed")
    parser.add_argument("--publish", action="store_true", help="bring docs/ up to date")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench", help="where to write")
    parser.add_argument("--template", type=Path, help="a tokenizer's folder for transformers")
    return parser.parse_args()


def _draw(results: dict[str, object], options: argparse.Namespace, console: Console) -> None:
    if find_spec("matplotlib") is None:
        console.print("no chart: matplotlib is not installed (pip install --group bench)")
        return
    os.environ.setdefault("MPLCONFIGDIR", str(options.out))
    from benchmarks.chart import draw  # noqa: PLC0415  (matplotlib need not be there)

    draw(results, options.out)
    if options.publish:
        draw(results, DOCS)
        publish(results)


if __name__ == "__main__":
    sys.exit(main())
