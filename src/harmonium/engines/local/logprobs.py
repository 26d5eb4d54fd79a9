"""Log probabilities computed from logits. Knows nothing of models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harmonium.engines.protocol import TokenLogprob

if TYPE_CHECKING:
    import numpy as np


def logprob_of(token: int, logits: np.ndarray[Any, Any], most: int) -> TokenLogprob:
    """Return a token's natural log probability, and those of the `most` likeliest tokens.

    Args:
        token: the id that was chosen.
        logits: one number for every id, before temperature and any other choice.
        most: how many alternatives to tell.

    """
    import numpy as np  # noqa: PLC0415  (comes with what runs the model)

    exact = logits.astype(np.float64)
    exact -= exact.max()
    exact -= np.log(np.exp(exact).sum())
    best = np.argpartition(exact, -most)[-most:] if most else np.empty(0, dtype=int)
    best = best[np.argsort(-exact[best], kind="stable")]
    return TokenLogprob(token, float(exact[token]), tuple((int(i), float(exact[i])) for i in best))
