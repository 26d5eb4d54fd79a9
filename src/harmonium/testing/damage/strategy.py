"""The strategy for damaged completions. Needs Hypothesis (extra ``testing``)."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from harmonium.testing.damage.cases import DamagedCase, damaged_case

_SEEDS = 2**32


def damaged_completions(
    *, max_faults: int = 3, kinds: Sequence[str] = ()
) -> st.SearchStrategy[DamagedCase]:
    """Generate damaged completions with their right readings.

    Args:
        max_faults: how many faults one has at most; it has at least one.
        kinds: the codes to draw from, all of `DAMAGE_KINDS` by default.

    Example:
        >>> damaged_completions().example()  # doctest: +SKIP
        DamagedCase(seed=0, faults=('boundary_missing',), ids=(200005, 35644, ...

    """
    return st.builds(
        damaged_case,
        st.integers(0, _SEEDS),
        faults=st.integers(1, max_faults),
        kinds=st.just(tuple(kinds)),
    )
