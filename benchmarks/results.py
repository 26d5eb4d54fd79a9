"""The results of a run, as one JSON document. Does not measure."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Iterable
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from benchmarks import cases, material
from benchmarks.contenders import (
    COMPAT,
    INSIDE,
    LEGACY,
    OSS,
    OWN,
    PLAIN,
    Contender,
    version,
)
from benchmarks.measure import Arena, Times, best, exponent, median, ratio
from benchmarks.targets import EXPONENT, TARGETS, Target
from benchmarks.texts import Texts

Results = dict[str, Any]
Tell = Callable[[str], None]

PURPOSES = ("encode", "parse")
FACTOR = 4


class Run:
    """Measure everything once.

    Args:
        arena: the contenders.
        rounds: how many rounds count for each case.
        tell: is told what is being measured.

    """

    def __init__(self, arena: Arena, rounds: int, tell: Tell) -> None:
        self._arena = arena
        self._rounds = rounds
        self._tell = tell
        self._found: dict[tuple[str, str], Times] = {}

    def results(self) -> Results:
        """Measure, and give the results document."""
        speed = {case.name: self._speed(case) for case in (*cases.MAIN, *cases.MORE)}
        apis = {case.name: self._speed(case) for case in cases.OF_OPENAI}
        kinds = {case.name: self._speed(case) for case in cases.BY_KIND}
        for purpose in PURPOSES:
            self._startups(purpose)
        return {
            "machine": machine(),
            "versions": versions(self._arena.contenders),
            "rounds": self._rounds,
            "speed": speed,
            "openai": apis,
            "kinds": kinds,
            "load": {purpose: self._summary("load", purpose) for purpose in PURPOSES},
            "memory": {purpose: self._summary("memory", purpose) for purpose in PURPOSES},
            "growth": [self._growth(case) for case in cases.GROWTH],
            "threads": self._threads(),
            "targets": [self._judged(target) for target in TARGETS],
        }

    def _speed(self, case: cases.Case) -> Results:
        self._tell(case.title)
        self._found["speed", case.name] = self._arena.times(case, self._rounds)
        return {"title": case.title, "times": case.times, **self._summary("speed", case.name)}

    def _startups(self, purpose: str) -> None:
        self._tell(f"load, ready to {purpose}")
        who = [it for it in (OSS, LEGACY, COMPAT, OWN) if it in self._arena.contenders]
        seconds, memory = self._arena.startups(purpose, self._rounds, who)
        self._found["load", purpose], self._found["memory", purpose] = seconds, memory

    def _summary(self, quantity: str, case: str) -> Results:
        found = self._found[quantity, case]
        base = found.get(OSS.name) or found.get(PLAIN.name)
        ratios = {name: ratio(base, times) for name, times in found.items()} if base else {}
        return {"median": {name: median(times) for name, times in found.items()}, "ratio": ratios}

    def _growth(self, case: cases.Case) -> Results:
        self._tell(f"growth: {case.title}")
        few = max(3, self._rounds // 3)
        small = self._arena.times(case, few)
        large = self._arena.times(case, few, size=FACTOR * case.size)
        grown = {name: exponent(best(small[name]), best(large[name]), FACTOR) for name in small}
        return {"case": case.name, "title": case.title, "exponent": grown, "bound": EXPONENT}

    def _threads(self) -> Results:
        self._tell("threads")
        texts, count = Texts("threads"), 8
        data = {
            "threads": 2,
            "texts": [texts.draw("README files", 20_000) for _ in range(8 * count)],
            "conversations": [
                material.conversation(texts, 30, material.AGENT) for _ in range(count)
            ],
            "completions": [
                material.completion(texts, cases.encode, 16_000) for _ in range(2 * count)
            ],
        }
        command = [OWN.python, str(INSIDE / "threads.py")]
        done = subprocess.run(
            command, input=json.dumps(data), stdout=subprocess.PIPE, text=True, check=True
        )
        told: Results = json.loads(done.stdout)
        return told

    def _judged(self, target: Target) -> Results:
        found = self._found[target.quantity, target.case]
        measured = ratio(found[target.baseline.name], found[target.contender.name])
        return {
            "name": target.name,
            "promise": target.promise,
            "factor": target.factor,
            "measured": measured,
            "met": measured >= target.factor,
        }


def versions(contenders: Iterable[Contender]) -> dict[str, str]:
    """Return the version of each package that takes part."""
    found = {contender.package: version(contender) for contender in contenders}
    return found | {"tiktoken": installed("tiktoken"), "Python": platform.python_version()}


def machine() -> dict[str, str | int | None]:
    """Return a description of this machine."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
