"""The command ``python -m benchmarks.repair``, which ``make bench-repair`` runs.

Generated damage, read by harmonium and by the two published libraries, each in an environment of
its own. A case counts for whoever gives one of its right readings. Does not measure time.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.contenders import INSIDE, LEGACY, OSS, Contender, environment
from harmonium import MessageEnded, Repaired, load_encoding
from harmonium.testing import DAMAGE_KINDS, DamagedCase, Recovered, damaged_cases, judge
from harmonium.tokens import export_vocabulary

DOCS = Path(__file__).parents[1] / "docs"
OURS = "harmonium"
EACH, FEW = 140, 20
"""Cases of each kind, and with ``--quick``."""
TOTAL, FEW_IN_TOTAL = 5_000, 500
"""Valid cases, and cases of one, two and three faults, and with ``--quick``."""
SEED = 1_000_000
"""Where the cases begin: not where those of the tests do."""
VERDICTS = ("right", "wrong", "lost", "shown", "raised")

Parse = Callable[[DamagedCase], tuple[Sequence[Recovered] | None, Iterable[str]]]
"""Return the messages that a parser finds, None if it raises, and what it reported as discarded."""


class Results(NamedTuple):
    """How often each contender was right: by kind, and by the number of faults."""

    kinds: Mapping[str, Mapping[str, Counter[str]]]
    totals: Mapping[int, Mapping[str, Counter[str]]]


class Library:
    """One of the published libraries in a process of its own."""

    def __init__(self, contender: Contender, vocabulary: str) -> None:
        self._process = subprocess.Popen(
            [contender.python, INSIDE / "repair.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a Rust panic writes there
            text=True,
            encoding="utf-8",
            env=environment({"TIKTOKEN_ENCODINGS_BASE": vocabulary}),
        )

    def parse(self, case: DamagedCase) -> tuple[Sequence[Recovered] | None, Iterable[str]]:
        """Return the messages the library finds, None if it raises; it reports nothing.

        Raises:
            RuntimeError: the process died.

        """
        pipes = self._process.stdin, self._process.stdout
        if pipes[0] is None or pipes[1] is None:  # they were asked for, so they are there
            raise RuntimeError
        pipes[0].write(json.dumps(case.ids) + "\n")
        pipes[0].flush()
        found = json.loads(pipes[1].readline())
        return None if found is None else [Recovered(*message) for message in found], ()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def parse_ours(case: DamagedCase) -> tuple[Sequence[Recovered], Iterable[str]]:
    """Return what our own parser finds, and the texts of its reports."""
    parser = load_encoding().parser(role=case.role, tools=case.tools)
    events = [*parser.feed(case.ids), *parser.close()]
    ended = [event.message for event in events if isinstance(event, MessageEnded)]
    return Recovered.of_all(ended), [it.text for it in events if isinstance(it, Repaired)]


def count(cases: Iterable[DamagedCase], parsers: Mapping[str, Parse]) -> dict[str, Counter[str]]:
    """Return how often each parser earned each verdict on the same cases."""
    counts: dict[str, Counter[str]] = {name: Counter() for name in parsers}
    for case in cases:
        for name, parse in parsers.items():
            found, reported = parse(case)
            verdict = "raised" if found is None else judge(case, found, reported)
            counts[name][verdict] += 1
    return counts


def measure(parsers: Mapping[str, Parse], *, each: int, total: int) -> Results:
    """Return the results of all parsers on damage of each kind, and of none to three faults."""
    kinds = {
        code: count(damaged_cases(each, seed=SEED, kinds=[code]), parsers) for code in DAMAGE_KINDS
    }
    totals = {
        faults: count(damaged_cases(total, seed=SEED, faults=faults), parsers)
        for faults in (0, 1, 2, 3)
    }
    return Results(kinds, totals)


def main() -> int:
    """Run the command."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="harmonium-bench-") as folder:
        export_vocabulary(Path(folder) / "o200k_base.tiktoken")
        libraries = {it.title: Library(it, folder) for it in (OSS, LEGACY)}
        parsers: dict[str, Parse] = {OURS: parse_ours}
        parsers.update({title: library.parse for title, library in libraries.items()})
        sizes = (FEW, FEW_IN_TOTAL) if options.quick else (EACH, TOTAL)
        results = measure(parsers, each=sizes[0], total=sizes[1])
        for library in libraries.values():
            library.close()
    _show(results, Console())
    if options.publish:
        publish(results)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.repair", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases")
    parser.add_argument("--publish", action="store_true", help="bring docs/ up to date")
    return parser.parse_args()


def _show(results: Results, console: Console) -> None:
    for title, rows in (("right readings", _kind_rows(results)), ("", _total_rows(results))):
        head, *body = rows
        table = Table(*head, title=title or None, title_justify="left")
        for row in body:
            table.add_row(*row)
        console.print(table)


def _percent(counter: Mapping[str, int], verdict: str = "right") -> str:
    return f"{100 * counter.get(verdict, 0) / sum(counter.values()):.1f} %"


def _kind_rows(results: Results) -> Iterator[tuple[str, ...]]:
    names = list(results.totals[1])
    yield ("kind", "what is wrong", *names)
    for code, counts in results.kinds.items():
        rates = (_percent(counts[name]) for name in names)
        yield (f"`{code}`", DAMAGE_KINDS[code].summary.rstrip("."), *rates)


def _total_rows(results: Results) -> Iterator[tuple[str, ...]]:
    yield ("faults", "parser", *VERDICTS)
    for faults, counts in results.totals.items():
        for name, counter in counts.items():
            yield (str(faults), name, *(_percent(counter, verdict) for verdict in VERDICTS))


# ---- the drawn parts of the documentation


_PART = re.compile(r"(<!-- from make bench-repair: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_ROWS: Mapping[str, Callable[[Results], Iterator[tuple[str, ...]]]] = {
    "kinds": _kind_rows,
    "totals": _total_rows,
}


def publish(results: Results) -> None:
    """Rewrite the drawn parts wherever they stand in the documentation."""
    for page in DOCS.rglob("*.md"):
        old = page.read_text("utf-8")
        new = _PART.sub(lambda part: _drawn(part, results), old)
        if new != old:
            page.write_text(new, "utf-8")


def _drawn(part: re.Match[str], results: Results) -> str:
    head, *body = _ROWS[part[2]](results)
    rule = ["---", "---", *["---:"] * (len(head) - 2)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))
    return f"{part[1]}\n{table}\n\n{part[3]}"


if __name__ == "__main__":
    sys.exit(main())
