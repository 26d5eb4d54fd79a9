"""The measurement: contenders take turns, round after round, on the same new inputs."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.cases import Case
from benchmarks.contenders import (
    COMPAT,
    OPENAI,
    OSS,
    PLAIN,
    Contender,
    Process,
    startup,
)
from harmonium.tokens import export_vocabulary

Times = dict[str, list[list[float]]]
"""Contender's name -> rounds -> seconds of each run."""

WARM_UP = 2
"""Rounds that do not count: tables that fill as tokens are met are then mostly full."""


class Arena:
    """The contenders' processes, as a context manager.

    Args:
        contenders: who is there; cases leave out those who are not.
        places: environment variables that contenders need besides their vocabulary.

    """

    def __init__(
        self, contenders: Iterable[Contender], places: Mapping[str, str] | None = None
    ) -> None:
        self.contenders = tuple(contenders)
        self._folder = tempfile.TemporaryDirectory(prefix="harmonium-bench-")
        folder = Path(self._folder.name)
        export_vocabulary(folder / "o200k_base.tiktoken")
        self._places = {"TIKTOKEN_ENCODINGS_BASE": str(folder), **(places or {})}
        self._processes: dict[str, Process] = {}
        self._seed = 0
        self._warm: set[tuple[str, int | None, frozenset[str]]] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.close()
        self._folder.cleanup()

    def times(
        self, case: Case, rounds: int, *, size: int | None = None, only: Sequence[Contender] = ()
    ) -> Times:
        """Measure a case; the first time, rounds to warm up come first and do not count.

        Raises:
            RuntimeError: harmonium did not do what the library it equals did.

        """
        there = [it for it in case.contenders if it in self.contenders and it in (only or (it,))]
        found: Times = {contender.name: [] for contender in there}
        kind = (case.name, size, frozenset(found))
        skipped = 0 if kind in self._warm else WARM_UP
        self._warm.add(kind)
        for number in range(skipped + rounds):
            self._seed += 1
            inputs = case.round(self._seed, size)
            told = {it.name: self._process(it).ask(case.work, inputs) for it in there}
            _check_outcomes(
                case, {name: answer["outcome"] for name, answer in told.items() if answer}
            )
            for name, answer in told.items():
                if answer and number >= skipped:
                    found[name].append(answer["seconds"])
        return {name: times for name, times in found.items() if times}

    def startups(self, purpose: str, rounds: int, only: Sequence[Contender]) -> tuple[Times, Times]:
        """Start contenders again and again; give seconds and bytes of peak memory."""
        seconds: Times = {it.name: [] for it in only}
        memory: Times = {it.name: [] for it in only}
        for contender in only:
            startup(contender, purpose, self._places)  # the files are in memory from now on
        for _ in range(rounds):
            for contender in only:
                told = startup(contender, purpose, self._places)
                seconds[contender.name].append([told["seconds"]])
                memory[contender.name].append([told["memory"]])
        return seconds, memory

    def _process(self, contender: Contender) -> Process:
        if contender.name not in self._processes:
            self._processes[contender.name] = Process(contender, self._places)
        return self._processes[contender.name]


def _check_outcomes(case: Case, outcomes: Mapping[str, str]) -> None:
    """Speed counts only for the same result."""
    for ours, theirs in ((COMPAT, OSS), (OPENAI, PLAIN)):
        both = {ours.name, theirs.name} <= set(outcomes)
        if both and outcomes[ours.name] != outcomes[theirs.name]:
            message = f"{case.name}: {ours.title} gave something else than {theirs.title}"
            raise RuntimeError(message)


def median(rounds: Sequence[Sequence[float]]) -> float:
    """Return the median of all runs."""
    return statistics.median(value for runs in rounds for value in runs)


def best(rounds: Sequence[Sequence[float]]) -> float:
    """Return the minimum of all runs: what the work takes when nothing disturbs it."""
    return min(value for runs in rounds for value in runs)


def ratio(baseline: Sequence[Sequence[float]], contender: Sequence[Sequence[float]]) -> float:
    """Return how many times as good a contender is: the median of the ratios of all rounds.

    What slows the machine down for a while slows both in a round.
    """
    pairs = zip(baseline, contender, strict=True)
    return statistics.median(statistics.median(a) / statistics.median(b) for a, b in pairs)


def exponent(small: float, large: float, factor: int) -> float:
    """Return the power of n that time grows with, from its growth over `factor` times the input."""
    return math.log(large / small) / math.log(factor)
