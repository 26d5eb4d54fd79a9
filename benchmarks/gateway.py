"""The gateway's benchmark: against a bare proxy and LiteLLM, before one scripted engine.

Usage: python -m benchmarks.gateway [--quick] [--loads 64x1,256x8] [--publish] [--check]. Every
round asks all contenders the same, one after another; what counts are medians over the rounds, and
of ratios within a round. All of it goes to build/bench/gateway.json; --publish draws the tables of
docs/explanation/gateway-performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.gateway_contenders import (
    BARE,
    OTHER,
    OTHER_DIALECTS,
    OURS,
    Process,
    engine,
    present,
    running,
)
from benchmarks.gateway_engine import Script
from benchmarks.gateway_load import Found, load
from benchmarks.gateway_report import Case, Results, publish, show
from benchmarks.results import machine

OUTPUT = Path("build/bench/gateway.json")
ROUNDS, FEW_ROUNDS = 3, 1
WARM_UP = Script(20, 1, 1_000)
SCRIPTS: Mapping[int, tuple[int, int]] = {
    1: (1_000, 4_000),
    16: (300, 20_000),
    64: (300, 30_000),
    256: (100, 100_000),
}
"""Streams -> chunks of each, and microseconds a step: a busy engine gives each stream less."""
CASES = [Case(streams, tokens) for tokens in (1, 8) for streams in SCRIPTS]
DIRECT = "engine alone"
Round = dict[str, Found]


def main() -> int:
    """Measure, tell, and give the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gateway")
    parser.add_argument("--quick", action="store_true", help="one round instead of three")
    parser.add_argument("--loads", type=_loads, default=CASES, help="streams x tokens a chunk")
    parser.add_argument("--publish", action="store_true", help="update the page in docs/")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    asked = parser.parse_args()
    results = _measure(FEW_ROUNDS if asked.quick else ROUNDS, asked.loads)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(results, indent=1), "utf-8")
    show(results)
    if asked.publish:
        publish(results)
    return int(asked.check and not all(target["met"] for target in results["targets"]))


def _loads(text: str) -> list[Case]:
    """Read the loads that are asked for: ``64x1,256x8``."""
    wanted = [tuple(map(int, load.split("x"))) for load in text.split(",")]
    return [case for case in CASES if (case.streams, case.tokens) in wanted]


def _measure(rounds: int, cases: Sequence[Case]) -> Results:
    found: dict[Case, list[Round]] = {case: [] for case in cases}
    with ExitStack() as stack:
        upstream = stack.enter_context(engine())
        servers = {DIRECT: upstream}
        for contender in present():
            servers[contender.name] = stack.enter_context(running(contender, upstream))
        for server in servers.values():
            asyncio.run(load(server, upstream, WARM_UP, 16))
        for number in range(rounds):
            for case in cases:
                sys.stderr.write(f"round {number + 1} of {rounds}: {case.title}\n")
                found[case].append(_round(case, servers, upstream))
    summaries = [_summary(case, measured) for case, measured in found.items()]
    return {
        "machine": machine(),
        "rounds": rounds,
        "cases": summaries,
        "targets": _targets(summaries),
    }


def _round(case: Case, servers: Mapping[str, Process], upstream: Process) -> Round:
    chunks, microseconds = SCRIPTS[case.streams]
    script = Script(chunks, case.tokens, microseconds)
    return {
        name: asyncio.run(load(server, upstream, script, case.streams))
        for name, server in servers.items()
    }


def _summary(case: Case, rounds: Sequence[Round]) -> Results:
    return {
        "streams": case.streams,
        "tokens": case.tokens,
        "title": case.title,
        "median": {name: _medians([it[name] for it in rounds]) for name in rounds[0]},
        "added_p50": {name: _middle(rounds, _added(name, "latency_p50")) for name in rounds[0]},
        "added_p99": {name: _middle(rounds, _added(name, "latency_p99")) for name in rounds[0]},
        "throughput_ratio": {
            name: _middle(rounds, lambda it, name=name: _per_core(it, OURS.name, name))  # type: ignore[misc]
            for name in rounds[0]
        },
        "dialect_ratio": {
            one.name: _middle(rounds, lambda it, name=one.name: _per_core(it, name, BARE.name))  # type: ignore[misc]
            for one in OTHER_DIALECTS
        },
        "p99_ratio": _middle(rounds, _late_ratio),
    }


def _medians(found: Sequence[Found]) -> dict[str, float]:
    each = [asdict(it) for it in found]
    return {name: statistics.median(it[name] for it in each) for name in each[0]}


def _middle(rounds: Sequence[Round], of: Callable[[Round], float]) -> float:
    return statistics.median(map(of, rounds))


def _added(name: str, which: str) -> Callable[[Round], float]:
    """Return what a proxy adds to the median of the engine alone, in the same round."""
    return lambda it: max(0.0, float(getattr(it[name], which)) - it[DIRECT].latency_p50)


def _per_core(found: Round, name: str, other: str) -> float:
    return found[name].tokens_per_core / found[other].tokens_per_core


def _late_ratio(found: Round) -> float:
    ours, bare = (_added(name, "latency_p99")(found) for name in (OURS.name, BARE.name))
    return ours / bare if bare else float("inf")


def _targets(cases: Sequence[Results]) -> list[Results]:
    """Judge what was promised, each by the case that fares worst."""
    bare = min(it["throughput_ratio"][BARE.name] for it in cases)
    late = max(it["p99_ratio"] for it in cases)
    told = [
        {"name": "tokens a second per core, to the bare proxy", "promise": "at least 0.6",
         "measured": bare, "met": bare >= 0.6},  # noqa: PLR2004  (the promise)
        {"name": "p99 of added latency, to the bare proxy", "promise": "at most 2",
         "measured": late, "met": late <= 2},  # noqa: PLR2004  (the promise)
    ]  # fmt: skip
    for one in OTHER_DIALECTS:
        ratio = min(it["dialect_ratio"][one.name] for it in cases)
        told.append({"name": f"tokens a second per core, {one.title}, to the bare proxy",
                     "promise": "at least 0.6", "measured": ratio,
                     "met": ratio >= 0.6})  # noqa: PLR2004  (the promise)  # fmt: skip
    if OTHER.name in cases[0]["throughput_ratio"]:
        other = min(it["throughput_ratio"][OTHER.name] for it in cases)
        told.append({"name": "tokens a second per core, to LiteLLM", "promise": "at least 5",
                     "measured": other, "met": other >= 5})  # noqa: PLR2004  # fmt: skip
    return told


if __name__ == "__main__":
    sys.exit(main())
