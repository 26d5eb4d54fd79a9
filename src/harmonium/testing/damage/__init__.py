"""A model of damage: valid completions with faults of known kinds, and their right readings.

The kinds were learnt from public reports of gpt-oss servers and clients. The right reading comes
from what the completion was meant to say, never from a parser.
"""

from harmonium.testing.damage.cases import (
    DAMAGE_KINDS,
    DamagedCase,
    cut_cases,
    damaged_case,
    damaged_cases,
    valid_case,
)
from harmonium.testing.damage.faults import Fault
from harmonium.testing.damage.verdict import Verdict, judge

__all__ = [
    "DAMAGE_KINDS",
    "DamagedCase",
    "Fault",
    "Verdict",
    "cut_cases",
    "damaged_case",
    "damaged_cases",
    "judge",
    "valid_case",
]
