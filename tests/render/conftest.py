"""The tokenizer for the tests of rendering, and each oracle in turn."""

from __future__ import annotations

import pytest

from harmonium.tokens import Tokenizer, load_tokenizer
from tests.oracle import Oracle


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return load_tokenizer("o200k_harmony")


@pytest.fixture(scope="session", params=["oss", "legacy"])
def oracle(request: pytest.FixtureRequest) -> Oracle:
    return request.getfixturevalue(f"oracle_{request.param}")
