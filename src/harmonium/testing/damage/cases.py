"""Damaged completions with their right readings, from a seed. Does not parse anything."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harmonium.encoding import load_encoding
from harmonium.testing.corpus import Recovered
from harmonium.testing.damage import (
    header_faults,
    missing_faults,
    recipient_faults,
    token_faults,
    turn_faults,
)
from harmonium.testing.damage.completions import completion
from harmonium.testing.damage.faults import Fault, fault, registered
from harmonium.testing.damage.message_reading import Unreadable
from harmonium.testing.damage.pieces import Draft, Run, cut_turns, ids_of, runs_of, turns_of
from harmonium.testing.damage.reading import readings

# Importing these registers their faults.
_MODULES = (header_faults, missing_faults, recipient_faults, token_faults, turn_faults)


@fault("the corpus: truncated")
def cut(draft: Draft) -> bool:
    """The stream ends before the completion does."""
    if draft.cut < 1:
        return False
    draft.cut = draft.random.random()
    return True


DAMAGE_KINDS = registered()
"""The kinds of damage by code; see `Fault`."""


_ATTEMPTS = 1_000
"""So many completions are tried for one case; what can be combined is found in a few."""


@dataclass(frozen=True, slots=True)
class DamagedCase:
    """A damaged completion and how it should be read.

    Args:
        seed: what made it; the same seed, faults and version make the same case.
        faults: the codes of the damage done, in order; see `DAMAGE_KINDS`.
        ids: the tokens behind ``<|start|>assistant``.
        tools: the names of the declared tools.
        meant: what the completion said before the damage.
        readings: the messages that must come back; any of these is right, the first is likeliest.
        contents: the text that is left, in the pieces into which tokens part it; none may be lost.

    """

    seed: int
    faults: tuple[str, ...]
    ids: tuple[int, ...]
    tools: tuple[str, ...]
    meant: tuple[Recovered, ...]
    readings: tuple[tuple[Recovered, ...], ...]
    contents: tuple[str, ...]

    @property
    def role(self) -> Literal["assistant"]:
        """The role that the prompt ends with."""
        return "assistant"

    @property
    def text(self) -> str:
        """The output with special tokens by name, to look at; ids beyond the vocabulary as ⟨id⟩."""
        encoding = load_encoding()
        groups = itertools.groupby(self.ids, key=lambda id_: id_ < encoding.n_vocab)
        return "".join(
            encoding.decode(ids) if known else "".join(f"\u27e8{id_}\u27e9" for id_ in ids)
            for known, ids in groups
        )


def damaged_cases(
    count: int, *, faults: int = 1, seed: int = 0, kinds: Sequence[str] = ()
) -> Iterator[DamagedCase]:
    """Generate damaged completions, the same ones for the same arguments.

    Args:
        count: how many.
        faults: how many faults each has; 0 for valid completions.
        seed: where to begin.
        kinds: the codes to draw from, all of `DAMAGE_KINDS` by default.

    Example:
        >>> case = next(damaged_cases(1, kinds=["start_missing"]))
        >>> case.faults, case.readings == (case.meant,)
        (('start_missing',), True)

    """
    for number in range(count):
        yield damaged_case(seed + number, faults=faults, kinds=kinds)


def damaged_case(seed: int, *, faults: int = 1, kinds: Sequence[str] = ()) -> DamagedCase:
    """Build the damaged completion of one seed; see `damaged_cases`.

    Raises:
        KeyError: no kind of damage has that code.
        ValueError: these kinds cannot be combined, such as two cuts.

    """
    drawn = [DAMAGE_KINDS[code] for code in kinds or DAMAGE_KINDS]
    chance = random.Random(f"{seed} {faults}")  # noqa: S311  (repeatable cases, no secrets)
    for _ in range(_ATTEMPTS):
        # The first kind takes its turn, so that each gets its share whatever it applies to.
        chosen = [drawn[seed % len(drawn)], *chance.choices(drawn, k=max(faults - 1, 0))][:faults]
        chance.shuffle(chosen)
        case = _attempt(seed, chosen, chance)
        if case is not None:
            return case
    message = f"no completion takes {faults} faults of these kinds and stays readable"
    raise ValueError(message)


def valid_case(seed: int) -> DamagedCase:
    """Build the completion of one seed without any damage."""
    return damaged_case(seed, faults=0)


def cut_cases(seed: int) -> Iterator[DamagedCase]:
    """Generate one valid completion cut off before each of its tokens.

    Example:
        >>> cases = list(cut_cases(0))
        >>> [len(case.ids) for case in cases] == list(range(len(cases)))
        True

    """
    draft = _draft(random.Random(seed))  # noqa: S311
    runs = runs_of(draft.turns, load_encoding(), joined=False)
    draft.faults.append(cut.__name__)
    for length in range(len(ids_of(runs))):
        yield _case(seed, draft, runs, length)


def _draft(chance: random.Random) -> Draft:
    said = completion(chance)
    turns = turns_of(said.messages, load_encoding(), profile=said.profile, training=said.training)
    return Draft(turns, said.tools, chance, meant=tuple(turn.meant for turn in turns))


def _attempt(seed: int, chosen: Sequence[Fault], chance: random.Random) -> DamagedCase | None:
    """Damage one completion; None where a fault finds nothing, or leaves nothing to say."""
    draft = _draft(chance)
    whole = ids_of(runs_of(draft.turns, load_encoding(), joined=False))
    draft.is_joined = chance.random() < 0.5  # noqa: PLR2004
    for kind in chosen:
        if not kind.edit(draft):
            return None
        draft.faults.append(kind.code)
    runs = runs_of(draft.turns, load_encoding(), joined=draft.is_joined)
    ids = ids_of(runs)
    length = int(draft.cut * len(ids))
    if chosen and ids[:length] == whole:
        return None
    try:
        return _case(seed, draft, runs, length)
    except Unreadable:
        return None


def _case(seed: int, draft: Draft, runs: Sequence[Run], length: int) -> DamagedCase:
    ids = ids_of(runs)
    turns = draft.turns
    if length < len(ids):
        turns = cut_turns(turns, runs, length, load_encoding())
    said = (turn for turn in turns if turn.kind == "said")
    contents = tuple(it.text for turn in said for it in turn.body if it.part == "content")
    return DamagedCase(
        seed,
        tuple(draft.faults),
        ids[:length],
        draft.tools,
        draft.meant,
        readings(turns),
        contents,
    )
