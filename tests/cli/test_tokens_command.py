"""``harmonium tokens``: encode, decode, count."""

from __future__ import annotations

import json

import pytest

from tests.cli.harness import run


def test_text_becomes_a_json_array_of_ids(command):
    assert command("tokens", "encode", "--text", "hello world").out == "[24912, 2375]\n"


def test_standard_input_is_taken_exactly(command):
    assert json.loads(command("tokens", "encode", stdin="hello world\n").out) == [24912, 2375, 198]


def test_a_file_is_read(command, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"hello world")
    assert command("tokens", "count", path).out == "2\n"


@pytest.mark.parametrize("action", ["encode", "count"])
def test_special_text_needs_a_flag(command, action):
    done = command("tokens", action, "--text", "<|end|>")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[disallowed_special]: ")


def test_with_the_flag_special_text_is_the_token(command):
    assert command("tokens", "encode", "--special", "-t", "<|end|>").out == "[200007]\n"


def test_special_text_can_be_taken_as_ordinary(command):
    ids = json.loads(command("tokens", "encode", "--ordinary", "-t", "<|end|>").out)
    assert 200007 not in ids
    assert command("tokens", "decode", stdin=json.dumps(ids)).out == "<|end|>"


@pytest.mark.parametrize(
    "stdin", ["[24912, 2375]", "24912 2375\n", "24912,\n2375", "\t24912 +2375"]
)
def test_ids_are_decoded_in_every_notation(command, stdin):
    assert command("tokens", "decode", stdin=stdin).out == "hello world"


def test_bytes_that_are_no_text_come_out_as_they_are():
    ids = run("tokens", "encode", "--text", "👩").stdout
    half = json.dumps(json.loads(ids)[:1]).encode()
    assert "👩".encode().startswith(run("tokens", "decode", stdin=half).stdout)


def test_an_empty_input_is_empty(command):
    assert command("tokens", "encode").out == "[]\n"
    assert command("tokens", "decode").out == ""
    assert command("tokens", "count").out == "0\n"


@pytest.mark.parametrize(
    ("stdin", "code"),
    [
        ("[1, 2.5]", "invalid_ids"),
        ("[1, true]", "invalid_ids"),
        ("[1, null]", "invalid_ids"),
        ('{"ids": [1]}', "invalid_ids"),
        ("12 x", "invalid_ids"),
        ("[1, 2", "invalid_ids"),
        ("9" * 5000, "invalid_ids"),
        ("[" * 100_000, "invalid_ids"),
        ("[999999999]", "unknown_token"),
        ("-1", "unknown_token"),
    ],
)
def test_what_is_no_id_is_a_data_error(command, stdin, code):
    done = command("tokens", "decode", stdin=stdin)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"error[{code}]: ")
    assert done.err.count("\n") == 1


def test_an_unknown_encoding_is_a_data_error_that_names_the_known_ones(command):
    done = command("tokens", "count", "--encoding", "nope", "--text", "x")
    assert done.code == 1
    assert done.err.startswith("error[unknown_encoding]: ")
    assert "o200k_harmony" in done.err
