"""What the functions take from outside is put back after each test."""

import itertools
from datetime import date

import pytest

from harmonium.compat import openai_harmony, vllm


@pytest.fixture(autouse=True)
def _defaults(monkeypatch):
    monkeypatch.delenv("HARMONIUM_SYSTEM_INSTRUCTIONS", raising=False)
    yield
    vllm.set_generation(2)
    vllm.set_sources()
    openai_harmony.set_policy("oracle")


@pytest.fixture
def first():
    """Choose the older behaviour."""
    vllm.set_generation(1)


@pytest.fixture
def counted():
    """Number the random parts of ids and stop the clock."""
    numbers = itertools.count(1)
    vllm.set_sources(today=lambda: date(2025, 8, 5), random_part=lambda: f"{next(numbers):04}")


@pytest.fixture
def system_instructions(monkeypatch):
    """Move instructions into the system message."""
    monkeypatch.setenv("HARMONIUM_SYSTEM_INSTRUCTIONS", "1")
