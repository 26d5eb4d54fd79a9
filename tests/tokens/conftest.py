import base64

import pytest
import tiktoken
from tiktoken_ext import openai_public

from harmonium.tokens import SPECIAL_TOKENS, export_vocabulary, load_tokenizer

PLACES = ("TIKTOKEN_ENCODINGS_BASE", "TIKTOKEN_RS_CACHE_DIR")


@pytest.fixture(autouse=True)
def no_vocabulary_in_the_environment(monkeypatch, tmp_path):
    for variable in PLACES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def tokenizer():
    return load_tokenizer("o200k_harmony")


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """The bytes of the published vocabulary file."""
    path = tmp_path_factory.mktemp("published") / "o200k_base.tiktoken"
    export_vocabulary(path)
    return path.read_bytes()


@pytest.fixture(scope="session")
def reference(published):
    """tiktoken itself: its own pattern, and the ranks read without any code of ours."""
    lines = (line.split() for line in published.splitlines())
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", lambda *_, **__: ranks)
        recipe = openai_public.o200k_base()
    return tiktoken.Encoding(**recipe | {"special_tokens": dict(SPECIAL_TOKENS)})


@pytest.fixture
def byte_ranks():
    """The smallest vocabulary there can be, with gaps in its ranks."""
    return {bytes([value]): value * 3 for value in range(256)} | {b"ab": 1000, b"abc": 70_000}
