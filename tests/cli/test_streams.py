"""What can be wrong with the streams and files of a command, and colour."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.harness import ANSWER, COMMAND, TALK, run

READERS = [
    ("render",),
    ("parse",),
    ("convert", "--from", "harmony", "--to", "tokens"),
    ("tokens", "count"),
    ("tokens", "encode"),
    ("tokens", "decode"),
]


@pytest.mark.parametrize("reader", READERS)
def test_a_missing_file_is_a_data_error(command, reader, tmp_path):
    done = command(*reader, tmp_path / "nothing")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[file_missing]: ")


@pytest.mark.parametrize("reader", READERS)
def test_a_directory_is_a_data_error(command, reader, tmp_path):
    done = command(*reader, tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[file_is_directory]: ")


@pytest.mark.parametrize("reader", READERS)
def test_invalid_utf8_is_a_data_error_that_says_where(command, reader):
    done = command(*reader, stdin=b"12 \xff\xfe")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[invalid_utf8]: the input is not UTF-8: byte 0xff at offset 3")


@pytest.mark.parametrize("reader", READERS)
def test_an_unusable_file_name_is_a_data_error(command, reader):
    done = command(*reader, "a\x00b")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error[file_unreadable]: ")


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("garbage", [bytes(range(256)), b"\x00" * 1000, b"\x7fELF\x02\x01"])
def test_binary_garbage_gives_no_traceback(command, reader, garbage):
    done = command(*reader, stdin=garbage)
    assert done.code in {0, 1}
    assert "Traceback" not in done.err


def test_a_byte_order_mark_is_no_text(command):
    assert command("tokens", "count", stdin=b"\xef\xbb\xbfhello world").out == "2\n"


def test_a_reader_that_stops_reading_is_no_error():
    process = subprocess.Popen(  # noqa: S603
        [*COMMAND, "tokens", "encode"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    process.stdin.write(b"word " * 100_000)
    process.stdin.close()
    complaint = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), complaint) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_a_data_error():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(  # noqa: S603
            [*COMMAND, "tokens", "count", "-t", "x"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"error[write_failed]: ")
    assert b"Traceback" not in done.stderr


def _heed_interrupts():
    """Undo what a shell does to commands in its background, these tests perhaps among them."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_an_interrupt_ends_the_command_quietly(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    process = subprocess.Popen(  # noqa: S603
        [*COMMAND, "tokens", "count", pipe],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_heed_interrupts,  # noqa: PLW1509  (no threads here)
    )
    with pipe.open("wb"):  # opens once the command reads
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"")


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_a_closed_stream_gives_no_traceback(closed):
    redirect = {"stdin": "<&-", "stdout": ">&-", "stderr": "2>&-"}[closed]
    done = subprocess.run(  # noqa: S602
        f'"{sys.executable}" -m harmonium tokens count {redirect}',
        shell=True, capture_output=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert done.returncode in {0, 1}


def test_output_in_a_poor_encoding_loses_nothing():
    poor = [("PYTHONUTF8", "0"), ("PYTHONIOENCODING", "ascii"), ("LC_ALL", "C")]
    done = run("parse", stdin="<|channel|>final<|message|>é".encode(), env=poor)
    assert done.returncode == 0
    assert b"\\u00e9" in done.stdout


def _in_terminal(*arguments, stdin="", env=(), columns=100):
    """Run the command with stdout on a terminal; give what it wrote there."""
    leader, follower = pty.openpty()
    plain = {
        name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}
    }
    process = subprocess.Popen(  # noqa: S603
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env=plain | {"TERM": "xterm-256color", "COLUMNS": str(columns)} | dict(env),
    )
    os.close(follower)
    process.stdin.write(stdin.encode())
    process.stdin.close()
    written = b"".join(_reads(leader))
    os.close(leader)
    assert process.wait(timeout=60) == 0
    return written.decode().replace("\r\n", "\n")


def _reads(leader):
    try:
        while data := os.read(leader, 65536):
            yield data
    except OSError:
        return


def test_a_terminal_gets_a_coloured_table():
    shown = _in_terminal("render", stdin=TALK)
    assert "\x1b[" in shown
    assert "tokens" in shown


@pytest.mark.parametrize("env", [[("NO_COLOR", "1")], [("TERM", "dumb")]])
def test_a_terminal_that_wants_no_colour_gets_none(env):
    assert "\x1b" not in _in_terminal("render", stdin=TALK, env=env)
    assert "\x1b" not in _in_terminal("parse", stdin=ANSWER, env=env)


def test_a_pipe_gets_no_colour_and_ids():
    assert run("render", stdin=TALK.encode()).stdout.startswith(b"[200006, ")
    assert b"\x1b" not in run("render", "-f", "table", stdin=TALK.encode()).stdout


def test_colour_can_be_forced_into_a_pipe():
    forced = [("FORCE_COLOR", "1")]
    assert b"\x1b[" in run("render", "-f", "table", stdin=TALK.encode(), env=forced).stdout
    both = [("FORCE_COLOR", "1"), ("NO_COLOR", "1")]
    assert b"\x1b" not in run("render", "-f", "table", stdin=TALK.encode(), env=both).stdout


def test_a_terminal_never_gets_escape_sequences_from_the_model():
    shown = _in_terminal(
        "parse", stdin="<|channel|>final<|message|>\x1b]0;owned\x07", env=[("NO_COLOR", "1")]
    )
    assert "\x1b" not in shown
    assert r"\x1b]0;owned\x07" in shown


def test_a_terminal_gets_converted_text_that_ends_its_line_and_obeys_nothing():
    words = ["convert", "--from", "harmony", "--to", "text"]
    said = "<|channel|>final<|message|>a\x1b]0;owned\x07\nb<|return|>"
    shown = _in_terminal(*words, stdin=said)
    assert shown == "<|channel|>final<|message|>a\\x1b]0;owned\\x07\nb<|return|>\n"
    assert run(*words, stdin=said.encode()).stdout == said.encode()


def test_a_terminal_gets_indented_json_and_a_stream_a_line_each():
    words = ["convert", "--from", "harmony", "--to", "chat"]
    shown = _in_terminal(*words, stdin=ANSWER)
    assert shown.startswith('{\n  "id": ')
    assert json.loads(shown)["object"] == "chat.completion"
    chunks = _in_terminal(*words, "--stream", stdin=ANSWER).splitlines()
    assert {json.loads(chunk)["object"] for chunk in chunks} == {"chat.completion.chunk"}


@pytest.mark.parametrize("columns", [48, 80, 120, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal(columns):
    talk = TALK.replace("Easy.", "Easy. 東京 👩‍🚀 " * 40)
    shown = _in_terminal(
        "render", "--history", "keep", stdin=talk, env=[("NO_COLOR", "1")], columns=columns
    )

    assert max(map(cell_len, shown.splitlines())) <= columns
