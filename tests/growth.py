"""Measure how time grows with size: the one way all scaling tests do it.

Processor time of this process, the least of several runs, and the better of two tries: what a busy
machine adds is not the code's.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable

BOUND = 2.6
"""Twice as much may take this much longer: linear with room for caches and memory."""


def seconds(run: Callable[[int], object], size: int) -> float:
    """Time one run without the garbage collector, whose moments are its own."""
    gc.disable()
    try:
        started = time.process_time()
        run(size)
        return time.process_time() - started
    finally:
        gc.enable()


def growth(run: Callable[[int], object], size: int, factor: int = 2) -> float:
    """Return how many times longer ``run(factor * size)`` takes than ``run(size)``."""
    gc.collect()
    small = min(seconds(run, size) for _ in range(3))
    large = min(seconds(run, factor * size) for _ in range(3))
    return large / small


def grows_linearly(run: Callable[[int], object], size: int, factor: int = 2) -> bool:
    bound = BOUND ** math.log2(factor)
    return any(growth(run, size, factor) < bound for _ in range(4))
