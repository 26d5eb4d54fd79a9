"""The chart: how many times as fast, on a logarithmic scale, with the targets marked."""

# ruff: noqa: RUF001  (the sign for times)

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from benchmarks.cases import MAIN
from benchmarks.contenders import COMPAT, OSS, OWN
from benchmarks.results import Results
from benchmarks.targets import TARGETS, Target

BARS = ((COMPAT, "#7aa6c2"), (OWN, "#1b4965"))
HEIGHT = 0.38
MARK = "#d1495b"
LABELS = {
    "render": "render 100 turns, new text",
    "render grown": "… again after one more turn",
    "render message": "render one message",
    "parse": "parse 16,000 tokens",
    "parse short": "parse 40 tokens",
    "stream": "stream, three accessors a token",
    "stream content": "… and the content so far",
}


def draw(results: Results, folder: Path) -> None:
    """Write ``performance.png`` and ``performance.svg``: one row a case, one bar a contender."""
    mpl.rcParams["svg.hashsalt"] = "harmonium"  # the same results give the same file
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    for place, (contender, colour) in enumerate(BARS):
        _draw_bars(axes, results, contender.name, place, colour)
    axes.set_xlim(left=1)
    axes.xaxis.set_major_formatter("{x:g}×")
    axes.set_yticks(range(len(MAIN)), [LABELS[case.name] for case in MAIN])
    axes.invert_yaxis()
    axes.set_xlabel(f"times as fast as {OSS.title} {results['versions'][OSS.package]} (log scale)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.plot([], color=MARK, linewidth=2, label="target")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    for kind, metadata in (("png", None), ("svg", {"Date": None})):
        figure.savefig(folder / f"performance.{kind}", dpi=150, metadata=metadata)


def _draw_bars(axes: Any, results: Results, name: str, place: int, colour: str) -> None:  # noqa: ANN401
    ratios = [results["speed"][case.name]["ratio"][name] for case in MAIN]
    rows = [row + (place - 0.5) * HEIGHT for row in range(len(MAIN))]
    title = next(contender.title for contender, _ in BARS if contender.name == name)
    bars = axes.barh(rows, ratios, HEIGHT, label=title, color=colour)
    axes.bar_label(bars, [f" {ratio:.3g}×" for ratio in ratios], fontsize=8)
    targets = {it.case: it.factor for it in TARGETS if _is_drawn(it, name)}
    for case, row in zip(MAIN, rows, strict=True):
        if case.name in targets:
            ends = (row - HEIGHT / 2, row + HEIGHT / 2)
            axes.plot([targets[case.name]] * 2, ends, color=MARK, linewidth=2)


def _is_drawn(target: Target, name: str) -> bool:
    return target.quantity == "speed" and target.contender.name == name and target.baseline == OSS
