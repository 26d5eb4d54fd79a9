"""Encodings by name: the built-in ones, and a user's own from a file or from ranks."""

import threading
from dataclasses import FrozenInstanceError

import pytest

from harmonium.errors import InvalidInputError, VocabularyError
from harmonium.tokens import (
    HARMONY_FORMAT,
    EncodingSpec,
    FormatTokens,
    encoding_names,
    load_tokenizer,
    register_encoding,
    registry,
)
from harmonium.tokens.bundle import load_bundled
from harmonium.tokens.split_pattern import O200K_PATTERN
from harmonium.tokens.tokenizer import Tokenizer
from harmonium.tokens.vocabulary import ListedVocabulary, write_tiktoken

OWN_FORMAT = FormatTokens(9_000, 9_001, 9_002, 9_003, 9_004, 9_005, 9_006)
OWN_SPECIAL = dict(zip("SEMCKXR", range(9_000, 9_007), strict=True))


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    monkeypatch.setattr(registry, "_specs", dict(registry._specs))  # noqa: SLF001
    monkeypatch.setattr(registry, "_tokenizers", {})


def test_the_built_in_encodings_are_listed():
    assert encoding_names() == ["cl100k_base", "o200k_base", "o200k_harmony"]


def test_a_name_always_gives_the_same_tokenizer_and_an_alias_too():
    assert load_tokenizer("o200k_harmony") is load_tokenizer()
    assert load_tokenizer("HarmonyGptOss") is load_tokenizer("o200k_harmony")
    assert load_tokenizer("HarmonyGptOss").name == "o200k_harmony"
    assert load_tokenizer().format == HARMONY_FORMAT
    assert load_tokenizer("o200k_base").format is None


@pytest.mark.parametrize("name", ["o200k", "", None, 7, ["o200k_base"], "O200K_HARMONY"], ids=repr)
def test_an_unknown_name_is_told_the_known_ones(name):
    with pytest.raises(VocabularyError) as caught:
        load_tokenizer(name)
    assert caught.value.code == "unknown_encoding"
    assert "cl100k_base, o200k_base, o200k_harmony" in caught.value.message


def _spec(vocabulary, **changes):
    given = {"special_tokens": OWN_SPECIAL, "format": OWN_FORMAT} | changes
    return EncodingSpec("own", vocabulary, O200K_PATTERN, **given)


@pytest.mark.parametrize("form", ["ranks", "path", "text path"])
def test_an_encoding_of_ones_own_encodes_and_decodes(form, byte_ranks, tmp_path):
    path = tmp_path / "own.tiktoken"
    path.write_bytes(write_tiktoken(ListedVocabulary(byte_ranks)))
    register_encoding(_spec({"ranks": byte_ranks, "path": path, "text path": str(path)}[form]))
    tokenizer = load_tokenizer("own")
    assert tokenizer.encode_ordinary("abc ab c") == [70_000, 96, 1000, 96, 297]
    assert tokenizer.encode("SabE", allowed_special="all") == [9_000, 1000, 9_001]
    assert tokenizer.decode([9_000, 70_000, 9_001]) == "SabcE"
    assert tokenizer.format.stop == {9_001, 9_005, 9_006}
    assert (tokenizer.max_token_value, tokenizer.n_vocab) == (70_000, 70_001)
    assert "own" in encoding_names()


def test_ids_in_the_gaps_of_ones_own_vocabulary_are_unknown(byte_ranks):
    register_encoding(_spec(byte_ranks))
    with pytest.raises(InvalidInputError) as caught:
        load_tokenizer("own").decode([0, 3, 1])
    assert caught.value.position.token == 2


def test_the_digest_of_ones_own_file_is_checked_when_given(byte_ranks, tmp_path):
    path = tmp_path / "own.tiktoken"
    path.write_bytes(write_tiktoken(ListedVocabulary(byte_ranks)))
    register_encoding(_spec(path, sha256="0" * 64))
    with pytest.raises(VocabularyError) as caught:
        load_tokenizer("own").encode("a")
    assert caught.value.code == "vocabulary_digest"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "vocabulary_corrupt"),
        (b"junk", "vocabulary_corrupt"),
        (b"YQ== 0", "vocabulary_corrupt"),
    ],
)
def test_ones_own_file_that_is_no_vocabulary_is_named(content, code, tmp_path):
    path = tmp_path / "own.tiktoken"
    path.write_bytes(content)
    register_encoding(_spec(path))
    with pytest.raises(VocabularyError) as caught:
        load_tokenizer("own").decode([1])
    assert caught.value.code == code
    assert str(path) in caught.value.message


def test_a_vocabulary_that_failed_is_tried_again(tmp_path, byte_ranks):
    path = tmp_path / "own.tiktoken"
    register_encoding(_spec(path))
    with pytest.raises(VocabularyError):
        load_tokenizer("own").encode("ab")
    path.write_bytes(write_tiktoken(ListedVocabulary(byte_ranks)))
    assert load_tokenizer("own").encode("ab") == [1000]


def test_a_special_token_cannot_have_the_id_of_an_ordinary_one(byte_ranks):
    register_encoding(_spec(byte_ranks, special_tokens={"S": 1000}, format=None))
    with pytest.raises(VocabularyError) as caught:
        load_tokenizer("own").decode([1000])
    assert "1000 is an ordinary and a special token" in caught.value.message


def test_a_pattern_that_is_no_regular_expression_is_refused(byte_ranks):
    register_encoding(EncodingSpec("own", byte_ranks, "(["))
    with pytest.raises(VocabularyError) as caught:
        load_tokenizer("own").encode("a")
    assert "refuses its pattern" in caught.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": 7},
        {"vocabulary": ""},
        {"vocabulary": 7},
        {"pattern": ""},
        {"pattern": None},
        {"special_tokens": {"": 9}},
        {"special_tokens": {7: 9}},
        {"special_tokens": ["S"]},
        {"special_tokens": {"S": -1}},
        {"special_tokens": {"S": 2**32}},
        {"special_tokens": {"S": True}},
        {"special_tokens": {"S": 9_000, "T": 9_000}},
        {"special_tokens": {"S": 9_000}},
        {"format": "harmony"},
        {"format": FormatTokens(9_000, 9_000, 9_002, 9_003, 9_004, 9_005, 9_006)},
    ],
    ids=repr,
)
def test_a_spec_that_cannot_work_is_refused_when_it_is_made(change, byte_ranks):
    whole = {
        "name": "own",
        "vocabulary": byte_ranks,
        "pattern": O200K_PATTERN,
        "special_tokens": OWN_SPECIAL,
        "format": OWN_FORMAT,
    }
    with pytest.raises(InvalidInputError) as caught:
        EncodingSpec(**whole | change)
    assert caught.value.code == "invalid_encoding"


def test_a_spec_cannot_be_changed_afterwards(byte_ranks):
    special = dict(OWN_SPECIAL)
    spec = _spec(byte_ranks, special_tokens=special)
    special["Z"] = 5
    assert "Z" not in spec.special_tokens
    with pytest.raises(TypeError):
        spec.special_tokens["Z"] = 5
    with pytest.raises(FrozenInstanceError):
        spec.name = "other"


def test_registering_again_changes_nothing_and_another_of_that_name_is_refused(byte_ranks):
    register_encoding(_spec(byte_ranks))
    first = load_tokenizer("own")
    register_encoding(_spec(byte_ranks))
    assert load_tokenizer("own") is first
    for name in ("own", "o200k_harmony", "HarmonyGptOss"):
        with pytest.raises(InvalidInputError) as caught:
            register_encoding(EncodingSpec(name, byte_ranks, "."))
        assert caught.value.code == "encoding_exists"
    with pytest.raises(InvalidInputError):
        register_encoding("own")


def _together(work, threads=8):
    """Start `work` in many threads at the same moment; give what each returned."""
    barrier, results = threading.Barrier(threads), [None] * threads

    def run(place):
        barrier.wait()
        results[place] = work()

    running = [threading.Thread(target=run, args=(place,)) for place in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return results


def test_threads_that_come_first_together_share_one_tokenizer():
    assert len(set(map(id, _together(load_tokenizer)))) == 1


def test_threads_that_use_it_first_together_load_once_and_agree():
    loads = []

    def load():
        loads.append(1)
        return load_bundled("o200k_base")

    tokenizer = Tokenizer(
        "x", pattern=O200K_PATTERN, special_tokens={"<|end|>": 200_007}, load_vocabulary=load
    )

    def use():
        return (tokenizer.decode([200_007, 24_912]), tokenizer.encode("hello world"))

    assert _together(use) == [("<|end|>hello", [24_912, 2375])] * 8
    assert len(loads) == 1


def test_threads_may_fill_one_table():
    tokenizer = Tokenizer(
        "x", pattern=".", special_tokens={}, load_vocabulary=lambda: load_bundled("o200k_base")
    )
    expected = b"".join(load_bundled("o200k_base").listed(199_998))
    assert _together(lambda: tokenizer.decode_bytes(range(199_998))) == [expected] * 8
