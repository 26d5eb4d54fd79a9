"""The tiny model's lessons, its packed weights, and the tokenizer it is written out with."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harmonium import load_encoding
from harmonium.tokens.bundle import load_bundled
from scripts.tiny_model import packing, shape
from scripts.tiny_model.examples import examples_of
from scripts.tiny_model.lessons import WEIGHTS, draw_lesson
from scripts.tiny_model.packing import BY_ID, USED, Tensor
from scripts.tiny_model.tokenizer_files import byte_letters, parts_below, special_tokens

ENCODING = load_encoding()


@pytest.mark.parametrize("lesson", WEIGHTS, ids=lambda lesson: lesson.__name__)
def test_what_a_lesson_teaches_obeys_harmony_to_the_letter(lesson):
    random = Random(1)
    for example in examples_of(lesson(random), random):
        stop = () if lesson(random).is_endless else example.answer[-1:]
        assert set(stop) <= ENCODING.stop_tokens_for_assistant_actions
        said = ENCODING.parse(example.answer, policy="strict" if stop else "repair")
        assert all(message.channel in {"analysis", "commentary", "final"} for message in said)


def test_every_lesson_can_be_drawn_and_follow_an_earlier_turn():
    random = Random(2)
    drawn = [draw_lesson(random) for _ in range(200)]
    assert {bool(lesson.earlier) for lesson in drawn} == {True, False}
    assert all(next(examples_of(lesson, random)).prompt for lesson in drawn)


halves = st.binary(max_size=64).map(lambda data: Tensor("BF16", (len(data),), data + data))


@settings(max_examples=20)
@given(st.dictionaries(st.text("abc.", min_size=1, max_size=8), halves, max_size=4))
def test_what_is_packed_comes_out_again(tensors):
    assert packing.unpack(packing.pack(tensors)) == tensors


def test_the_committed_weights_have_the_models_shape():
    held = packing.committed()
    ids = memoryview(held[USED].data).cast("i").tolist()
    assert ids == sorted(set(ids))
    assert set(ENCODING.format.stop) < set(ids)
    assert {held[name].shape for name in BY_ID} == {(len(ids), shape.HIDDEN)}
    assert {name.split(".")[2] for name in held if ".layers." in name} == {"0", "1"}


def test_written_out_each_id_has_its_row_and_others_have_nothing():
    held = packing.committed()
    ids = memoryview(held[USED].data).cast("i").tolist()
    name = BY_ID[0]
    full, size = packing.whole(held)[name], 2 * shape.HIDDEN
    assert full.shape == (shape.VOCABULARY, shape.HIDDEN)
    rows = {at: full.data[at * size : (at + 1) * size] for at in (*ids, 0, shape.VOCABULARY - 1)}
    for row, token in enumerate(ids):
        assert rows.pop(token) == held[name].data[row * size : (row + 1) * size]
    assert all(not any(row) for row in rows.values())


def test_a_damaged_file_is_refused(monkeypatch, tmp_path):
    damaged = tmp_path / "tiny.xz"
    damaged.write_bytes(packing.PACKED.read_bytes()[:-1])
    monkeypatch.setattr(packing, "PACKED", damaged)
    with pytest.raises(ValueError, match="sha256"):
        packing.committed()


def test_a_safetensors_file_says_where_each_tensor_lies():
    held = {"a": Tensor("BF16", (1,), b"ab"), "b": Tensor("I32", (1,), b"cdef")}
    whole = b"".join(packing.safetensors(held))
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    body = whole[8 + length :]
    assert length % 8 == 0
    assert {n: body[slice(*header[n]["data_offsets"])] for n in held} == {"a": b"ab", "b": b"cdef"}


def test_every_byte_has_a_letter_of_its_own():
    assert len(set(byte_letters())) == 256


RANKS = load_bundled("o200k_base").ranks()
TOKENS = list(RANKS)


@given(st.sampled_from(TOKENS))
def test_a_token_is_merged_from_two_tokens_of_lower_rank(token):
    parts = parts_below(token, RANKS)
    if len(token) == 1:
        assert parts is None
    elif parts is not None:
        assert b"".join(parts) == token
        assert max(RANKS[part] for part in parts) < RANKS[token]


def test_the_special_tokens_end_where_the_model_does():
    named = dict(special_tokens())
    assert max(named.values()) == shape.VOCABULARY - 1
    assert (named["<|call|>"], named["<|endofprompt|>"]) == (200_012, 200_018)
