"""Results as tables for a terminal, and the drawn parts of the performance page."""

# ruff: noqa: RUF001  (the sign for times)

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.contenders import (
    BARE,
    COMPAT,
    CONTENDERS,
    FLOOR,
    LEGACY,
    OPENAI,
    OSS,
    OWN,
    PLAIN,
    TEMPLATE,
)
from benchmarks.results import Results

DOCS = Path(__file__).parents[1] / "docs" / "explanation"
PAGE = DOCS / "performance.md"
MEGABYTE = 1_000_000
TITLES = {contender.name: contender.title for contender in (*CONTENDERS, TEMPLATE)}
LOADED = {"encode": "import and load, ready to encode", "parse": "import and load, ready to parse"}
KEPT = {"encode": "peak memory, ready to encode", "parse": "peak memory, ready to parse"}


def show(results: Results, console: Console) -> None:
    """Print all tables: medians, ratios, growth, and which targets are met."""
    console.print(f"\n{_machine(results)}")
    console.print(_speed_table(results))
    console.print(_openai_table(results))
    console.print(_kinds_table(results))
    console.print(_growth_table(results))
    gains = ", ".join(f"{kind} {gain:.1f}x" for kind, gain in results["threads"]["gains"].items())
    console.print(f"Two threads instead of one: {gains}\n")
    console.print(_targets_table(results))
    missed = [target for target in results["targets"] if not target["met"]]
    total = len(results["targets"])
    console.print(f"{total - len(missed)} of {total} targets met")


def _machine(results: Results) -> str:
    machine, versions = results["machine"], results["versions"]
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    return f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; {listed}"


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(columns[0], overflow="fold")
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _speed_table(results: Results) -> Table:
    present = [name for name in TITLES if name in results["speed"]["render"]["median"]]
    title = f"median time, and how many times as fast as {OSS.title}"
    table = _table(title, ["", *(TITLES[name] for name in present)])
    for case in results["speed"].values():
        cells = [_cell(case, name, _duration) for name in present]
        table.add_row(case["title"], *cells)
    for quantity, titles, shown in (("load", LOADED, _duration), ("memory", KEPT, _bytes)):
        for purpose, told in titles.items():
            found = results[quantity][purpose]
            table.add_row(told, *(_cell(found, name, shown) for name in present))
    return table


def _cell(case: Results, name: str, shown: Callable[[float], str]) -> str:
    if name not in case["median"]:
        return ""
    value = shown(case["median"][name] / case.get("times", 1))
    return f"{value} {_times(case['ratio'][name])}" if name in case["ratio"] else value


def _duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def _bytes(size: float) -> str:
    return f"{size / MEGABYTE:.0f} MB"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}×" if ratio < 10 else f"{ratio:.0f}×"  # noqa: PLR2004  (two digits say enough)


def _openai_table(results: Results) -> Table:
    names = [PLAIN.name, OPENAI.name, FLOOR.name]
    title = f"between OpenAI's APIs and tokens: median time, and as fast as {PLAIN.title}"
    table = _table(title, ["", *(TITLES[name] for name in names)])
    for case in results["openai"].values():
        table.add_row(case["title"], *(_cell(case, name, _duration) for name in names))
    return table


def _kinds_table(results: Results) -> Table:
    names = [OSS.name, COMPAT.name, OWN.name, BARE.name]
    table = _table("rendering new texts of one kind", ["", *(TITLES[name] for name in names)])
    for case in results["kinds"].values():
        table.add_row(case["title"], *(_cell(case, name, _duration) for name in names))
    return table


def _growth_table(results: Results) -> Table:
    names = [OSS.name, LEGACY.name, COMPAT.name, OWN.name]
    table = _table("time grows with n to the power of", ["n", *(TITLES[name] for name in names)])
    for case in results["growth"]:
        table.add_row(case["title"], *(f"{case['exponent'][name]:.2f}" for name in names))
    return table


def _targets_table(results: Results) -> Table:
    table = _table("targets", ["", "promised", "measured", ""])
    for target in results["targets"]:
        found = _measured(target)
        table.add_row(
            target["name"], target["promise"], found, "met" if target["met"] else "MISSED"
        )
    return table


def _measured(target: Results) -> str:
    """Show a ratio the way its promise is put."""
    measured = target["measured"]
    return _times(1 / measured if target["promise"].startswith("at most") else measured)


# ---- docs/explanation/performance.md: ratios only


def publish(results: Results) -> None:
    """Rewrite the drawn parts of the page."""
    page = PAGE.read_text("utf-8")
    PAGE.write_text(_PART.sub(lambda part: _drawn(part, results), page), "utf-8")


_PART = re.compile(r"(<!-- from make bench: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _drawn(part: re.Match[str], results: Results) -> str:
    return f"{part[1]}\n{_PARTS[part[2]](results)}\n\n{part[3]}"


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def _ratios(case: Results, names: Sequence[str]) -> list[str]:
    return [_times(case["ratio"][name]) if name in case["ratio"] else "" for name in names]


def _ratio_rows(results: Results) -> str:
    names = [it for it in TITLES if it in results["speed"]["render"]["ratio"] and it != OSS.name]
    rows = [[it["title"], *_ratios(it, names)] for it in results["speed"].values() if it["ratio"]]
    rows += [[told, *_ratios(results["load"][it], names)] for it, told in LOADED.items()]
    rows += [
        [f"{told} (less)", *_ratios(results["memory"][it], names)] for it, told in KEPT.items()
    ]
    return _markdown(["work", *(TITLES[name] for name in names)], rows)


def _openai_rows(results: Results) -> str:
    names = [OPENAI.name, FLOOR.name]
    rows = [[it["title"], *_ratios(it, names)] for it in results["openai"].values()]
    return _markdown(["work", *(TITLES[name] for name in names)], rows)


def _target_rows(results: Results) -> str:
    rows = [
        [it["name"], it["promise"], _measured(it), "met" if it["met"] else "**missed**"]
        for it in results["targets"]
    ]
    return _markdown(["target", "promised", "measured", ""], rows)


def _kind_rows(results: Results) -> str:
    names = [COMPAT.name, OWN.name, BARE.name]
    rows = [[it["title"], *_ratios(it, names)] for it in results["kinds"].values()]
    return _markdown(["kind of text", *(TITLES[name] for name in names)], rows)


def _growth_rows(results: Results) -> str:
    names = [OSS.name, COMPAT.name, OWN.name]
    rows = [
        [it["title"], *(f"{it['exponent'][name]:.2f}" for name in names)]
        for it in results["growth"]
    ]
    return _markdown(["n", *(TITLES[name] for name in names)], rows)


def _thread_rows(results: Results) -> str:
    gains = results["threads"]["gains"].items()
    return _markdown(["work", "two threads"], [[kind, f"{gain:.1f}×"] for kind, gain in gains])


_PARTS: Mapping[str, Callable[[Results], str]] = {
    "machine": _machine,
    "ratios": _ratio_rows,
    "openai": _openai_rows,
    "targets": _target_rows,
    "kinds": _kind_rows,
    "growth": _growth_rows,
    "threads": _thread_rows,
}
