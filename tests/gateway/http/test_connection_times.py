"""What ends a connection: slow clients, idle ones, and those that do not read or finish."""

from __future__ import annotations

import json
import time

import pytest

from tests.gateway.http.wire import connected, get, names_of, post
from tests.gateway.running import CHAT, running
from tests.gateway.scripted import ANSWER, Hold, ScriptedEngine, chunks_of

QUICK = {"receive_seconds": 0.15, "write_seconds": 0.15, "connection_idle_seconds": 0.15}
PATH = "/v1/chat/completions"
STREAM = json.dumps(CHAT | {"stream": True}).encode()


@pytest.fixture(scope="module")
def quick():
    with running(ScriptedEngine(chunks_of(ANSWER)), **QUICK) as gateway:
        yield gateway
        gateway.assert_nothing_is_left()


def dripped(wire, data):
    """Send byte by byte until an answer comes, or the end."""
    for at in range(len(data)):
        wire.send(data[at : at + 1])
        if wire.is_readable(0.02):
            break


def dripped_on(wire, data):
    """Send byte by byte, whatever comes."""
    for at in range(len(data)):
        wire.send(data[at : at + 1])
        time.sleep(0.01)


@pytest.mark.parametrize("sent", [b"", get()[:1], get()[:40], get()[:-2]])
def test_a_request_that_does_not_come_is_a_408(quick, sent):
    with connected(quick) as wire:
        wire.send(sent)
        answer = wire.answer()
        assert wire.rest() == b""
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert json.loads(answer.content)["error"]["code"] == "request_timeout"


def test_headers_that_come_byte_by_byte_have_no_longer(quick):
    with connected(quick) as wire:
        dripped(wire, get(name="dripped") * 10)
        assert wire.rest().startswith(b"HTTP/1.1 408 ")
    assert "dripped" not in names_of(quick)


@pytest.mark.parametrize("count", [1, 3])
def test_a_connection_that_asks_nothing_more_ends_without_a_word(quick, count):
    with connected(quick) as wire:
        for _ in range(count):
            wire.send(get())
            assert wire.answer().status == 200
        assert wire.rest() == b""


@pytest.mark.parametrize("behind", [b"\r\n", b"\r", b"\n\n"])
def test_empty_lines_behind_a_request_do_not_keep_a_connection(quick, behind):
    with connected(quick) as wire:
        wire.send(get())
        assert wire.answer().status == 200
        wire.send(behind)
        assert wire.rest() == b""


def test_empty_lines_one_after_another_do_not_keep_a_connection(quick):
    with connected(quick) as wire:
        wire.send(get())
        assert wire.answer().status == 200
        begun = time.monotonic()
        dripped(wire, b"\r\n" * 200)
        assert wire.rest() == b""
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("behind", [b"GE", get()[:-2]])
def test_the_time_of_the_next_headers_counts_from_their_first_byte(quick, behind):
    with connected(quick) as wire:
        wire.send(get())
        assert wire.answer().status == 200
        wire.send(behind)
        assert wire.answer().status == 408
        assert wire.rest() == b""


@pytest.mark.parametrize(
    "headers", [("Content-Length: 100",), ("Transfer-Encoding: chunked",)], ids=["length", "chunks"]
)
def test_a_body_that_does_not_come_is_a_408(quick, headers):
    with connected(quick) as wire:
        wire.send(post(PATH, *headers, length=False))
        answer = wire.answer()
        assert wire.rest() == b""
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_a_body_that_comes_byte_by_byte_has_no_longer(quick):
    with connected(quick) as wire:
        wire.send(post(PATH, "Content-Length: 5000", length=False))
        dripped(wire, b" " * 100)
        assert wire.rest().startswith(b"HTTP/1.1 408 ")


def test_a_body_that_nobody_reads_does_not_keep_a_connection(quick):
    with connected(quick) as wire:
        wire.send(post("/nowhere", "Content-Length: 5000", length=False))
        assert wire.answer().status == 404
        begun = time.monotonic()
        with pytest.raises(ConnectionError):
            dripped_on(wire, b" " * 600)
    assert time.monotonic() - begun < 5


def test_a_client_that_does_not_read_a_whole_answer_is_given_up(quick):
    """Its connection is idle for us, and what was written for it waits in memory."""
    body = json.dumps({"prompt": "a b " * 400_000}).encode()
    with connected(quick, receive_buffer=4096) as wire:
        wire.send(post("/tokenize", body=body, name="unread"))
        quick.record("unread")
        end = time.monotonic() + 20
        while quick.connections and time.monotonic() < end:
            time.sleep(0.01)
        assert quick.connections == 0


def test_a_client_that_reads_slowly_gets_all_of_a_whole_answer(quick):
    body = json.dumps({"prompt": "a b " * 400_000}).encode()
    with connected(quick, receive_buffer=65_536) as wire:
        wire.send(post("/tokenize", body=body))
        got = 0
        begun = time.monotonic()
        head = wire.line()
        while piece := wire.read(300_000):
            got += len(piece)
            if time.monotonic() - begun < 1:
                time.sleep(0.05)
    assert head == b"HTTP/1.1 200 OK\r\n"
    assert got > 2_000_000


def test_a_request_in_time_is_served_on_and_on(quick):
    """For longer than the headers of one may take."""
    with connected(quick) as wire:
        for _ in range(10):
            wire.send(get())
            assert wire.answer().status == 200
            time.sleep(0.04)


def test_a_stream_outlives_the_time_for_headers(quick):
    hold = Hold()
    quick.play(script=[*chunks_of(ANSWER)[:9], hold, *chunks_of(ANSWER)[9:]])
    with connected(quick) as wire:
        wire.send(post(PATH, body=STREAM))
        assert hold.reached.wait(20)
        time.sleep(0.4)
        hold.release()
        assert wire.answer().content.endswith(b"data: [DONE]\n\n")
