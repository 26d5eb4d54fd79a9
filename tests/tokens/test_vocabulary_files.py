"""The bundled file gives the published one, and a damaged file is never taken for a whole one."""

import gzip
import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from harmonium.errors import VocabularyError
from harmonium.tokens import bundle, export_vocabulary
from harmonium.tokens.bundle import BUNDLED, bundle_path, load_bundled
from harmonium.tokens.vocabulary import (
    ListedVocabulary,
    pack,
    read_tiktoken,
    unpack,
    write_tiktoken,
)

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_vocabulary.py"


def test_the_export_is_the_published_file(published):
    assert hashlib.sha256(published).hexdigest() == BUNDLED["o200k_base"].source_sha256


def test_an_export_replaces_what_was_there_and_leaves_nothing_else(tmp_path, published):
    target = tmp_path / "o200k_base.tiktoken"
    target.write_text("old")
    export_vocabulary(target)
    assert target.read_bytes() == published
    assert list(tmp_path.iterdir()) == [target]


def test_an_export_that_fails_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):  # noqa: PT011  (which one depends on the system)
        export_vocabulary(tmp_path / "folder")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder"]


def test_only_what_is_bundled_can_be_exported(tmp_path):
    with pytest.raises(VocabularyError) as caught:
        export_vocabulary(tmp_path / "x", name="cl100k_base")
    assert caught.value.code == "unknown_encoding"
    assert list(tmp_path.iterdir()) == []


def _ranks(chance, count):
    tokens = {chance.randbytes(chance.randint(1, 255)) for _ in range(count)}
    return {token: rank for rank, token in enumerate(sorted(tokens))}


@pytest.mark.parametrize("seed", range(10))
def test_packing_keeps_every_token_and_rank(seed):
    chance = random.Random(seed)
    ranks = _ranks(chance, chance.choice([1, 2, 255, 256, 257, 1000]))
    packed = unpack(pack(ranks))
    assert packed.ranks() == ranks
    assert {packed.find(rank): rank for rank in range(len(ranks))} == ranks
    assert (packed.find(-1), packed.find(len(ranks))) == (None, None)
    assert (len(packed), packed.max_rank) == (len(ranks), len(ranks) - 1)
    assert read_tiktoken(write_tiktoken(packed)) == ranks


@pytest.mark.parametrize("ranks", [{b"a": 1}, {b"a": 0, b"b": 2}, {b"": 0}, {b"x" * 256: 0}])
def test_what_cannot_be_packed_is_refused(ranks):
    with pytest.raises(VocabularyError):
        pack(ranks)


@pytest.mark.parametrize("seed", range(100))
def test_damage_to_a_packed_file_is_noticed_or_harmless(seed):
    chance = random.Random(seed)
    ranks = _ranks(chance, 40)
    damaged = bytearray(pack(ranks))
    damaged[chance.randrange(12, len(damaged))] ^= 1 << chance.randrange(8)
    with pytest.raises(VocabularyError):
        unpack(bytes(damaged))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 11, 12, 13, 40])
def test_a_packed_file_cut_short_is_refused(size):
    with pytest.raises(VocabularyError):
        unpack(pack(_ranks(random.Random(1), 40))[:size])


def test_a_packed_file_with_another_count_is_refused():
    packed = bytearray(pack(_ranks(random.Random(1), 40)))
    packed[8] += 1
    with pytest.raises(VocabularyError):
        unpack(bytes(packed))


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "folder", "missing", "unreadable"])
def test_a_damaged_bundle_says_what_to_do(damage, tmp_path, monkeypatch):
    path = tmp_path / "o200k_base.vocabulary"
    whole = Path(bundle_path("o200k_base")).read_bytes()
    makers = {
        "flipped": lambda: path.write_bytes(whole[:5000] + b"x" + whole[5001:]),
        "cut": lambda: path.write_bytes(whole[:-1]),
        "empty": lambda: path.write_bytes(b""),
        "folder": path.mkdir,
        "missing": lambda: None,
        "unreadable": lambda: path.symlink_to(path),
    }
    makers[damage]()
    monkeypatch.setattr(bundle, "bundle_path", lambda _: str(path))
    with pytest.raises(VocabularyError) as caught:
        load_bundled("o200k_base")
    assert caught.value.code in {"vocabulary_digest", "vocabulary_missing"}
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (b"YQ== 0\nYQ==\n", "line 2"),
        (b"YQ== 0 1\n", "line 1"),
        (b"YQ== x\n", "line 1"),
        (b"Y 0\n", "line 1"),
        (b"YQ== 0\n\nYQ== 1\n", "line 3"),
        (b"\xff\xfe\x00", "line 1"),
        (b"<html>not found</html>", "line 1"),
        (b"", "no tokens"),
        (b"\n\n", "no tokens"),
    ],
)
def test_text_that_is_no_vocabulary_is_refused_with_its_line(text, line):
    with pytest.raises(VocabularyError) as caught:
        read_tiktoken(text)
    assert caught.value.code == "vocabulary_corrupt"
    assert line in caught.value.message


@pytest.mark.parametrize(
    "change", [{b"": 5000}, {b"xy": -1}, {b"xy": 2**32}, {b"xy": 1.0}, {b"xy": 0}, {"xy": 5000}]
)
def test_ranks_that_cannot_be_used_are_refused(change, byte_ranks):
    with pytest.raises(VocabularyError) as caught:
        ListedVocabulary(byte_ranks | change)
    assert caught.value.code == "vocabulary_corrupt"


def test_a_vocabulary_without_a_byte_is_refused(byte_ranks):
    del byte_ranks[b"\x07"]
    with pytest.raises(VocabularyError) as caught:
        ListedVocabulary(byte_ranks)
    assert "1 of the 256 single bytes" in caught.value.message


def _build(source, target):
    return subprocess.run(  # noqa: S603  (our own script)
        [sys.executable, SCRIPT, source, "--target", target],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzipped"])
def test_the_script_builds_the_bundle_from_the_published_file(compress, tmp_path, published):
    source, target = tmp_path / "source", tmp_path / "new" / "built"
    source.write_bytes(compress(published))
    done = _build(source, target)
    assert done.returncode == 0, done.stderr
    assert hashlib.sha256(target.read_bytes()).hexdigest() in done.stdout
    assert unpack(target.read_bytes()).ranks() == load_bundled("o200k_base").ranks()


def test_the_script_refuses_another_file(tmp_path, published):
    (tmp_path / "source").write_bytes(published[:-7])
    done = _build(tmp_path / "source", tmp_path / "built")
    assert done.returncode == 1
    assert "is not the published" in done.stderr
    assert not (tmp_path / "built").exists()
