"""Where vocabularies are looked for, in which order, and what is said of a wrong file there."""

import hashlib

import pytest

from harmonium.errors import VocabularyError
from harmonium.tokens import load_tokenizer, sources
from harmonium.tokens.sources import PUBLIC_VOCABULARIES, PublicVocabulary, load_public
from harmonium.tokens.vocabulary import ListedVocabulary, PackedVocabulary, write_tiktoken

CACHED_AS = "fb374d419588a4632f3f557e76b4b70aebbca790"


@pytest.fixture
def tiny(byte_ranks, monkeypatch):
    """The published form of a vocabulary that is public but, as cl100k_base, not bundled."""
    text = write_tiktoken(ListedVocabulary(byte_ranks))
    public = PublicVocabulary("tiny", hashlib.sha256(text).hexdigest())
    monkeypatch.setitem(PUBLIC_VOCABULARIES, "tiny", public)
    return text


@pytest.fixture
def base(tmp_path, monkeypatch):
    folder = tmp_path / "base"
    folder.mkdir()
    monkeypatch.setenv("TIKTOKEN_ENCODINGS_BASE", str(folder))
    return folder


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "rs"
    folder.mkdir()
    monkeypatch.setenv("TIKTOKEN_RS_CACHE_DIR", str(folder))
    return folder


def _code(name):
    with pytest.raises(VocabularyError) as caught:
        load_public(name)
    return caught.value.code


def test_without_any_variable_the_bundle_answers():
    assert isinstance(load_public("o200k_base"), PackedVocabulary)


def test_the_published_file_is_accepted_from_the_folder_and_from_the_cache(base, cache, published):
    (base / "o200k_base.tiktoken").write_bytes(published)
    assert len(load_public("o200k_base")) == 199_998
    (base / "o200k_base.tiktoken").unlink()
    (cache / CACHED_AS).write_bytes(published)
    assert len(load_public("o200k_base")) == 199_998


WRONG = {
    "other": lambda path: path.write_bytes(b"YQ== 0\n"),
    "empty": lambda path: path.write_bytes(b""),
    "folder": lambda path: path.mkdir(),
    "dangling": lambda path: path.symlink_to(path.parent / "nowhere"),
}
CODES = {
    "other": "vocabulary_digest",
    "empty": "vocabulary_digest",
    "folder": "vocabulary_missing",
    "dangling": "vocabulary_missing",
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("place", ["base", "cache"])
def test_a_wrong_file_is_an_error_and_stays(wrong, place, request):
    folder = request.getfixturevalue(place)
    path = folder / {"base": "o200k_base.tiktoken", "cache": CACHED_AS}[place]
    WRONG[wrong](path)
    with pytest.raises(VocabularyError) as caught:
        load_public("o200k_base")
    assert caught.value.code == CODES[wrong]
    assert str(path) in caught.value.message
    assert path.is_symlink() or path.exists()


def test_a_file_one_byte_off_is_an_error(base, published):
    (base / "o200k_base.tiktoken").write_bytes(published[:-1])
    assert _code("o200k_base") == "vocabulary_digest"


def test_the_folder_is_asked_before_the_cache(base, cache, published):
    (base / "o200k_base.tiktoken").write_bytes(published)
    WRONG["other"](cache / CACHED_AS)
    assert len(load_public("o200k_base")) == 199_998


def test_a_folder_that_lacks_the_file_leaves_it_to_the_bundle(base, cache):
    assert list(base.iterdir()) == list(cache.iterdir()) == []
    assert len(load_public("o200k_base")) == 199_998


def test_a_folder_that_is_not_there_is_an_error_and_a_cache_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_RS_CACHE_DIR", str(tmp_path / "gone"))
    assert len(load_public("o200k_base")) == 199_998
    monkeypatch.setenv("TIKTOKEN_ENCODINGS_BASE", str(tmp_path / "gone"))
    assert _code("o200k_base") == "vocabulary_missing"


def test_an_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("TIKTOKEN_ENCODINGS_BASE", "")
    monkeypatch.setenv("TIKTOKEN_RS_CACHE_DIR", "")
    assert len(load_public("o200k_base")) == 199_998


@pytest.mark.parametrize("place", ["base", "cache", "own"])
def test_a_vocabulary_that_is_not_bundled_is_found_in_each_place(
    place, tiny, byte_ranks, tmp_path, request
):
    own = tmp_path / "cache" / "harmonium"
    own.mkdir(parents=True)
    folder = own if place == "own" else request.getfixturevalue(place)
    name = PUBLIC_VOCABULARIES["tiny"].cache_name if place == "cache" else "tiny.tiktoken"
    (folder / name).write_bytes(tiny)
    assert load_public("tiny").ranks() == byte_ranks


def test_a_vocabulary_found_nowhere_says_how_to_get_it():
    with pytest.raises(VocabularyError) as caught:
        load_tokenizer("cl100k_base").encode("a")
    assert caught.value.code == "vocabulary_missing"
    assert "TIKTOKEN_ENCODINGS_BASE" in caught.value.message
    assert "download_vocabulary('cl100k_base')" in caught.value.message


def test_home_holds_the_cache_when_nothing_else_is_said(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert sources.own_cache_folder() == str(tmp_path / ".cache" / "harmonium")


def test_the_public_digests_are_the_ones_tiktoken_checks(monkeypatch):
    from tiktoken_ext import openai_public  # noqa: PLC0415

    asked = {}
    monkeypatch.setattr(
        openai_public,
        "load_tiktoken_bpe",
        lambda url, expected_hash: asked.setdefault(url, expected_hash) and {},
    )
    openai_public.o200k_base()
    openai_public.cl100k_base()
    assert asked == {
        sources.PUBLIC_LOCATION + public.file_name: public.sha256
        for public in PUBLIC_VOCABULARIES.values()
    }
