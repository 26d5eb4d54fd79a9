"""Results of the gateway's benchmark: tables for a terminal, and the drawn part of its page."""

# ruff: noqa: RUF001  (the sign for times)

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gateway_contenders import BARE, LITELLM_VERSION, OTHER, OTHER_DIALECTS, OURS

PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "gateway-performance.md"
Results = dict[str, Any]
_PART = re.compile(r"(<!-- from make bench-gateway -->\n).*?(<!-- end -->)", re.DOTALL)
_SERVERS = (BARE, OURS, *OTHER_DIALECTS, OTHER)


@dataclass(frozen=True, slots=True)
class Case:
    """A load: how many streams at once, and how many tokens per chunk."""

    streams: int
    tokens: int

    @property
    def title(self) -> str:
        """Return it in words."""
        streams = "1 stream" if self.streams == 1 else f"{self.streams} streams"
        return f"{streams}, {self.tokens} a chunk"


def show(results: Results) -> None:
    """Print the tables."""
    sys.stdout.write(f"{_told(results)}\n")


def publish(results: Results) -> None:
    """Rewrite the tables of the page."""
    page = PAGE.read_text("utf-8")
    told = _told(results)
    PAGE.write_text(_PART.sub(lambda part: f"{part[1]}\n{told}\n\n{part[2]}", page), "utf-8")


def _told(results: Results) -> str:
    machine = results["machine"]
    who = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}; "
        f"LiteLLM {LITELLM_VERSION}; rounds: {results['rounds']}."
    )
    return "\n\n".join([who, _ratios(results), _figures(results), _targets(results)])


def _ratios(results: Results) -> str:
    rows = ["| load | to the bare proxy | to LiteLLM |", "|---|---:|---:|"]
    for case in results["cases"]:
        found = case["throughput_ratio"]
        other = f"{found[OTHER.name]:.1f}×" if OTHER.name in found else ""
        rows.append(f"| {case['title']} | {found[BARE.name]:.2f}× | {other} |")
    return "\n".join(rows)


def _figures(results: Results) -> str:
    rows = [
        "| load | server | tokens a CPU second | first token, ms | added p50, ms | p99 | MiB |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for case in results["cases"]:
        for server in _SERVERS:
            if server.name in case["median"]:
                rows.append(_figure(case, server.name, server.title))  # noqa: PERF401
    return "\n".join(rows)


def _figure(case: Results, name: str, title: str) -> str:
    found = case["median"][name]
    cells = [
        case["title"],
        title,
        f"{found['tokens_per_core']:,.0f}",
        f"{1e3 * found['first_token']:,.0f}",
        f"{1e3 * case['added_p50'][name]:,.2f}",
        f"{1e3 * case['added_p99'][name]:,.1f}",
        f"{found['memory'] / 2**20:,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def _targets(results: Results) -> str:
    rows = ["| target, by the worst load | promised | measured | |", "|---|---:|---:|---|"]
    for target in results["targets"]:
        met = "met" if target["met"] else "**missed**"
        rows.append(
            f"| {target['name']} | {target['promise']} | {target['measured']:.2f} | {met} |"
        )
    return "\n".join(rows)
