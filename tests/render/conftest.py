"""Own the tokenizer and the two oracles for the tests of rendering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harmonium.tokens import Tokenizer, export_vocabulary, load_tokenizer
from oracle import Oracle


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return load_tokenizer("o200k_harmony")


@pytest.fixture(scope="session")
def vocabulary_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vocabulary")
    export_vocabulary(folder / "o200k_base.tiktoken")
    return folder


@pytest.fixture(scope="session", params=["oss", "legacy"])
def oracle(request: pytest.FixtureRequest, vocabulary_folder: Path) -> Iterator[Oracle]:
    worker = Oracle(request.param, vocabulary_folder)
    yield worker
    worker.close()
